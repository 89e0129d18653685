import { type CalendarDate, fromEpochDay, monthOf, yearOf } from './calendar-date.ts'
import type { CountryCode } from './country-code.ts'
import { yearsToDueDate } from './due-date.ts'
import { type Country, type Obligation, obligationOf } from './obligation.ts'
import { type PeriodLists, sharedPeriodLists } from './period.ts'
import type { Disagreement } from './provenance.ts'
import { disagreementsById, type Reading } from './readings.ts'
import type { ShippedChange } from './tax-date-change.ts'
import { type Calendars, isValidPeriod, type TaxDate, taxDatesOf } from './tax-dates.ts'
import type { TaxRule } from './tax-rule.ts'

/**
 * Everything the tax queries read, computed once at start: rules become dates for every year that
 * the calendars cover. Nothing in here changes afterwards.
 */
export type TaxData = {
  /** Years whose due dates can be asked for, both inclusive. */
  readonly years: YearRange
  readonly countries: ReadonlyMap<CountryCode, CountryTaxData>
  readonly calendars: Calendars
}

/** Both inclusive. */
export type YearRange = { readonly first: number; readonly last: number }

/** One country's rules with every date that they give. */
export type CountryTaxData = {
  readonly country: Country
  readonly regions: ReadonlySet<string>
  readonly rules: ReadonlyMap<string, TaxRule>
  /** By the year of dueDate; each in the order of the answer. */
  readonly datesByYear: ReadonlyMap<number, readonly IndexedTaxDate[]>
  /** What the country's file announces; not contained in the dates. */
  readonly shippedChanges: readonly ShippedChange[]
  /** Dates that others printed; those that are probably wrong stand on the dates themselves. */
  readonly readings: readonly Reading[]
}

/** A date with what queries ask of it. */
export type IndexedTaxDate = {
  readonly taxDate: TaxDate
  readonly periodEndMonth: number
  /** False for the other year ends of a rule whose taxpayers choose their own. */
  readonly listedByDefault: boolean
  /** Regions whose exception takes the place of this nationwide date. */
  readonly replacedIn: readonly string[]
}

/** A country's file, validated. */
export type CountryRules = {
  readonly code: CountryCode
  readonly name: string
  readonly regions: Readonly<Record<string, string>>
  readonly rules: readonly TaxRule[]
  readonly changes: readonly ShippedChange[]
  /** None, where nothing was read. */
  readonly readings?: readonly Reading[]
}

const NOWHERE: readonly string[] = []

/**
 * The years that every calendar covers whole; null when none says what it covers. One range for all
 * countries: interfaces promise the same years everywhere.
 */
export function yearsCovered(calendars: Calendars): YearRange | null {
  let from: CalendarDate = '0001-01-01'
  let to: CalendarDate = '9999-12-31'
  let any = false
  for (const { covers } of calendars.values()) {
    if (covers === null) continue
    any = true
    const [begin, end] = [fromEpochDay(covers.from), fromEpochDay(covers.to)]
    if (begin > from) from = begin
    if (end < to) to = end
  }
  const first = from.endsWith('-01-01') ? yearOf(from) : yearOf(from) + 1
  const last = to.endsWith('-12-31') ? yearOf(to) : yearOf(to) - 1
  return any && first <= last ? { first, last } : null
}

/** @param countries checked: what does not fit together was refused when they were read */
export function buildTaxData(
  countries: readonly CountryRules[],
  calendars: Calendars,
  years: YearRange,
): TaxData {
  const byCode = [...countries].sort((a, b) => (a.code < b.code ? -1 : 1))
  const reckonedWith: ReckonedWith = { calendars, years, periodLists: sharedPeriodLists() }
  return {
    years,
    calendars,
    countries: new Map(byCode.map((file) => [file.code, buildCountry(file, reckonedWith)])),
  }
}

/** What all rules are reckoned with. */
type ReckonedWith = {
  readonly calendars: Calendars
  readonly years: YearRange
  readonly periodLists: PeriodLists
}

function buildCountry(file: CountryRules, reckonedWith: ReckonedWith): CountryTaxData {
  const { years } = reckonedWith
  const datesByYear = new Map<number, IndexedTaxDate[]>()
  for (let year = years.first; year <= years.last; year++) datesByYear.set(year, [])
  const obligations: Obligation[] = []
  const disagreements = disagreementsById(file.readings ?? [], file.rules)
  for (const rule of file.rules) {
    const obligation = obligationOf(rule, file.code)
    obligations.push(obligation)
    for (const date of indexedDatesOf(rule, obligation, reckonedWith)) {
      const told = withDisagreements(date, disagreements.get(date.taxDate.id))
      datesByYear.get(yearOf(told.taxDate.dueDate))?.push(told)
    }
  }
  for (const dates of datesByYear.values()) dates.sort(byDueDateThenId)
  return {
    country: { code: file.code, name: file.name, obligations },
    regions: new Set(Object.keys(file.regions)),
    rules: new Map(file.rules.map((rule) => [rule.id, rule])),
    datesByYear,
    shippedChanges: file.changes,
    readings: file.readings ?? [],
  }
}

/** With the prints that contradict it; one that says the same contradicts nothing. */
function withDisagreements(
  date: IndexedTaxDate,
  printed: readonly Disagreement[] | undefined,
): IndexedTaxDate {
  if (printed === undefined) return date
  const { statutoryDate, dueDate } = date.taxDate
  const disagreements = printed.filter(({ printedAs, printedDate }) => {
    return printedDate !== (printedAs === 'DUE' ? dueDate : statutoryDate)
  })
  return { ...date, taxDate: { ...date.taxDate, disagreements } }
}

function* indexedDatesOf(
  rule: TaxRule,
  obligation: Obligation,
  { calendars, years, periodLists }: ReckonedWith,
): Generator<IndexedTaxDate> {
  const freeYearEnd = rule.periodNote !== undefined
  const periodsEndingIn = periodLists(rule.period, freeYearEnd)
  const { fewest, most } = yearsToDueDate(rule.due)
  for (let year = years.first - most; year <= years.last - fewest; year++) {
    for (const period of periodsEndingIn(year)) {
      if (!isValidPeriod(rule, period)) continue
      const [own, ...exceptions] = taxDatesOf(rule, obligation, period, calendars)
      if (own === undefined) continue
      const periodEndMonth = monthOf(period.end)
      const listedByDefault =
        !freeYearEnd || rule.period.type !== 'year' || rule.period.endMonth === periodEndMonth
      const replacedIn =
        exceptions.length === 0 ? NOWHERE : exceptions.flatMap(({ region }) => region ?? [])
      yield { taxDate: own, periodEndMonth, listedByDefault, replacedIn }
      for (const taxDate of exceptions) {
        yield { taxDate, periodEndMonth, listedByDefault, replacedIn: NOWHERE }
      }
    }
  }
}

/** The order of the public contract; `<` compares strings by code unit. */
export function byDueDateThenId(
  { taxDate: a }: IndexedTaxDate,
  { taxDate: b }: IndexedTaxDate,
): number {
  if (a.dueDate !== b.dueDate) return a.dueDate < b.dueDate ? -1 : 1
  return a.id < b.id ? -1 : 1
}
