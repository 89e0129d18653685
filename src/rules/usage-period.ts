import { BadInput } from './bad-input.ts'
import { DAY, startOfDay, startOfMonth, startOfNextMonth } from './calendar-time.ts'
import { isCalendarMonth } from './iso-time.ts'
import { isCalendarDate } from './tax/calendar-date.ts'

/** interfaces.md: "dailyUsage gives every day of the range, zeros included, at most 92". */
export const MAX_DAYS = 92

/** Start of `YYYY-MM-DD` in UTC, ms. Throws BadInput for what is no day of the calendar. */
export function parseDay(text: string): number {
  const at = isCalendarDate(text) ? Date.parse(`${text}T00:00:00Z`) : -1
  if (at >= 0) return at
  throw new BadInput(`"${text.slice(0, 40)}" is no date of the form YYYY-MM-DD from 1970 on`)
}

/** Start of `YYYY-MM` in UTC, ms. Throws BadInput for what is no month. */
export function parseMonth(text: string): number {
  const at = isCalendarMonth(text) ? Date.parse(`${text}-01T00:00:00Z`) : -1
  if (at >= 0) return at
  throw new BadInput(`"${text.slice(0, 40)}" is no month of the form YYYY-MM from 1970 on`)
}

/** The starts of all days from `startDate` to `endDate`, both included, ascending. */
export function daysOfRange(startDate: string, endDate: string): number[] {
  const [start, end] = [parseDay(startDate), parseDay(endDate)]
  if (end < start) throw new BadInput('startDate lies after endDate')
  const count = (end - start) / DAY + 1
  if (count > MAX_DAYS) {
    throw new BadInput(`the range has ${count} days; at most ${MAX_DAYS} can be asked for at once`)
  }
  return Array.from({ length: count }, (_, index) => start + index * DAY)
}

/** The starts of all days of the month that begins at `month`. */
export function daysOfMonth(month: number): number[] {
  const count = (startOfNextMonth(month) - month) / DAY
  return Array.from({ length: count }, (_, index) => month + index * DAY)
}

/** UTC days of the month that have begun, today included: all of a past month's, none of a future one's. */
export function elapsedDays(month: number, now: number): number {
  const end = Math.min(startOfDay(now) + DAY, startOfNextMonth(month))
  return Math.max(0, (end - startOfMonth(month)) / DAY)
}

/** Total ÷ elapsed days; 0 for a month that has not begun. */
export function averagePerDay(total: number, month: number, now: number): number {
  const days = elapsedDays(month, now)
  return days === 0 ? 0 : total / days
}
