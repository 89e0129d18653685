import { MOST_DATES_A_YEAR } from './forecast/due-profile.ts'
import { type EpochDay, fromEpochDay, yearOf } from './tax/calendar-date.ts'
import { nationwideDueDays } from './tax/nationwide-due-days.ts'
import type { TaxData } from './tax/tax-data.ts'

/** What falls due in a country on a day, as far as it may explain a peak of calls. */
export interface UsageDeadline {
  day: EpochDay
  /** ISO 3166-1 alpha-2. */
  country: string
  /** As in Obligation.taxType, each once. */
  taxTypes: string[]
}

/**
 * The nationwide due dates from one day to another, both included; by day, then country. Duties that are due
 * nearly always raise no peak before any one date and are left out.
 * @param wanted of which obligations
 */
export function usageDeadlines(
  data: TaxData,
  [from, to]: readonly [EpochDay, EpochDay],
  wanted: (country: string, obligationId: string) => boolean,
): UsageDeadline[] {
  const years = { first: yearOf(fromEpochDay(from)), last: yearOf(fromEpochDay(to)) }
  const most = MOST_DATES_A_YEAR * (years.last - years.first + 1)
  const found = new Map<string, UsageDeadline>()
  for (const { country, datesByYear } of data.countries.values()) {
    const days = nationwideDueDays({ datesByYear }, years)
    for (const { id, taxType } of country.obligations) {
      const all = days.get(id)
      if (!all || all.size > most || !wanted(country.code, id)) continue
      for (const day of all) if (day >= from && day <= to) note(found, day, country.code, taxType)
    }
  }
  return [...found.values()].sort((a, b) => a.day - b.day || (a.country < b.country ? -1 : 1))
}

function note(
  found: Map<string, UsageDeadline>,
  day: EpochDay,
  country: string,
  taxType: string,
): void {
  const key = `${day}:${country}`
  const deadline = found.get(key) ?? { day, country, taxTypes: [] }
  if (!deadline.taxTypes.includes(taxType)) deadline.taxTypes.push(taxType)
  found.set(key, deadline)
}
