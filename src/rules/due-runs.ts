import { DAY, dayName, HOUR, startOfDay, startOfMonth } from './calendar-time.ts'
import { DAYS_PROVABLE_MS, HOURS_PROVABLE_MS } from './usage-proof.ts'

/** A day is closed an hour after it ended: spools that were cut off have caught up by then. */
export const CLOSE_AFTER_MS = HOUR

/**
 * The days that should have been closed by `now` and were not, oldest first.
 *
 * Bounded by what still exists. A day whose hours have expired can no longer be proved; of such days
 * only the last of each month is worth a run, because a run closes its month for all days before it.
 *
 * @param earliest start of the first day that has usage, ms; null: there is none, so nothing is due
 * @param done names of the days that a finished run has closed
 */
export function dueDays(now: number, earliest: number | null, done: ReadonlySet<string>): string[] {
  if (earliest === null) return []
  const last = startOfDay(now - CLOSE_AFTER_MS) - DAY
  const first = Math.max(startOfDay(earliest), startOfDay(now - DAYS_PROVABLE_MS))
  const days: number[] = []
  for (let day = first; day <= last; day += DAY) {
    const provable = day + HOURS_PROVABLE_MS > now
    const closesMonth = startOfMonth(day + DAY) !== startOfMonth(day)
    if (provable || closesMonth) days.push(day)
  }
  return days.map(dayName).filter((day) => !done.has(day))
}
