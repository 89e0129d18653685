import { startOfDay, startOfHour, startOfMonth } from '../src/rules/calendar-time.ts'
import type { LiveTotals } from '../src/streams/live-messages.ts'

/** Totals of `key_first` at 22 November 2026, 12:30 UTC, unless told otherwise. */
export function liveTotals(more: Partial<LiveTotals> = {}): LiveTotals {
  const at = more.at ?? Date.parse('2026-11-22T12:30:00Z')
  const { monthTotal = 0, monthFailed = 0 } = more
  return {
    ...{ apiKeyId: 'key_first', accountId: 'acc_a', at },
    ...{ hour: startOfHour(at), hourTotal: monthTotal, hourFailed: monthFailed },
    ...{ day: startOfDay(at), dayTotal: monthTotal, dayFailed: monthFailed },
    ...{ month: startOfMonth(at), monthTotal, monthFailed },
    ...more,
  }
}
