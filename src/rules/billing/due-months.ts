import { HOUR, monthName, startOfMonth, startOfNextMonth } from '../calendar-time.ts'
import { parseMonth } from '../usage-period.ts'

/** A month is invoiced two hours after its end: its last day is closed an hour before. */
export const ISSUE_AFTER_MS = 2 * HOUR

/** Start of the last month that is to be invoiced by now, ms. */
export function lastInvoiceableMonth(now: number): number {
  return startOfMonth(startOfMonth(now - ISSUE_AFTER_MS) - 1)
}

/**
 * Months that should have been invoiced by `now` and were not, oldest first: all since the first one that was.
 * Where none ever was, the last one alone, so that what lies before this was put to use is left alone.
 * @param done `2026-11`, of finished runs
 */
export function dueMonths(now: number, done: ReadonlySet<string>): string[] {
  const last = lastInvoiceableMonth(now)
  const first = done.size === 0 ? last : parseMonth([...done].toSorted()[0] ?? '')
  const due: string[] = []
  for (let month = first; month <= last; month = startOfNextMonth(month)) {
    if (!done.has(monthName(month))) due.push(monthName(month))
  }
  return due
}
