import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyChanges } from '../../../src/rules/tax/apply-changes.ts'
import { addDays } from '../../../src/rules/tax/calendar-date.ts'
import { TAX_CATEGORIES, TAXPAYER_KINDS } from '../../../src/rules/tax/classification.ts'
import type { CountryCode } from '../../../src/rules/tax/country-code.ts'
import {
  findUpcomingTaxDates,
  type UpcomingTaxDatesQuery,
} from '../../../src/rules/tax/find-upcoming-tax-dates.ts'
import { TAX_ACTIONS } from '../../../src/rules/tax/obligation.ts'
import type { FilterArguments } from '../../../src/rules/tax/search-tax-dates.ts'
import type { TaxDate } from '../../../src/rules/tax/tax-dates.ts'
import { change } from './announced.ts'
import { naiveSearch } from './naive-search.ts'
import { allTaxDates, shipped } from './shipped-data.ts'

const codes = [...shipped.countries.keys()]
const obligations = [...shipped.countries.values()].flatMap(({ country }) => country.obligations)
const [earliest, latest] = [`${shipped.years.first}-01-01`, `${shipped.years.last}-12-31`]

const regionsOf = (code: CountryCode) => [...(shipped.countries.get(code)?.regions ?? [])]

/**
 * Regions that have dates of their own are rare. Here four of each country have them for every third
 * period: one or two at a time, so that a date is replaced in some of the regions asked for or in all.
 */
const regional = applyChanges(
  shipped,
  codes.flatMap((code) =>
    allTaxDates({ country: code, from: earliest, to: addDays(earliest, 1_500) })
      .filter(({ region, obligation }) => region === null && obligation.region === null)
      .flatMap(({ obligation, periodEnd, dueDate }, index) => {
        const own = regionsOf(code).slice(0, 4)
        const [one = '', other = ''] = [own[index % 4], own[(index + 1 + (index % 3)) % 4]]
        const moved = { obligationId: obligation.id, periodEnd, effect: 'MOVED' } as const
        const later = addDays(dueDate, 1 + (index % 20))
        if (index % 3 !== 0 || one === '') return []
        return [one, other].map((region) => change({ ...moved, dueDate: later, region }))
      }),
  ),
)

const idsOf = (dates: readonly TaxDate[]) => dates.map(({ id }) => id)
const some = <Value>(values: readonly Value[], maxLength = 4) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength })

const aDay = fc
  .integer({ min: 0, max: 364 * (shipped.years.last - shipped.years.first + 1) })
  .map((days) => addDays(earliest, days))
const aRange = fc.tuple(aDay, fc.integer({ min: 0, max: 900 })).map(([from, days]) => {
  const to = addDays(from, days)
  return to > latest ? { from, to: latest } : { from, to }
})
const someCountries = some(codes, 3)

/** One argument that chooses obligations, of these countries. */
const oneFilter = (countries: readonly string[]): fc.Arbitrary<FilterArguments> => {
  const own = obligations.filter(({ country }) => countries.includes(country))
  return fc.oneof(
    fc.record({
      obligationIds: some(
        own.map(({ id }) => id),
        12,
      ),
    }),
    fc.record({ categories: some(TAX_CATEGORIES) }),
    fc.record({ taxTypes: some([...new Set(own.map(({ taxType }) => taxType))], 12) }),
    fc.record({ taxpayers: some(TAXPAYER_KINDS) }),
    fc.record({ actions: some(TAX_ACTIONS) }),
  )
}
const months = fc.integer({ min: 1, max: 12 })
const onePeriodChoice: fc.Arbitrary<FilterArguments> = fc.oneof(
  fc.constant({}),
  fc.record({ yearEndMonth: months }),
  fc.record({ periodEndMonths: fc.uniqueArray(months, { minLength: 1, maxLength: 4 }) }),
)
const anyFilter = (countries: readonly string[]) =>
  fc
    .tuple(onePeriodChoice, fc.array(oneFilter(countries), { maxLength: 2 }))
    .map(([period, filters]): FilterArguments => Object.assign({}, period, ...filters))

const upcomingQuery = someCountries.chain((countries) => {
  const regions = countries.flatMap((code) => regionsOf(code).slice(0, 5))
  return fc.record({
    countries: fc.constant<readonly string[]>(countries),
    regions: regions.length === 0 ? fc.constant(null) : fc.option(some(regions, 5)),
    filter: anyFilter(countries),
    today: aDay.filter((day) => addDays(day, 366) <= latest),
    days: fc.integer({ min: 1, max: 366 }),
  })
})

/** Every page of an upcoming query; `dataOf` says what the data is when a page is asked for. */
function allUpcoming(
  query: UpcomingTaxDatesQuery,
  today: string,
  dataOf: (page: number) => typeof shipped = () => shipped,
): TaxDate[] {
  const dates: TaxDate[] = []
  for (let after: string | null = null, page = 0; ; page++) {
    const now = Date.parse(`${today}T12:00:00Z`)
    const { edges, pageInfo } = findUpcomingTaxDates(dataOf(page), { ...query, after }, now)
    expect(pageInfo.hasPreviousPage).toBe(page > 0 && dates.length > 0)
    dates.push(...edges.map(({ node }) => node))
    if (!pageInfo.hasNextPage) return dates
    after = pageInfo.endCursor
  }
}

