import { BadInput } from '../bad-input.ts'
import { dayName } from '../calendar-time.ts'
import type { PageArguments } from '../connection.ts'
import { chosenValues, type Optional } from './argument-checks.ts'
import { addDays, dateInMonth, toEpochDay } from './calendar-date.ts'
import { countryDataOf } from './list-obligations.ts'
import { type Place, shapeOf } from './page-cursor.ts'
import {
  type DateRange,
  type FilterArguments,
  filterOf,
  searchTaxDates,
} from './search-tax-dates.ts'
import type { CountryTaxData, TaxData, YearRange } from './tax-data.ts'
import { pageOf, pageRequest, type TaxDateConnection } from './tax-date-page.ts'

export const DEFAULT_DAYS = 30
export const MOST_DAYS = 366
const MOST_COUNTRIES = 12

/** The arguments of `upcomingTaxDates`; null is the same as left out. */
export type UpcomingTaxDatesQuery = FilterArguments &
  PageArguments & {
    /** 1–12; the same one twice is one. */
    readonly countries: readonly string[]
    /** 1–366, 30 by default: how many days after today are looked at, today itself as well. */
    readonly days?: Optional<number>
    /**
     * ISO 3166-2, each of one of the countries. A country of which none is given is listed with all
     * of its regions; else with its nationwide dates and those of the regions given, without the
     * nationwide dates that each of these regions replaces.
     */
    readonly regions?: Optional<readonly string[]>
  }

/**
 * Due dates from today (UTC) on, of all the countries together, by dueDate and then by id. A cursor
 * outlives midnight: the next page goes on after it, through the days that are then ahead.
 * @param now ms since the epoch
 * @throws BadInput for every argument that is out of range, unknown or contradictory, for days that
 *   reach beyond the years covered, and for the cursor of another query
 */
export function findUpcomingTaxDates(
  data: TaxData,
  query: UpcomingTaxDatesQuery,
  now: number,
): TaxDateConnection {
  const countries = countriesOf(data, query.countries)
  const days = query.days ?? DEFAULT_DAYS
  const ahead = daysAhead(days, now, data.years)
  const regions = regionsOf(countries, query.regions)
  const filter = filterOf(countries, query)
  const codes = countries.map(({ country }) => country.code)
  const shape = shapeOf(['upcoming', codes, days, regions && [...regions].sort(), filter.key])
  const page = pageRequest(shape, query)
  const range = acrossMidnight(ahead, page.after)
  const runs = countries.map((country) =>
    searchTaxDates(country, range, regionsWithin(country, regions), filter),
  )
  return pageOf(runs, page)
}

/** Who turns the page at midnight still gets the rest of the day on which the page before it ended. */
function acrossMidnight(ahead: DateRange, after: Place | null): DateRange {
  const yesterday = addDays(ahead.from, -1)
  return after?.dueDate === yesterday ? { from: yesterday, to: ahead.to } : ahead
}

/**
 * In the order of their codes.
 * @throws BadInput none, too many, or one that is unknown
 */
export function countriesOf(data: TaxData, codes: readonly string[]): readonly CountryTaxData[] {
  if (codes.length === 0) throw new BadInput('countries: is empty; name at least one')
  if (codes.length > MOST_COUNTRIES) throw new BadInput(`countries: at most ${MOST_COUNTRIES}`)
  return [...new Set(codes)].sort().map((code) => countryDataOf(data, code, 'countries'))
}

/** @throws BadInput a region of none of the countries, or an empty list */
export function regionsOf(
  countries: readonly CountryTaxData[],
  regions: Optional<readonly string[]>,
): ReadonlySet<string> | null {
  const codes = countries.map(({ country }) => country.code).join(', ')
  return chosenValues('regions', regions, (region) =>
    countries.some((country) => country.regions.has(region))
      ? null
      : `${region} is not an ISO 3166-2 region of ${codes}`,
  )
}

/** Null: all regions of this country, because none of it was given. */
export function regionsWithin(
  country: CountryTaxData,
  regions: ReadonlySet<string> | null,
): ReadonlySet<string> | null {
  const own = [...(regions ?? [])].filter((region) => country.regions.has(region))
  return own.length === 0 ? null : new Set(own)
}

/** Nothing is answered in part: what lies beyond the years covered would look like nothing due. */
function daysAhead(days: number, now: number, { first, last }: YearRange): DateRange {
  if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS) {
    throw new BadInput(`days: ${days} is not within 1–${MOST_DAYS}`)
  }
  const from = dayName(now)
  const to = addDays(from, days)
  const lastDay = dateInMonth(last, 12, 'last')
  if (to > lastDay) {
    const left = toEpochDay(lastDay) - toEpochDay(from)
    const most = left < 1 ? '' : `; only ${left} more can be asked for`
    throw new BadInput(`days: ${to} lies beyond the last day covered, ${lastDay}${most}`)
  }
  const firstDay = dateInMonth(first, 1, 1)
  if (from < firstDay) {
    throw new BadInput(`days: today, ${from}, lies before the first day covered, ${firstDay}`)
  }
  return { from, to }
}
