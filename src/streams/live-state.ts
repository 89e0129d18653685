import { startOfDay, startOfHour, startOfMonth } from '../rules/calendar-time.ts'
import type { LiveTotals } from './live-messages.ts'

/** What a subscriber receives: one key's totals and its plan, which decides the limit. */
export interface LiveState {
  totals: LiveTotals
  /** Plan id. */
  tier: string
}

/** Grows with every roll-up that touches the key in this month, and never falls. */
function calls(totals: LiveTotals): number {
  return totals.monthTotal + totals.monthFailed
}

/**
 * Whether `next` tells more than `known`. States come by two ways (stream and MongoDB) in any order;
 * with this rule alone none of them can take a subscriber back.
 */
export function isNewer(next: LiveTotals, known: LiveTotals | undefined): boolean {
  if (!known || next.month > known.month) return calls(next) > 0
  return next.month === known.month && calls(next) > calls(known)
}

/** Whether a subscriber would see another figure: failed calls alone change none within one hour. */
export function looksDifferent(next: LiveTotals, sent: LiveTotals): boolean {
  return next.monthTotal !== sent.monthTotal || next.month !== sent.month || next.hour !== sent.hour
}

/**
 * The totals as they stand at `now`: once the hour (day, month) of `at` is over, nothing has been counted
 * in the running one, or a newer state would have come.
 */
export function asOf(totals: LiveTotals, now: number): LiveTotals {
  const at = Math.max(now, totals.at)
  const [hour, day, month] = [startOfHour(at), startOfDay(at), startOfMonth(at)]
  return {
    ...totals,
    at,
    ...(hour > totals.hour && { hour, hourTotal: 0, hourFailed: 0 }),
    ...(day > totals.day && { day, dayTotal: 0, dayFailed: 0 }),
    ...(month > totals.month && { month, monthTotal: 0, monthFailed: 0 }),
  }
}
