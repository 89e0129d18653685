import { describe, expect, test } from 'vitest'
import { BadInput } from '../../../src/rules/bad-input.ts'
import { findTaxDates, type TaxDateQuery } from '../../../src/rules/tax/find-tax-dates.ts'
import { listObligations } from '../../../src/rules/tax/list-obligations.ts'
import { allTaxDates, shipped } from './shipped-data.ts'

const find = (query: TaxDateQuery) => findTaxDates(shipped, query)
const dueDates = (query: TaxDateQuery) => allTaxDates(query).map(({ dueDate }) => dueDate)
const refused = (query: TaxDateQuery) => {
  try {
    find(query)
  } catch (error) {
    if (error instanceof BadInput) return error.message
    throw error
  }
  throw new Error('was not refused')
}
const au = { country: 'AU', year: 2026 } as const
const { first: firstYear, last: lastYear } = shipped.years
const years = new RegExp(`outside the years covered, ${firstYear}–${lastYear}`)

describe('the range', () => {
  test('a year is the same as its first to its last day, both inclusive', () => {
    const year = allTaxDates({ country: 'CA', year: 2025 })
    expect(year).toEqual(allTaxDates({ country: 'CA', from: '2025-01-01', to: '2025-12-31' }))
    expect(dueDates({ country: 'GB', from: '2026-01-31', to: '2026-01-31' })).toContain(
      '2026-01-31',
    )
    expect(dueDates({ country: 'GB', from: '2026-02-01', to: '2026-02-06' })).not.toContain(
      '2026-01-31',
    )
  })

  test('goes by dueDate: a date that moves over New Year belongs to the new one', () => {
    const january = allTaxDates({ country: 'US', from: '2023-01-01', to: '2023-01-03' })
    expect(january.map(({ statutoryDate }) => statutoryDate)).toContain('2022-12-31')
  })

  test.each([
    [{}, /either year, or both from and to/],
    [{ from: '2026-01-01' }, /both from and to/],
    [{ to: '2026-01-01' }, /both from and to/],
    [{ year: 2026, from: '2026-01-01', to: '2026-02-01' }, /either year, or from and to/],
    [{ year: 2026, to: '2026-02-01' }, /either year, or from and to/],
    [{ year: firstYear - 1 }, years],
    [{ year: lastYear + 1 }, years],
    [{ year: 2026.5 }, /not a whole number/],
    [{ year: Number.NaN }, /not a whole number/],
    [{ from: `${firstYear - 1}-12-31`, to: `${firstYear}-02-01` }, years],
    [{ from: `${lastYear}-12-01`, to: `${lastYear + 1}-01-01` }, years],
    [{ from: '2026-02-30', to: '2026-03-01' }, /from: 2026-02-30 is not a date/],
    [{ from: '2026-01-01', to: 'tomorrow' }, /to: tomorrow is not a date/],
    [{ from: '2026-03-02', to: '2026-03-01' }, /lies after to/],
  ])('%j is refused', (range, message) => {
    expect(refused({ country: 'AU', ...range })).toMatch(message)
  })

  test('of more than ten years is refused, exactly ten are not', () => {
    const long = { ...shipped, years: { first: 2019, last: 2035 } }
    const ten = { country: 'AU', from: '2020-02-01', to: '2030-01-31' }
    expect(findTaxDates(long, ten).totalCount).toBeGreaterThan(0)
    expect(() => findTaxDates(long, { ...ten, to: '2030-02-01' })).toThrow(/at most 10 years/)
  })

  test('null is the same as left out', () => {
    const nulls = { from: null, to: null, region: null, obligationIds: null, actions: null }
    const paging = { periodEndMonths: null, first: null, after: null }
    expect(find({ ...au, ...nulls, ...paging })).toEqual(find(au))
  })
})

describe('country and region', () => {
  test('an unknown country and one without data are refused everywhere alike', () => {
    expect(refused({ country: 'XX', year: 2026 })).toMatch(/XX is unknown/)
    const countries = new Map(shipped.countries)
    countries.delete('DE')
    const without = { ...shipped, countries }
    expect(() => findTaxDates(without, { country: 'DE', year: 2026 })).toThrow(/not covered yet/)
    expect(() => listObligations(without, { country: 'DE' })).toThrow(/DE is not covered yet/)
    expect(() => listObligations(shipped, { country: 'constructor' })).toThrow(BadInput)
  })

  test.each(['AU-XX', 'US-MA', 'NSW', '', 'AU-ANY', 'au-nsw'])('region %j is unknown', (region) => {
    expect(refused({ ...au, region })).toMatch(/^region: /)
    expect(() => listObligations(shipped, { country: 'AU', region })).toThrow(BadInput)
  })

  test('without region all regions, with one the nationwide dates and its own', () => {
    const regionsOf = (region?: string) => {
      return [...new Set(allTaxDates({ ...au, region }).map((date) => date.region))].sort()
    }
    expect(regionsOf()).toContain('AU-QLD')
    expect(regionsOf('AU-NSW')).toEqual(['AU-NSW', null])
    expect(regionsOf('AU-WA')).toEqual([null])
  })

  test('an exception takes the place of the nationwide date in its region alone', () => {
    const query = { country: 'US', year: 2024, obligationIds: ['us-1040'] }
    const held = (region?: string) => {
      return allTaxDates({ ...query, region }).map((date) => [date.region, date.dueDate])
    }
    expect(held('US-MA')).toEqual([['US-MA', '2024-04-17']])
    expect(held('US-ME')).toEqual([['US-ME', '2024-04-17']])
    expect(held('US-CA')).toEqual([[null, '2024-04-15']])
    expect(held()).toEqual([
      [null, '2024-04-15'],
      ['US-MA', '2024-04-17'],
      ['US-ME', '2024-04-17'],
    ])
    // In other years nothing differs, and the nationwide date holds in the region too.
    expect(allTaxDates({ ...query, year: 2026, region: 'US-MA' })).toMatchObject([{ region: null }])
  })

  test('a nationwide date stays away from its region even where the exception is out of range', () => {
    const day = { country: 'US', from: '2024-04-15', to: '2024-04-15', obligationIds: ['us-1040'] }
    expect(allTaxDates({ ...day, region: 'US-MA' })).toEqual([])
    expect(allTaxDates({ ...day, region: 'US-NY' })).toHaveLength(1)
  })
})
