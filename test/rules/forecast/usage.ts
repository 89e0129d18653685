import { DAY, startOfDay } from '../../../src/rules/calendar-time.ts'
import { dueProfiles } from '../../../src/rules/forecast/due-profile.ts'
import { type ForecastOptions, forecastMonth } from '../../../src/rules/forecast/forecast-month.ts'
import type { UsageHistory } from '../../../src/rules/forecast/usage-history.ts'
import { fromEpochDay, toEpochDay, weekdayOf } from '../../../src/rules/tax/calendar-date.ts'
import { datesOf, shipped } from '../tax/shipped-data.ts'

/** Units by day, `YYYY-MM-DD`; 0 is Sunday. */
export type UnitsOf = (date: string, weekday: number, epochDay: number) => number

/** What a key with these days had at that instant, from `since` on, at most 90 days of it. */
export function history(at: string, unitsOf: UnitsOf, since = '2000-01-01'): UsageHistory {
  const now = Date.parse(at)
  const today = startOfDay(now) / DAY
  const first = today - 89
  const days = Array.from({ length: 90 }, (_, index) => {
    const date = fromEpochDay(first + index)
    const share = first + index === today ? (now - today * DAY) / DAY : 1
    const units = date < since ? 0 : unitsOf(date, weekdayOf(first + index), first + index)
    return Math.round(units * share)
  })
  return { now, firstDay: first * DAY, days }
}

export function forecast(known: UsageHistory, more: Partial<ForecastOptions> = {}) {
  const today = startOfDay(known.now) / DAY
  return forecastMonth(known, { profiles: dueProfiles(shipped, today - 95, today + 65), ...more })
}

/** The same wobble for the same day, without a trend: within ± `share`. */
export function wobble(epochDay: number, share: number): number {
  const fraction = Math.abs(Math.sin(epochDay * 12.9898) * 43_758.5453) % 1
  return 1 + share * (2 * fraction - 1)
}

const basDates = datesOf('au-bas-m').map(({ dueDate }) => toEpochDay(dueDate))

/** How much more is called for on a day because a monthly BAS is due: 1 on the day itself. */
export function pullOfBas(epochDay: number): number {
  return basDates.reduce((sum, due) => {
    const ahead = due - epochDay
    return ahead >= 0 && ahead < 20 ? sum + Math.exp(-ahead / 3) : sum
  }, 0)
}

/** Peaks that nearly drown: believed only of who is known to read Australian dates. */
export const faintlyBas: UnitsOf = (_date, weekday, epochDay) =>
  (weekday % 6 === 0 ? 100 : 1_000) * wobble(epochDay, 0.2) * (1 + 0.4 * pullOfBas(epochDay))
