/**
 * Civil dates without clock and time zone. At the edges a date is the text `YYYY-MM-DD`, which sorts
 * like time itself; to count days it becomes a number, the days since 1 January 1970. `Date` is not
 * used anywhere: its constructors read local time, and a tax date is not an instant.
 */

/** `YYYY-MM-DD`, proleptic Gregorian, years 0001 to 9999. */
export type CalendarDate = string
/** Days since 1970-01-01. */
export type EpochDay = number
/** A day of the month, or its last one. */
export type DayOfMonth = number | 'last'

export type YearMonthDay = { readonly year: number; readonly month: number; readonly day: number }

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
export const SUNDAY = 0
export const TUESDAY = 2
export const WEDNESDAY = 3
export const FRIDAY = 5
export const SATURDAY = 6

const MONTH_LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

export function daysInMonth(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return month === 2 && leap ? 29 : (MONTH_LENGTHS[month - 1] ?? 0)
}

/** True for a date that exists: 2023-02-29 and 2026-1-5 do not. */
export function isCalendarDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const { year, month, day } = split(text)
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)
}

export function split(date: CalendarDate): YearMonthDay {
  return { year: yearOf(date), month: monthOf(date), day: twoDigits(date, 8) }
}

export function yearOf(date: CalendarDate): number {
  return twoDigits(date, 0) * 100 + twoDigits(date, 2)
}

export function monthOf(date: CalendarDate): number {
  return twoDigits(date, 5)
}

/** Read without slicing: the index of all dates reads some hundred thousand of them at every start. */
function twoDigits(date: CalendarDate, at: number): number {
  return (date.charCodeAt(at) - ZERO) * 10 + (date.charCodeAt(at + 1) - ZERO)
}

const ZERO = '0'.charCodeAt(0)

function join(year: number, month: number, day: number): CalendarDate {
  const text = `${year < 1000 ? String(year).padStart(4, '0') : year}`
  return `${text}-${month < 10 ? '0' : ''}${month}-${day < 10 ? '0' : ''}${day}`
}

/**
 * The date of a day in a month, cut to the month's length: day 31 of April is the 30th. The month
 * may lie outside 1–12 and then counts on into the neighbouring years (0 is December before).
 */
export function dateInMonth(year: number, month: number, day: DayOfMonth): CalendarDate {
  const months = year * 12 + (month - 1)
  const realYear = Math.floor(months / 12)
  const realMonth = months - realYear * 12 + 1
  const length = daysInMonth(realYear, realMonth)
  const realDay = day === 'last' ? length : Math.min(day, length)
  return fromEpochDay(daysSinceEpoch(realYear, realMonth, realDay))
}

export function isLastDayOfMonth(date: CalendarDate): boolean {
  return twoDigits(date, 8) === daysInMonth(yearOf(date), monthOf(date))
}

export function toEpochDay(date: CalendarDate): EpochDay {
  return daysSinceEpoch(yearOf(date), monthOf(date), twoDigits(date, 8))
}

/** Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil. */
function daysSinceEpoch(year: number, month: number, day: number): EpochDay {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/**
 * The texts of the days from 1970 on that were asked for, up to 2059: some ten thousand days make up
 * all tax dates, and a text that is shared costs neither time nor memory again.
 */
const TEXTS: (CalendarDate | undefined)[] = new Array(90 * 366)

export function fromEpochDay(epochDay: EpochDay): CalendarDate {
  const known = TEXTS[epochDay]
  if (known !== undefined) return known
  const text = textOf(epochDay)
  if (epochDay >= 0 && epochDay < TEXTS.length) TEXTS[epochDay] = text
  return text
}

/** The same source, civil_from_days. */
function textOf(epochDay: EpochDay): CalendarDate {
  const days = epochDay + 719_468
  const era = Math.floor(days / 146_097)
  const dayOfEra = days - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return join(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
}

export function addDays(date: CalendarDate, days: number): CalendarDate {
  return fromEpochDay(toEpochDay(date) + days)
}

/** 0 is Sunday, 6 is Saturday; 1 January 1970 was a Thursday. */
export function weekdayOf(epochDay: EpochDay): number {
  return (((epochDay + 4) % 7) + 7) % 7
}

export function weekdayName(epochDay: EpochDay): string {
  return WEEKDAYS[weekdayOf(epochDay)] ?? ''
}

export function isWeekend(epochDay: EpochDay): boolean {
  const weekday = weekdayOf(epochDay)
  return weekday === SATURDAY || weekday === SUNDAY
}
