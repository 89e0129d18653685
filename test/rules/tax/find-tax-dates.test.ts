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
    [{ year: 2022 }, /2022 is outside the years covered, 2023–2027/],
    [{ year: 2028 }, /2023–2027/],
    [{ year: 2026.5 }, /not a whole number/],
    [{ year: Number.NaN }, /not a whole number/],
    [{ from: '2022-12-31', to: '2023-02-01' }, /from: 2022 .* 2023–2027/],
    [{ from: '2027-12-01', to: '2028-01-01' }, /to: 2028 .* 2023–2027/],
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
    expect(refused({ country: 'DE', year: 2026 })).toMatch(/DE is not covered yet/)
    expect(() => listObligations(shipped, { country: 'DE' })).toThrow(/not covered yet/)
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

describe('filters', () => {
  test('obligationIds keep those alone; unknown and foreign ones are refused', () => {
    const dates = allTaxDates({ ...au, obligationIds: ['au-tpar', 'au-bas-m'] })
    expect(new Set(dates.map(({ obligation }) => obligation.id))).toEqual(
      new Set(['au-tpar', 'au-bas-m']),
    )
    expect(refused({ ...au, obligationIds: ['au-tpar', 'nope'] })).toMatch(/nope/)
    expect(refused({ ...au, obligationIds: ['gb-vat'] })).toMatch(
      /gb-vat is not an obligation of AU/,
    )
  })

  test('an obligation that depends on an event is known and has no dates', () => {
    expect(find({ ...au, obligationIds: ['au-payday-super'] })).toEqual({
      edges: [],
      totalCount: 0,
      pageInfo: {
        hasNextPage: false,
        hasPreviousPage: false,
        startCursor: null,
        endCursor: null,
      },
    })
  })

  test('actions are compared as they are', () => {
    const all = allTaxDates(au).length
    const parts = ['FILE', 'PAY', 'FILE_AND_PAY'].map((action) => {
      const dates = allTaxDates({ ...au, actions: [action] })
      expect(dates.every(({ obligation }) => obligation.action === action)).toBe(true)
      return dates.length
    })
    expect(parts.reduce((sum, part) => sum + part)).toBe(all)
    expect(refused({ ...au, actions: ['file'] })).toMatch(/file is not one of FILE, PAY/)
  })

  test('periodEndMonths choose by the month in which the period ends', () => {
    const dates = allTaxDates({ country: 'GB', year: 2026, periodEndMonths: [3] })
    expect(dates.every(({ periodEnd }) => periodEnd.slice(5, 7) === '03')).toBe(true)
    expect(dates.map(({ obligation }) => obligation.id)).toContain('gb-vat-annual')
    for (const month of [0, 13, 1.5, Number.NaN]) {
      expect(refused({ ...au, periodEndMonths: [month] })).toMatch(/is not within 1–12/)
    }
  })

  test('an empty list is refused, for it could mean all or none', () => {
    expect(refused({ ...au, obligationIds: [] })).toMatch(/obligationIds: is empty/)
    expect(refused({ ...au, actions: [] })).toMatch(/actions: is empty/)
    expect(refused({ ...au, periodEndMonths: [] })).toMatch(/periodEndMonths: is empty/)
  })
})
