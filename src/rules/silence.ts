import type { DayUnits } from './anomaly.ts'
import { DAY, HOUR } from './calendar-time.ts'
import { isWeekend } from './tax/calendar-date.ts'

/** Complete days up to the last call on which a key must have been called to be one that always calls. */
export const HABIT_DAYS = 14
const LEAST_AVERAGE = 100
/** Without a call for so long, of the time in which it usually calls. */
const SILENT_MS = 24 * HOUR
/** Beyond that it is old news: a scan that was away for days does not tell of each end of a project. */
const OLD_MS = 72 * HOUR

/** A key that always calls and has stopped. */
export interface Silence {
  /** End of the last hour with a call, ms. */
  since: number
  /** Calls a day on the days on which it usually calls. */
  average: number
}

/**
 * Whether a key that always calls has stopped. It always calls if it did on each of 14 days, or on each
 * weekday of them; in the latter case weekends are no silence, so one that begins on a Friday at 17:00
 * is a silence on Monday at 17:00.
 * @param lastCall the last hour with a call (refused and failed ones count: somebody tried), its start, ms
 */
export function silenceOf(
  history: readonly DayUnits[],
  lastCall: number,
  now: number,
): Silence | null {
  const since = Math.min(lastCall + HOUR, now)
  const lastDay = Math.floor(lastCall / DAY)
  const units = new Map(history.map((one) => [one.day, one.units]))
  const days = Array.from({ length: HABIT_DAYS }, (_, n) => lastDay - n)
  const daily = days.every((day) => units.has(day))
  const ofHabit = daily ? days : days.filter((day) => !isWeekend(day))
  if (!ofHabit.every((day) => units.has(day))) return null
  const average = ofHabit.reduce((sum, day) => sum + (units.get(day) ?? 0), 0) / ofHabit.length
  if (average < LEAST_AVERAGE) return null
  const silent = daily ? now - since : timeOnWeekdays(since, now)
  return silent >= SILENT_MS && silent < OLD_MS ? { since, average } : null
}

function timeOnWeekdays(from: number, to: number): number {
  let sum = 0
  for (let day = Math.floor(from / DAY); day * DAY < to; day++) {
    if (isWeekend(day)) continue
    sum += Math.min(to, (day + 1) * DAY) - Math.max(from, day * DAY)
  }
  return sum
}
