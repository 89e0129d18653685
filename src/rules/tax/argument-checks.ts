import { BadInput } from '../bad-input.ts'
import { type CalendarDate, isCalendarDate, yearOf } from './calendar-date.ts'
import type { YearRange } from './tax-data.ts'

/** An argument that a client may leave out; null is the same. */
export type Optional<Value> = Value | null | undefined

/**
 * The values of a list argument; null where it was left out, which means all.
 * @param complaint what is wrong with a value, or null
 * @throws BadInput for a value with a complaint, and for an empty list: it could mean all or none, and
 *   either guess would surprise somebody
 */
export function chosenValues<Value>(
  name: string,
  values: Optional<readonly Value[]>,
  complaint: (value: Value) => string | null,
): ReadonlySet<Value> | null {
  if (values === null || values === undefined) return null
  if (values.length === 0) throw new BadInput(`${name}: is empty; leave it out to ask for all`)
  for (const value of values) {
    const wrong = complaint(value)
    if (wrong !== null) throw new BadInput(`${name}: ${wrong}`)
  }
  return new Set(values)
}

/** For an argument whose values are a fixed list of words. */
export function oneOf(words: readonly string[]): (value: string) => string | null {
  return (value) => (words.includes(value) ? null : `${value} is not one of ${words.join(', ')}`)
}

/** For an argument that counts months. */
export function monthComplaint(month: number): string | null {
  return Number.isInteger(month) && month >= 1 && month <= 12 ? null : `${month} is not within 1–12`
}

/** @throws BadInput no date, or none that exists */
export function demandDate(name: string, text: string): CalendarDate {
  if (isCalendarDate(text)) return text
  throw new BadInput(`${name}: ${text} is not a date, YYYY-MM-DD`)
}

/** @throws BadInput no date, or one outside the years covered */
export function demandCoveredDate(name: string, text: string, years: YearRange): CalendarDate {
  demandCoveredYear(name, yearOf(demandDate(name, text)), years)
  return text
}

/** @throws BadInput */
export function demandCoveredYear(name: string, year: number, { first, last }: YearRange): void {
  if (year >= first && year <= last) return
  throw new BadInput(`${name}: ${year} is outside the years covered, ${first}–${last}`)
}
