import { HOUR, monthName, startOfMonth, startOfNextMonth } from '../calendar-time.ts'
import { parseMonth } from '../usage-period.ts'

/** A month is invoiced two hours after its end: its last day is closed an hour before. */
export const ISSUE_AFTER_MS = 2 * HOUR

/** Start of the last month that is to be invoiced by now, ms. */
export function lastInvoiceableMonth(now: number): number {
  return startOfMonth(startOfMonth(now - ISSUE_AFTER_MS) - 1)
}

/**
 * Months that should have been invoiced by `now` and were not, oldest first: all since the first one that was
 * invoiced in its time. Where none ever was, the last one alone, so that what lies before this was put to use
 * is left alone.
 * @param done `2026-11`, of finished runs
 * @param first the oldest of those that were not asked for by an operator; null: none
 */
export function dueMonths(now: number, done: ReadonlySet<string>, first: string | null): string[] {
  const last = lastInvoiceableMonth(now)
  const due: string[] = []
  const begin = first === null ? last : parseMonth(first)
  for (let month = begin; month <= last; month = startOfNextMonth(month)) {
    if (!done.has(monthName(month))) due.push(monthName(month))
  }
  return due
}
