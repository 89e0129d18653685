import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { differencesOf, endpointsByUse, peakDay, sumTotals } from '../../src/rules/usage-totals.ts'

const endpoints = fc.dictionary(
  fc.constantFrom('taxDates', 'countries', 'obligations', 'GET /api/v1/tax-dates'),
  fc.nat(1_000),
)
const totals = endpoints.chain((split) =>
  fc.record({
    total: fc.constant(Object.values(split).reduce((sum, units) => sum + units, 0)),
    failed: fc.nat(50),
    endpoints: fc.constant(split),
  }),
)

describe('sums of usage', () => {
  test('a sum equals the sum of its parts, however they are grouped', () => {
    fc.assert(
      fc.property(fc.array(totals), fc.nat(), (parts, at) => {
        const cut = at % (parts.length + 1)
        const grouped = sumTotals([sumTotals(parts.slice(0, cut)), sumTotals(parts.slice(cut))])
        expect(differencesOf(sumTotals(parts), grouped)).toEqual([])
        const { total, endpoints } = sumTotals(parts)
        expect(Object.values(endpoints).reduce((sum, units) => sum + units, 0)).toBe(total)
      }),
    )
  })

  test('every figure that differs is named with both numbers, endpoints included', () => {
    const stored = { total: 5, failed: 1, endpoints: { taxDates: 5 } }
    const sum = { total: 4, failed: 1, endpoints: { taxDates: 3, countries: 1 } }
    expect(differencesOf(stored, sum)).toEqual([
      { figure: 'total', stored: 5, sum: 4 },
      { figure: 'endpoints.taxDates', stored: 5, sum: 3 },
      { figure: 'endpoints.countries', stored: 0, sum: 1 },
    ])
  })

  test('an endpoint that counted nothing is the same as none', () => {
    const failedOnly = { total: 0, failed: 2, endpoints: { taxDates: 0 } }
    expect(differencesOf(failedOnly, { ...failedOnly, endpoints: {} })).toEqual([])
    expect(endpointsByUse(failedOnly.endpoints)).toEqual([])
  })
})

test('the peak is a day that no other beats, and the earliest of its equals', () => {
  const days = fc.uniqueArray(fc.record({ at: fc.nat(60), total: fc.nat(4) }), {
    selector: ({ at }) => at,
  })
  fc.assert(
    fc.property(days, (some) => {
      const peak = peakDay(some.map((day) => ({ ...day, failed: 0, endpoints: {} })))
      const most = Math.max(0, ...some.map(({ total }) => total))
      const first = some.filter(({ total }) => total === most).sort((a, b) => a.at - b.at)[0]
      expect(peak?.at).toBe(most === 0 ? undefined : first?.at)
    }),
  )
})
