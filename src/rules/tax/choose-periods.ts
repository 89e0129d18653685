import { BadInput } from '../bad-input.ts'
import { chosenValues, monthComplaint, type Optional } from './argument-checks.ts'
import type { CountryTaxData, IndexedTaxDate } from './tax-data.ts'
import type { TaxRule } from './tax-rule.ts'

/** The arguments that choose periods by the month they end in, 1–12; at most one of the two. */
export type PeriodArguments = {
  /**
   * Only periods that end in these months, of every obligation: a fiscal year end (6: years to 30
   * June), a stagger (VAT: 1, 4, 7, 10) or single months. An obligation whose year end is fixed has no
   * dates for other months.
   */
  readonly periodEndMonths?: Optional<readonly number[]>
  /**
   * The taxpayer's own year end. Obligations that follow it are listed for that year end alone; all
   * others, monthly payroll as well as years that the law fixes, stay as they are.
   */
  readonly yearEndMonth?: Optional<number>
}

/** Arguments that were checked, as a test of one date's period. */
export type PeriodChoice = {
  readonly chosen: (date: IndexedTaxDate) => boolean
  readonly key: readonly unknown[]
}

/** @throws BadInput no month, an empty list, or both arguments at once */
export function choosePeriods(
  countries: readonly CountryTaxData[],
  query: PeriodArguments,
): PeriodChoice {
  const months = chosenValues('periodEndMonths', query.periodEndMonths, monthComplaint)
  const yearEnd = query.yearEndMonth ?? null
  if (yearEnd !== null) {
    if (months !== null) throw new BadInput('give either periodEndMonths or yearEndMonth')
    const wrong = monthComplaint(yearEnd)
    if (wrong !== null) throw new BadInput(`yearEndMonth: ${wrong}`)
  }
  const key = [months && [...months].sort((a, b) => a - b), yearEnd]
  if (months !== null) return { key, chosen: (date) => months.has(date.periodEndMonth) }
  if (yearEnd === null) return { key, chosen: (date) => date.listedByDefault }
  const following = followersOfTheYearEnd(countries)
  return {
    key,
    chosen: (date) =>
      following.has(date.taxDate.obligation.id)
        ? date.periodEndMonth === yearEnd
        : date.listedByDefault,
  }
}

function followersOfTheYearEnd(countries: readonly CountryTaxData[]): ReadonlySet<string> {
  const ids = countries.flatMap(({ rules }) =>
    [...rules].flatMap(([id, rule]) => (followsTheYearEnd(rule) ? id : [])),
  )
  return new Set(ids)
}

/**
 * Whether the taxpayer's own year end decides which of the listed periods are its own. Such a rule
 * lists one year end by default and says so (periodNote), or lists every month end because any of
 * them may end somebody's year, and then its note begins with `period end = `. A list of months
 * without that note is a stagger or a frequency, as gb-vat, and not a year end.
 */
export function followsTheYearEnd({ period, periodNote, note }: TaxRule): boolean {
  if (periodNote !== undefined) return true
  return period.type === 'calendarMonth' && (note?.startsWith('period end = ') ?? false)
}
