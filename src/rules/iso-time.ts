import { isCalendarDate } from './tax/calendar-date.ts'

/**
 * Months and instants as clients write them (days: `tax/calendar-date.ts`). Strict on purpose: `Date.parse` accepts 30 February
 * by rolling over, years up to 275760 and a dozen informal spellings, none of which a tax date may have.
 */
const monthPattern = /^\d{4}-(0[1-9]|1[0-2])$/
const instantPattern =
  /^(\d{4}-\d{2}-\d{2})[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,9})?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

/** Whether `YYYY-MM` names a month. */
export function isCalendarMonth(text: string): boolean {
  return monthPattern.test(text) && !text.startsWith('0000')
}

/** RFC 3339 with an offset, leap seconds refused; null when it is not an instant. */
export function parseInstant(text: string): Date | null {
  const match = instantPattern.exec(text)
  if (!match || !isCalendarDate(match[1] ?? '')) return null
  const date = new Date(text.toUpperCase())
  return Number.isNaN(date.getTime()) ? null : date
}

/** UTC; a fraction only where there is one, as the contract prints it: `2026-02-28T01:00:00Z`. */
export function printInstant(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z')
}
