import type { UsageHistory } from '../../src/rules/forecast/usage-history.ts'
import { type GeneratedHistory, historyAt, monthTotal } from './generated-history.ts'

/** Expected units of the whole month, and the interval where the method has one. */
export interface Estimate {
  expected: number
  low?: number
  high?: number
}

export type Method = (history: UsageHistory, generated: GeneratedHistory) => Estimate

export interface Score {
  /** Mean absolute percentage error of the month's total; 0.2 is 20 %. */
  error: number
  /** The middle one of those errors: what a few hopeless months do not move. */
  medianError: number
  /** Share of totals within the interval; null where the method has none. */
  coverage: number | null
  /** Mean width of the interval by the total, null as above. */
  width: number | null
  /** Months without a single call have no percentage and are left out. */
  months: number
}

/** How a method does on these histories, asked at the end of that day of the month. */
export function scoreOf(
  method: Method,
  histories: readonly GeneratedHistory[],
  dayOfMonth: number,
): Score {
  const errors: number[] = []
  const widths: number[] = []
  let within = 0
  for (const generated of histories) {
    const total = monthTotal(generated)
    if (total === 0) continue
    const { expected, low, high } = method(historyAt(generated, dayOfMonth), generated)
    errors.push(Math.abs(expected - total) / total)
    if (low === undefined || high === undefined) continue
    widths.push((high - low) / total)
    if (low <= total && total <= high) within += 1
  }
  const sorted = errors.toSorted((a, b) => a - b)
  return {
    error: mean(errors),
    medianError: sorted[Math.floor(sorted.length / 2)] ?? 0,
    coverage: widths.length === 0 ? null : within / widths.length,
    width: widths.length === 0 ? null : mean(widths),
    months: errors.length,
  }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
