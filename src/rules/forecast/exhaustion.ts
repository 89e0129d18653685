import { DAY, startOfDay } from '../calendar-time.ts'
import type { MonthForecast } from './forecast-month.ts'

/**
 * When the month's use reaches the limit, ms, within a day at an even pace: `now` where it has already;
 * null: not this month, or never where nothing limits it.
 * @param forecast of the month in which `now` lies; it may be some minutes old
 * @param used units of the month at `now`
 */
export function exhaustsAt(
  forecast: MonthForecast,
  limit: number | null,
  used: number,
  now: number,
): number | null {
  if (limit === null) return null
  if (used >= limit) return now
  const first = startOfDay(forecast.now)
  let left = limit - used
  for (const [index, units] of forecast.days.entries()) {
    const [start, end] = [first + index * DAY, first + (index + 1) * DAY]
    if (end <= now) continue
    // The first one's units are those from the forecast on, not the whole day's.
    const begun = Math.max(start, forecast.now)
    const from = Math.max(begun, now)
    const still = (units * (end - from)) / (end - begun)
    if (still >= left) return Math.round(from + ((end - from) * left) / still)
    left -= still
  }
  return null
}
