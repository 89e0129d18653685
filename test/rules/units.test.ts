import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type MeteredField, meteredFields, outcomeOf, unitsOf } from '../../src/rules/units.ts'

const free = { callers: ['apiKey'], units: 0 } as const
const one = { callers: ['apiKey'], units: 1 } as const
const three = { callers: ['apiKey'], units: 3 } as const

const metered: MeteredField[] = [
  { responseKey: 'a', endpoint: 'taxDates', units: 1 },
  { responseKey: 'b', endpoint: 'taxDates', units: 1 },
  { responseKey: 'countries', endpoint: 'countries', units: 3 },
]

describe('meteredFields', () => {
  const fields = [
    { responseKey: 'a', fieldName: 'taxDates', access: one },
    { responseKey: 'account', fieldName: 'account', access: free },
    { responseKey: 'b', fieldName: 'taxDates', access: one },
    { responseKey: 'countries', fieldName: 'countries', access: three },
  ]

  test('keeps every response key that costs something, under the name of its root field', () => {
    expect(meteredFields(fields)).toEqual(metered)
    expect(unitsOf(meteredFields(fields))).toBe(5)
  })

  test('names the route where a REST route asked', () => {
    const [field] = meteredFields(fields.slice(0, 1), 'GET /api/v1/tax-dates')
    expect(field?.endpoint).toBe('GET /api/v1/tax-dates')
  })
})

describe('outcomeOf', () => {
  test('bills every field that was answered, by endpoint', () => {
    expect(outcomeOf(metered, { data: { a: {}, b: [], countries: 'x' } })).toEqual([
      { endpoint: 'taxDates', units: 2, failed: 0 },
      { endpoint: 'countries', units: 3, failed: 0 },
    ])
  })

  test('bills null that is an answer, and fails null that is an error', () => {
    const errors = [{ path: ['a'] }, { path: ['countries', 4, 'name'] }]
    expect(outcomeOf(metered, { data: { a: null, b: null, countries: null }, errors })).toEqual([
      { endpoint: 'taxDates', units: 1, failed: 1 },
      { endpoint: 'countries', units: 0, failed: 1 },
    ])
  })

  test('bills a field that was answered although something deeper in it failed', () => {
    const errors = [{ path: ['a', 'edges', 0, 'node', 'payBy'] }]
    expect(outcomeOf(metered.slice(0, 1), { data: { a: { edges: [] } }, errors })).toEqual([
      { endpoint: 'taxDates', units: 1, failed: 0 },
    ])
  })

  test('fails everything where data is null, with or without errors that name a field', () => {
    for (const errors of [undefined, [{}], [{ path: ['a'] }]]) {
      expect(outcomeOf(metered, { data: null, ...(errors && { errors }) })).toEqual([
        { endpoint: 'taxDates', units: 0, failed: 2 },
        { endpoint: 'countries', units: 0, failed: 1 },
      ])
    }
  })

  test('counts nothing where nothing was executed', () => {
    expect(outcomeOf(metered, { errors: [{ path: ['a'] }] })).toEqual([])
  })

  test('reads response keys that every object inherits as what they are', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
    const fields = names.map((responseKey) => ({ responseKey, endpoint: 'countries', units: 1 }))
    const data = Object.create(null)
    for (const name of names) data[name] = []
    expect(outcomeOf(fields, { data })).toEqual([{ endpoint: 'countries', units: 4, failed: 0 }])
    expect(outcomeOf(fields, { data: Object.create(null) })).toEqual([
      { endpoint: 'countries', units: 0, failed: 0 },
    ])
  })

  test('never bills more than was reserved, nor bills and fails the same field', () => {
    const field = fc.record({
      responseKey: fc.string({ minLength: 1 }),
      endpoint: fc.constantFrom('taxDates', 'countries', 'obligations'),
      units: fc.integer({ min: 1, max: 9 }),
      value: fc.constantFrom(null, 0, '', [], {}, undefined),
      error: fc.boolean(),
    })
    const operation = fc.uniqueArray(field, { selector: (f) => f.responseKey })
    fc.assert(
      fc.property(operation, (fields) => {
        const data = Object.fromEntries(fields.map((f) => [f.responseKey, f.value]))
        const errors = fields.filter((f) => f.error).map((f) => ({ path: [f.responseKey, 0] }))
        const outcomes = outcomeOf(fields, { data, errors })
        const failed = fields.filter((f) => f.error && f.value == null)
        expect(outcomes.reduce((sum, outcome) => sum + outcome.failed, 0)).toBe(failed.length)
        expect(unitsOf(outcomes)).toBeLessThanOrEqual(unitsOf(fields) - unitsOf(failed))
        expect(new Set(outcomes.map(({ endpoint }) => endpoint)).size).toBe(outcomes.length)
      }),
    )
  })
})