describe('whatever is asked for', () => {
  test('the answer is what a plain look at every date finds', () => {
    fc.assert(
      fc.property(upcomingQuery, ({ countries, regions, filter, today, days }) => {
        const query = { countries, regions, ...filter, days, first: 500 }
        const found = allUpcoming(query, today, () => regional)
        const range = { from: today, to: addDays(today, days) }
        expect(idsOf(found)).toEqual(naiveSearch(regional, countries, range, regions, filter))
      }),
      { numRuns: 150 },
    )
  })

  test('taxDates finds the same for its country and region', () => {
    const query = fc.constantFrom(...codes).chain((country) => {
      const regions = regionsOf(country).slice(0, 5)
      return fc.record({
        country: fc.constant(country),
        region: fc.constantFrom(null, ...regions),
        range: aRange,
        filter: anyFilter([country]),
      })
    })
    fc.assert(
      fc.property(query, ({ country, region, range, filter }) => {
        const found = allTaxDates({ country, region, ...range, ...filter }, regional)
        const regions = region === null ? null : [region]
        expect(idsOf(found)).toEqual(naiveSearch(regional, [country], range, regions, filter))
      }),
      { numRuns: 150 },
    )
  })

  test('pages lose nothing and repeat nothing, whatever their size', () => {
    const sizes = fc.integer({ min: 1, max: 60 })
    fc.assert(
      fc.property(upcomingQuery, sizes, ({ countries, regions, filter, today, days }, first) => {
        const query = { countries, regions, ...filter, days }
        const whole = allUpcoming({ ...query, first: 500 }, today)
        expect(allUpcoming({ ...query, first }, today)).toEqual(whole)
      }),
      { numRuns: 60 },
    )
  })

  test('ranges add up: the parts of a range are the range, its years as well', () => {
    fc.assert(
      fc.property(fc.constantFrom(...codes), aRange, fc.array(aDay), (country, range, days) => {
        const cuts = [...new Set(days)].filter((day) => day > range.from && day <= range.to).sort()
        const starts = [range.from, ...cuts]
        const parts = starts.map((from, index) => {
          const next = starts[index + 1]
          return { from, to: next === undefined ? range.to : addDays(next, -1) }
        })
        const pieces = parts.flatMap((part) => idsOf(allTaxDates({ country, ...part })))
        expect(pieces).toEqual(idsOf(allTaxDates({ country, ...range })))
      }),
      { numRuns: 60 },
    )
    for (const country of codes) {
      const years = [2024, 2025, 2026].flatMap((year) => allTaxDates({ country, year }))
      expect(years).toEqual(allTaxDates({ country, from: '2024-01-01', to: '2026-12-31' }))
    }
  })

  test('several filters find what each of them finds', () => {
    const query = fc
      .constantFrom(...codes)
      .chain((country) =>
        fc.tuple(fc.constant(country), onePeriodChoice, oneFilter([country]), oneFilter([country])),
      )
      .filter(([, , one, other]) => Object.keys(one)[0] !== Object.keys(other)[0])
    fc.assert(
      fc.property(query, aRange, ([country, period, one, other], range) => {
        const asked = { country, ...range, ...period }
        const inOther = new Set(idsOf(allTaxDates({ ...asked, ...other })))
        const both = idsOf(allTaxDates({ ...asked, ...one })).filter((id) => inOther.has(id))
        expect(idsOf(allTaxDates({ ...asked, ...one, ...other }))).toEqual(both)
      }),
      { numRuns: 100 },
    )
  })
})

describe('while changes are announced between the pages', () => {
  const query = { countries: ['AU', 'GB', 'US'], days: 60 }
  const today = '2026-03-01'
  const before = allUpcoming({ ...query, first: 500 }, today)
  const periodOf = ({ obligation, periodEnd }: TaxDate) => `${obligation.id}:${periodEnd}`
  const anyChange = fc
    .tuple(fc.constantFrom(...before), fc.option(fc.integer({ min: -60, max: 60 })))
    .map(([date, days]) => {
      const { obligation, periodEnd } = date
      const dueDate = days === null ? null : addDays(date.dueDate, days)
      const effect = days === null ? 'WITHDRAWN' : 'MOVED'
      return change({ obligationId: obligation.id, periodEnd, effect, dueDate })
    })

  test('every date that was left alone is on exactly one page', () => {
    const perPage = fc.array(fc.array(anyChange, { maxLength: 4 }), { maxLength: 6 })
    fc.assert(
      fc.property(perPage, fc.integer({ min: 5, max: 60 }), (announced, first) => {
        const known = announced.map((_, page) => {
          return applyChanges(shipped, announced.slice(0, page + 1).flat())
        })
        const dataOf = (page: number) => known[Math.min(page, known.length) - 1] ?? shipped
        const touched = new Set(
          announced.flat().map(({ obligationId, periodEnd }) => `${obligationId}:${periodEnd}`),
        )
        const alone = (dates: readonly TaxDate[]) =>
          idsOf(dates.filter((date) => !touched.has(periodOf(date))))
        const found = allUpcoming({ ...query, first }, today, dataOf)
        expect(alone(found)).toEqual(alone(before))
      }),
      { numRuns: 40 },
    )
  })
})
