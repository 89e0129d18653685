import { countWhile } from '../connection.ts'
import { type CalendarDate, yearOf } from './calendar-date.ts'
import { chooseObligations, type ObligationArguments } from './choose-obligations.ts'
import { choosePeriods, type PeriodArguments } from './choose-periods.ts'
import type { CountryTaxData, IndexedTaxDate } from './tax-data.ts'

/** The arguments that choose among the dates of a range, the same for every query of dates. */
export type FilterArguments = ObligationArguments & PeriodArguments

/** Arguments that were checked, as a test of one date. */
export type TaxDateFilter = {
  readonly matches: (date: IndexedTaxDate) => boolean
  /** The same filter gives the same key, in whatever order it was written. */
  readonly key: readonly unknown[]
}

/** Both inclusive. */
export type DateRange = { readonly from: CalendarDate; readonly to: CalendarDate }

/** @throws BadInput see `chooseObligations` and `choosePeriods` */
export function filterOf(
  countries: readonly CountryTaxData[],
  query: FilterArguments,
): TaxDateFilter {
  const obligations = chooseObligations(countries, query)
  const periods = choosePeriods(countries, query)
  const ids = new Set<string>()
  for (const { country } of countries) {
    for (const one of country.obligations) if (obligations.chosen(one)) ids.add(one.id)
  }
  return {
    matches: (date) => ids.has(date.taxDate.obligation.id) && periods.chosen(date),
    key: [...obligations.key, ...periods.key],
  }
}

/**
 * One country's dates in a range, in the order of the answer.
 * @param regions null: of all regions. Else nationwide dates and those of these regions; a nationwide
 *   date is left out where each of them has its exception.
 */
export function searchTaxDates(
  country: CountryTaxData,
  { from, to }: DateRange,
  regions: ReadonlySet<string> | null,
  { matches }: TaxDateFilter,
): readonly IndexedTaxDate[] {
  const found: IndexedTaxDate[] = []
  const [firstYear, lastYear] = [yearOf(from), yearOf(to)]
  for (let year = firstYear; year <= lastYear; year++) {
    const dates = country.datesByYear.get(year) ?? []
    const start =
      year === firstYear ? countWhile(dates, ({ taxDate }) => taxDate.dueDate < from) : 0
    const end =
      year === lastYear ? countWhile(dates, ({ taxDate }) => taxDate.dueDate <= to) : dates.length
    for (let index = start; index < end; index++) {
      const date = dates[index]
      if (date !== undefined && matches(date) && holdsIn(date, regions)) found.push(date)
    }
  }
  return found
}

/**
 * A nationwide date that a region replaces is gone there even where the replacement lies outside the
 * range: the nationwide date does not hold in that region.
 */
function holdsIn(
  { taxDate, replacedIn }: IndexedTaxDate,
  regions: ReadonlySet<string> | null,
): boolean {
  if (regions === null) return true
  if (taxDate.region !== null) return regions.has(taxDate.region)
  for (const region of regions) if (!replacedIn.includes(region)) return true
  return false
}
