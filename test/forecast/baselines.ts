import { DAY, startOfDay, startOfMonth, startOfNextMonth } from '../../src/rules/calendar-time.ts'
import type { UsageHistory } from '../../src/rules/forecast/usage-history.ts'

/** Expected units of the whole month. */
export type Baseline = (history: UsageHistory) => number

/** The month so far, a day's share of it for each day left. A key made in the month counts from then. */
export const runRate: Baseline = (history) => {
  const { used, complete, left } = monthOf(history)
  const sum = complete.reduce((total, units) => total + units, 0)
  return used + (complete.length === 0 ? 0 : (sum / complete.length) * left.length)
}

const WEEKS = 4

/** Each day left as the mean of the same weekday in the last four weeks, which beats last week's alone. */
export const seasonalNaive: Baseline = (history) => {
  const { used, left } = monthOf(history)
  const before = history.days.slice(0, -1)
  const today = startOfDay(history.now)
  const recent = before.slice(-7 * WEEKS)
  const fallBack = mean(recent)
  return left.reduce((total, day) => {
    const same = recent.filter((_, index) => {
      const at = today - (recent.length - index) * DAY
      return ((day - at) / DAY) % 7 === 0
    })
    return total + (same.length === 0 ? fallBack : mean(same))
  }, used)
}

function monthOf({ now, firstDay, days }: UsageHistory) {
  const [month, today] = [startOfMonth(now), startOfDay(now)]
  const ofMonth = days.slice(Math.max(0, (month - firstDay) / DAY))
  return {
    used: ofMonth.reduce((total, units) => total + units, 0),
    complete: ofMonth.slice(0, -1),
    /** Today and what comes, starts. */
    left: Array.from({ length: (startOfNextMonth(now) - today) / DAY }, (_, n) => today + n * DAY),
  }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
