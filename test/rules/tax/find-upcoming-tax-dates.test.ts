import { describe, expect, test } from 'vitest'
import { BadInput } from '../../../src/rules/bad-input.ts'
import {
  findUpcomingTaxDates,
  type UpcomingTaxDatesQuery,
} from '../../../src/rules/tax/find-upcoming-tax-dates.ts'
import type { TaxDate } from '../../../src/rules/tax/tax-dates.ts'
import { allTaxDates, shipped } from './shipped-data.ts'

const noon = '2026-06-22T12:00:00Z'

function upcoming(query: UpcomingTaxDatesQuery, now = noon, data = shipped) {
  return findUpcomingTaxDates(data, query, Date.parse(now))
}
/** Of one page that holds everything. */
function dates(query: UpcomingTaxDatesQuery, now = noon): readonly TaxDate[] {
  const { edges, pageInfo } = upcoming({ first: 500, ...query }, now)
  expect(pageInfo.hasNextPage).toBe(false)
  return edges.map(({ node }) => node)
}
function refused(query: UpcomingTaxDatesQuery, now = noon): string {
  try {
    upcoming(query, now)
  } catch (error) {
    if (error instanceof BadInput) return error.message
    throw error
  }
  throw new Error('was not refused')
}
const lastDay = `${shipped.years.last}-12-31`
const firstDay = `${shipped.years.first}-01-01`

describe('a company with employees in Australia and the United Kingdom, year end June', () => {
  const company = {
    countries: ['AU', 'GB'],
    taxpayers: ['COMPANY', 'EMPLOYER'],
    yearEndMonth: 6,
  }

  test('sees what is due next, both countries in one order', () => {
    const found = dates(company)
    expect(new Set(found.map(({ obligation }) => obligation.country))).toEqual(
      new Set(['AU', 'GB']),
    )
    const days = found.map(({ dueDate }) => dueDate)
    expect(days).toEqual([...days].sort())
    expect(days.every((day) => day >= '2026-06-22' && day <= '2026-07-22')).toBe(true)
    const kinds = found.flatMap(({ obligation }) => obligation.taxpayerKinds)
    expect(kinds).toEqual(expect.arrayContaining(['COMPANY', 'EMPLOYER']))
    expect(found.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['gb-ct600:2025-06-30', 'gb-paye-e:2026-07-05']),
    )
  })

  test('and over a year one CT600, one Corporation Tax payment, and payroll every month', () => {
    const ids = dates({ ...company, days: 364 }).map(({ obligation }) => obligation.id)
    const count = (id: string) => ids.filter((one) => one === id).length
    expect(['gb-ct600', 'gb-ct-pay', 'gb-paye-e'].map(count)).toEqual([1, 1, 12])
  })
})

describe('the days', () => {
  const gb = { countries: ['GB'] }

  test('are today, by UTC, and 30 more unless it is said', () => {
    const range = (from: string, to: string) => allTaxDates({ country: 'GB', from, to })
    expect(dates(gb)).toEqual(range('2026-06-22', '2026-07-22'))
    expect(dates({ ...gb, days: null })).toEqual(dates(gb))
    expect(dates({ ...gb, days: 1 })).toEqual(range('2026-06-22', '2026-06-23'))
    expect(dates({ ...gb, days: 366 })).toEqual(range('2026-06-22', '2027-06-23'))
    const [before, after] = ['2026-07-07T23:59:59.999Z', '2026-07-08T00:00:00.000Z']
    expect(dates(gb, before)).toEqual(range('2026-07-07', '2026-08-06'))
    expect(dates(gb, after)).toEqual(range('2026-07-08', '2026-08-07'))
  })

  test.each([0, -1, 367, 1.5, Number.NaN])('%j of them are refused', (days) => {
    expect(refused({ ...gb, days })).toMatch(/days: .* is not within 1–366/)
  })

  test('beyond the years covered are refused, naming the last one', () => {
    const eve = `${shipped.years.last}-12-30T12:00:00Z`
    expect(dates({ ...gb, days: 1 }, eve)).toBeDefined()
    expect(refused({ ...gb, days: 2 }, eve)).toBe(
      `days: ${shipped.years.last + 1}-01-01 lies beyond the last day covered, ${lastDay}; only 1 more can be asked for`,
    )
    expect(refused({ ...gb, days: 1 }, `${shipped.years.last + 1}-03-01T00:00:00Z`)).toMatch(
      new RegExp(`beyond the last day covered, ${lastDay}$`),
    )
    expect(refused({ ...gb, days: 1 }, `${shipped.years.first - 1}-12-31T12:00:00Z`)).toMatch(
      new RegExp(`before the first day covered, ${firstDay}`),
    )
  })
})

describe('countries', () => {
  test('are merged when named twice, and their order does not matter', () => {
    const page = upcoming({ countries: ['NZ', 'AU', 'NZ'], first: 3 })
    expect(page).toEqual(upcoming({ countries: ['AU', 'NZ'], first: 3 }))
  })

  test('are all of them together what each is alone', () => {
    const countries = [...shipped.countries.keys()]
    const alone = countries.flatMap((code) => dates({ countries: [code], days: 100 }))
    const together = dates({ countries, days: 100 })
    expect(together).toHaveLength(alone.length)
    expect(new Set(together)).toEqual(new Set(alone))
  })

  test('are refused when there is none, too many, or an unknown one', () => {
    expect(refused({ countries: [] })).toMatch(/countries: is empty/)
    expect(refused({ countries: Array<string>(13).fill('AU') })).toMatch(/countries: at most 12/)
    expect(refused({ countries: ['AU', 'XX'] })).toMatch(/countries: XX is unknown/)
  })

  test('know the ids and tax types of any of them', () => {
    const query = { countries: ['AU', 'GB'], days: 366, obligationIds: ['gb-ct600'] }
    expect(new Set(dates(query).map(({ obligation }) => obligation.id))).toEqual(
      new Set(['gb-ct600']),
    )
    expect(refused({ ...query, obligationIds: ['nz-itr'] })).toMatch(
      /obligationIds: nz-itr is not an obligation of AU, GB/,
    )
    expect(refused({ ...query, taxTypes: ['nope'] })).toMatch(/taxTypes: no obligation of AU, GB/)
  })
})

