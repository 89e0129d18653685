import { DAY, startOfDay } from '../calendar-time.ts'
import type { MonthForecast } from './forecast-month.ts'

/**
 * When the month's use reaches the limit, ms, within a day at an even pace: `now` where it has; null:
 * not this month, or never where nothing limits it.
 * @param used units of the month at `now`, which may be more than when the forecast was made
 */
export function exhaustsAt(
  forecast: MonthForecast,
  limit: number | null,
  used: number,
  now: number,
): number | null {
  if (limit === null) return null
  if (used >= limit) return now
  const today = startOfDay(forecast.now)
  let from = forecast.now
  let left = limit - forecast.used
  for (const [index, units] of forecast.days.entries()) {
    const to = today + (index + 1) * DAY
    if (units >= left && units > 0) {
      const at = Math.round(from + ((to - from) * Math.max(0, left)) / units)
      return Math.max(at, now)
    }
    left -= units
    from = to
  }
  return null
}
