import { dayName } from '../../rules/calendar-time.ts'
import { peakDay, sumTotals } from '../../rules/usage-totals.ts'
import type { PeakDay, UsageCell } from '../../store/usage-cells.ts'

/** The peak of these days as it is kept; days of several keys are summed by date first. */
export function keptPeak(days: readonly UsageCell[]): PeakDay | null {
  const byDay = Map.groupBy(days, (cell) => cell.at.getTime())
  const peak = peakDay([...byDay].map(([at, cells]) => ({ at, ...sumTotals(cells) })))
  if (!peak) return null
  const { at, total, failed, endpoints } = peak
  return { date: dayName(at), total, failed, endpoints: { ...endpoints } }
}