describe('regions', () => {
  // Patriots' Day moved Form 1040 in Maine and Massachusetts in 2024.
  const spring = '2024-04-10T00:00:00Z'
  const query = {
    countries: ['AU', 'US'],
    obligationIds: ['us-1040', 'au-nsw-payroll-m', 'au-vic-payroll-m'],
  }
  const held = (regions?: readonly string[]) =>
    dates({ ...query, regions }, spring).map(({ id, region }) => `${region} ${id}`)

  test('of a country that names none are all of them', () => {
    const all = held()
    expect(all).toEqual(held(['AU-NSW', 'AU-VIC', 'US-MA', 'US-ME', 'US-CA']))
    expect(held(['AU-NSW']).filter((row) => row.includes('us-'))).toEqual(
      all.filter((row) => row.includes('us-')),
    )
  })

  test('leave out the regions that are not named', () => {
    const regions = held(['AU-NSW', 'US-CA']).map((row) => row.split(' ')[0])
    expect(new Set(regions)).toEqual(new Set(['AU-NSW', 'null']))
  })

  test('keep a national date unless each of them replaces it', () => {
    const form = (regions: string[]) => held(regions).filter((row) => row.includes('us-1040'))
    const [national, maine, massachusetts] = [
      'null us-1040:2023-12-31',
      'US-ME us-1040:2023-12-31:US-ME',
      'US-MA us-1040:2023-12-31:US-MA',
    ]
    expect(form(['US-CA'])).toEqual([national])
    expect(form(['US-MA'])).toEqual([massachusetts])
    expect(form(['US-MA', 'US-ME'])).toEqual([massachusetts, maine])
    expect(form(['US-MA', 'US-CA'])).toEqual([national, massachusetts])
  })

  test('belong to one of the countries', () => {
    expect(refused({ countries: ['AU', 'GB'], regions: ['US-CA'] })).toBe(
      'regions: US-CA is not an ISO 3166-2 region of AU, GB',
    )
    expect(refused({ countries: ['AU'], regions: ['AU-XX'] })).toMatch(/^regions: AU-XX/)
    expect(refused({ countries: ['AU'], regions: [] })).toMatch(/^regions: is empty/)
  })
})

describe('pages', () => {
  const query = { countries: ['AU', 'GB', 'US'], days: 40 }
  const whole = dates(query).map(({ id }) => id)

  function pagesFrom(first: number, nowOf: (page: number) => string): string[] {
    const ids: string[] = []
    for (let after: string | null = null, page = 0; ; page++) {
      const { edges, pageInfo } = upcoming({ ...query, first, after }, nowOf(page))
      ids.push(...edges.map(({ node }) => node.id))
      if (!pageInfo.hasNextPage) return ids
      after = pageInfo.endCursor
    }
  }

  test('of every size hold everything once, in the same order', () => {
    for (const first of [1, 2, 7, 50]) expect(pagesFrom(first, () => noon)).toEqual(whole)
  })

  test('turned at midnight go on with the rest of the day that ended', () => {
    const busy = '2026-07-31'
    const today = dates({ ...query, days: 1 }, `${busy}T00:00:00Z`)
      .filter(({ dueDate }) => dueDate === busy)
      .map(({ id }) => id)
    expect(today.length).toBeGreaterThan(3)
    const before = upcoming({ ...query, first: 2 }, `${busy}T23:59:59.999Z`)
    const after = upcoming(
      { ...query, first: 500, after: before.pageInfo.endCursor },
      '2026-08-01T00:00:00Z',
    )
    const ids = [...before.edges, ...after.edges].map(({ node }) => node.id)
    expect(ids.slice(0, today.length)).toEqual(today)
    expect(new Set(ids).size).toBe(ids.length)
    expect(after.pageInfo.hasPreviousPage).toBe(true)
    expect(after.totalCount).toBe(ids.length)
  })

  test('of a cursor older than that begin with today', () => {
    const before = upcoming({ ...query, first: 2 })
    const later = '2026-07-05T00:00:00Z'
    const page = upcoming({ ...query, first: 500, after: before.pageInfo.endCursor }, later)
    expect(page.edges.map(({ node }) => node)).toEqual(dates(query, later))
    expect(page.pageInfo.hasPreviousPage).toBe(false)
  })

  test.each([
    [{ countries: ['AU', 'GB'] }],
    [{ days: 41 }],
    [{ regions: ['AU-NSW'] }],
    [{ taxpayers: ['COMPANY'] }],
    [{ yearEndMonth: 6 }],
  ])('of another query than %j are refused', (other) => {
    const { endCursor } = upcoming({ ...query, first: 2 }).pageInfo
    expect(refused({ ...query, ...other, after: endCursor })).toMatch(/not a cursor of this query/)
  })

  test('have 50 dates unless it is said, and at most 500', () => {
    expect(upcoming(query).edges).toHaveLength(50)
    expect(upcoming(query).totalCount).toBe(whole.length)
    expect(refused({ ...query, first: 501 })).toMatch(/first: 501 is not within 1–500/)
  })
})
