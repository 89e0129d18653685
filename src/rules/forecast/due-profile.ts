import { type EpochDay, fromEpochDay, yearOf } from '../tax/calendar-date.ts'
import { type DatesRead, isRead } from '../tax/dates-read.ts'
import { nationwideDueDays } from '../tax/nationwide-due-days.ts'
import type { CountryTaxData, TaxData } from '../tax/tax-data.ts'

/** The days on which something falls due, which may pull at a key's use. */
export interface DueProfile {
  /** ISO 3166-1 alpha-2. */
  readonly country: string
  /** Of the first of the obligations that share these days: use alone cannot tell them apart. */
  readonly taxType: string
  readonly obligationIds: readonly string[]
  /** Ascending. */
  readonly dueDays: readonly EpochDay[]
}

/** Duties due more often raise no peak before any one date: they are the level itself. */
export const MOST_DATES_A_YEAR = 14

/** The nationwide dates of each obligation from one day to the other, both included. */
export function dueProfiles(data: TaxData, from: EpochDay, to: EpochDay): DueProfile[] {
  return [...data.countries.values()].flatMap((country) => profilesOf(country, from, to))
}

/**
 * Those of what a key asks for, as a forecast takes them; all, where nothing is known of it: then its peaks
 * alone tell which it cares for.
 */
export function profilesRead(
  profiles: readonly DueProfile[],
  read: DatesRead,
): { profiles: readonly DueProfile[]; countriesRead: readonly string[] } {
  if (read.size === 0) return { profiles, countriesRead: [] }
  const known = profiles.filter(({ country, obligationIds }) =>
    obligationIds.some((id) => isRead(read, country, id)),
  )
  return { profiles: known, countriesRead: [...new Set(known.map(({ country }) => country))] }
}

function profilesOf(data: CountryTaxData, from: EpochDay, to: EpochDay): DueProfile[] {
  const [first, last] = [yearOf(fromEpochDay(from)), yearOf(fromEpochDay(to))]
  const days = nationwideDueDays(data, { first, last })
  const most = MOST_DATES_A_YEAR * (last - first + 1)
  const byDays = new Map<string, DueProfile>()
  for (const { id, taxType } of data.country.obligations) {
    const all = days.get(id)
    if (!all || all.size > most) continue
    const dueDays = [...all].filter((day) => day >= from && day <= to).sort((a, b) => a - b)
    if (dueDays.length === 0) continue
    const key = dueDays.join()
    const same = byDays.get(key) ?? {
      ...{ country: data.country.code, taxType, obligationIds: [], dueDays },
    }
    byDays.set(key, { ...same, obligationIds: [...same.obligationIds, id] })
  }
  return [...byDays.values()]
}
