import { type EpochDay, toEpochDay } from './calendar-date.ts'
import type { CountryTaxData, YearRange } from './tax-data.ts'

/**
 * On which days of some years each obligation of a country falls due for everybody in it, by the
 * obligation's id; unordered. One that never does is left out.
 */
export function nationwideDueDays(
  { datesByYear }: Pick<CountryTaxData, 'datesByYear'>,
  { first, last }: YearRange,
): Map<string, Set<EpochDay>> {
  const days = new Map<string, Set<EpochDay>>()
  for (let year = first; year <= last; year++) {
    for (const { taxDate, listedByDefault } of datesByYear.get(year) ?? []) {
      if (!listedByDefault || taxDate.region !== null) continue
      const { id } = taxDate.obligation
      const known = days.get(id) ?? new Set()
      days.set(id, known.add(toEpochDay(taxDate.dueDate)))
    }
  }
  return days
}
