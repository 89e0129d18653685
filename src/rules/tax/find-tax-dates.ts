import { BadInput } from '../bad-input.ts'
import type { PageArguments } from '../connection.ts'
import { demandCoveredDate, demandCoveredYear, type Optional } from './argument-checks.ts'
import { type CalendarDate, dateInMonth, split } from './calendar-date.ts'
import { countryDataOf, knownRegion } from './list-obligations.ts'
import { shapeOf } from './page-cursor.ts'
import {
  type DateRange,
  type FilterArguments,
  filterOf,
  searchTaxDates,
} from './search-tax-dates.ts'
import type { TaxData, YearRange } from './tax-data.ts'
import { pageOf, pageRequest, type TaxDateConnection } from './tax-date-page.ts'

const LONGEST_RANGE_YEARS = 10

/** The arguments of `taxDates`; null is the same as left out. */
export type TaxDateQuery = FilterArguments &
  PageArguments & {
    readonly country: string
    /** All due dates of a calendar year; or `from` and `to`, both inclusive. Exactly one of the two. */
    readonly year?: Optional<number>
    readonly from?: Optional<CalendarDate>
    readonly to?: Optional<CalendarDate>
    /**
     * ISO 3166-2. Left out: nationwide dates and those of all regions. Given: nationwide dates and
     * that region's, where the region's exception takes the place of the nationwide date.
     */
    readonly region?: Optional<string>
    /** The day on which `data` stood as it does; a cursor holds for that day's answer alone. */
    readonly asKnownOn?: Optional<CalendarDate>
  }

/**
 * Due dates in a range of days, by dueDate and then by id.
 * @throws BadInput for every argument that is out of range, unknown or contradictory, and for the
 *   cursor of another query
 */
export function findTaxDates(data: TaxData, query: TaxDateQuery): TaxDateConnection {
  const country = countryDataOf(data, query.country)
  const range = rangeOf(query, data.years)
  const region = knownRegion(country, query.region)
  const filter = filterOf([country], query)
  const { code } = country.country
  const shape = shapeOf([code, range, region, query.asKnownOn ?? null, filter.key])
  const page = pageRequest(shape, query)
  const regions = region === null ? null : new Set([region])
  return pageOf([searchTaxDates(country, range, regions, filter)], page)
}

function rangeOf(query: TaxDateQuery, years: YearRange): DateRange {
  const year = query.year ?? null
  const from = query.from ?? null
  const to = query.to ?? null
  if (year !== null) {
    if (from !== null || to !== null) throw new BadInput('give either year, or from and to')
    if (!Number.isInteger(year)) throw new BadInput(`year: ${year} is not a whole number`)
    demandCoveredYear('year', year, years)
    return { from: dateInMonth(year, 1, 1), to: dateInMonth(year, 12, 'last') }
  }
  if (from === null || to === null) throw new BadInput('give either year, or both from and to')
  demandCoveredDate('from', from, years)
  demandCoveredDate('to', to, years)
  if (from > to) throw new BadInput(`from: ${from} lies after to, ${to}`)
  const start = split(from)
  if (to >= dateInMonth(start.year + LONGEST_RANGE_YEARS, start.month, start.day)) {
    throw new BadInput(`from and to: at most ${LONGEST_RANGE_YEARS} years`)
  }
  return { from, to }
}
