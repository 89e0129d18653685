import { DAY, startOfDay, startOfMonth, startOfNextMonth } from '../calendar-time.ts'
import type { EpochDay } from '../tax/calendar-date.ts'
import type { UsageHistory } from './usage-history.ts'

/**
 * The days that a forecast speaks of, one row each: those that are over, `known` in number, then today
 * and what is left of the month.
 */
export interface Frame {
  /** The day of row 0: the first one with any calls. */
  readonly first: EpochDay
  readonly today: EpochDay
  /** The first day of the next month. */
  readonly end: EpochDay
  readonly rows: number
  readonly known: number
  /** Billed units of the known days. */
  readonly counts: Float64Array
  /** Row by row: 0 where a limit had stopped the calls, so that the day says nothing. */
  readonly counted: Float64Array
  /** Units of the month so far, today's included. */
  readonly used: number
  readonly usedToday: number
  /** Share of today that is over, 0 to 1. */
  readonly elapsed: number
}

/** @param hardLimit units a month after which calls are refused; null: never */
export function frameOf(history: UsageHistory, hardLimit: number | null): Frame {
  const { now, days } = history
  const [today, end] = [startOfDay(now) / DAY, startOfNextMonth(now) / DAY]
  const oldest = history.firstDay / DAY
  const over = days.slice(0, -1)
  const silent = over.findIndex((units) => units > 0)
  const lead = silent === -1 ? over.length : silent
  const counts = Float64Array.from(over.slice(lead))
  const first = oldest + lead
  const ofMonth = days.slice(Math.max(0, startOfMonth(now) / DAY - oldest))
  return {
    ...{ first, today, end, rows: end - first, known: counts.length, counts },
    counted: countedDays(first, counts, hardLimit),
    used: ofMonth.reduce((sum, units) => sum + units, 0),
    usedToday: days.at(-1) ?? 0,
    elapsed: (now - today * DAY) / DAY,
  }
}

/** From the day on which a month reached the limit nothing was counted, whatever was asked. */
function countedDays(
  first: EpochDay,
  counts: Float64Array,
  hardLimit: number | null,
): Float64Array {
  const counted = new Float64Array(counts.length).fill(1)
  if (hardLimit === null) return counted
  let month = -1
  let used = 0
  counts.forEach((units, row) => {
    const start = startOfMonth((first + row) * DAY)
    if (start !== month) [month, used] = [start, 0]
    used += units
    if (used >= hardLimit) counted[row] = 0
  })
  return counted
}
