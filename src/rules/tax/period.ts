import {
  addDays,
  type CalendarDate,
  type DayOfMonth,
  dateInMonth,
  FRIDAY,
  fromEpochDay,
  monthOf,
  SATURDAY,
  TUESDAY,
  toEpochDay,
  WEDNESDAY,
  weekdayOf,
  yearOf,
} from './calendar-date.ts'
import type { PeriodRule, TaxRule } from './tax-rule.ts'

/** What a return or payment is for, both days inclusive. */
export type Period = { readonly start: CalendarDate; readonly end: CalendarDate }

const MONTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
const QUARTER_END_MONTHS = [3, 6, 9, 12]
/** UK tax months end on the 5th, tax quarters on the 5th of these (ITEPA 2003, PAYE regs 2003 reg 2). */
const GB_TAX_MONTH_END_DAY = 5
const GB_TAX_QUARTER_END_MONTHS = [1, 4, 7, 10]

/**
 * All periods of a rule that end in the given calendar year, in order. An `event` has none.
 * Where `freeYearEnd`, a year may end with any month, and all twelve are listed.
 */
export function periodsEndingIn(year: number, rule: PeriodRule, freeYearEnd = false): Period[] {
  if (rule.type === 'event') return []
  if (rule.type === 'semiweekly') return semiweeklyPeriods(year)
  if (rule.type === 'year') return yearPeriods(year, rule, freeYearEnd)
  return monthlyPeriods(year, rule).filter(({ end }) => countsByEndMonth(monthOf(end), rule))
}

/** The period of a rule that ends on this day, its other year ends among them. */
export function periodEnding(
  { period, periodNote }: Pick<TaxRule, 'period' | 'periodNote'>,
  end: CalendarDate,
): Period | undefined {
  const ending = periodsEndingIn(yearOf(end), period, periodNote !== undefined)
  return ending.find((one) => one.end === end)
}

/** The periods of a rule by the calendar year in which they end. */
export type PeriodLists = (rule: PeriodRule, freeYearEnd: boolean) => YearlyPeriods
type YearlyPeriods = (year: number) => readonly Period[]

/**
 * `periodsEndingIn` that makes each list once, for all rules that have the same periods: hundreds of
 * rules have some twenty kinds of them.
 */
export function sharedPeriodLists(): PeriodLists {
  const kinds = new Map<string, YearlyPeriods>()
  return (rule, freeYearEnd) => {
    const kind = `${JSON.stringify(rule)} ${freeYearEnd}`
    const known = kinds.get(kind)
    if (known !== undefined) return known
    const byYear = new Map<number, readonly Period[]>()
    const periodsOf = (year: number) => {
      const periods = byYear.get(year) ?? periodsEndingIn(year, rule, freeYearEnd)
      byYear.set(year, periods)
      return periods
    }
    kinds.set(kind, periodsOf)
    return periodsOf
  }
}

function yearPeriods(
  year: number,
  rule: Extract<PeriodRule, { type: 'year' }>,
  freeYearEnd: boolean,
): Period[] {
  const ending = (endMonth: number, endDay: DayOfMonth) => ({
    start: addDays(dateInMonth(year - 1, endMonth, endDay), 1),
    end: dateInMonth(year, endMonth, endDay),
  })
  if (!freeYearEnd) return [ending(rule.endMonth, rule.endDay)]
  return MONTHS.map((month) => ending(month, 'last'))
}

type PeriodByMonth = Exclude<PeriodRule, { type: 'event' | 'semiweekly' | 'year' }>

function monthlyPeriods(year: number, rule: PeriodByMonth): Period[] {
  switch (rule.type) {
    case 'calendarMonth':
      return MONTHS.map((month) => wholeMonths(year, month, 1))
    case 'calendarQuarter':
      return QUARTER_END_MONTHS.map((month) => wholeMonths(year, month, 3))
    case 'twoMonth':
      return MONTHS.map((month) => wholeMonths(year, month, 2))
    case 'sixMonth':
      return MONTHS.map((month) => wholeMonths(year, month, 6))
    case 'halfMonth':
      return MONTHS.map((month) => partOfMonth(year, month, ...HALVES[rule.half]))
    case 'quarterMonth':
      return MONTHS.flatMap((month) => partsOfMonth(year, month, rule.ends))
    case 'gbTaxMonth':
      return MONTHS.map((month) => gbTaxMonths(year, month, 1))
    case 'gbTaxQuarter':
      return GB_TAX_QUARTER_END_MONTHS.map((month) => gbTaxMonths(year, month, 3))
  }
}

const HALVES: Record<1 | 2, [first: number, last: DayOfMonth]> = { 1: [1, 15], 2: [16, 'last'] }

function wholeMonths(year: number, endMonth: number, count: number): Period {
  return {
    start: dateInMonth(year, endMonth - count + 1, 1),
    end: dateInMonth(year, endMonth, 'last'),
  }
}

function partOfMonth(year: number, month: number, first: number, last: DayOfMonth): Period {
  return { start: dateInMonth(year, month, first), end: dateInMonth(year, month, last) }
}

function partsOfMonth(year: number, month: number, ends: readonly DayOfMonth[]): Period[] {
  const periods: Period[] = []
  let start = dateInMonth(year, month, 1)
  for (const day of ends) {
    const end = dateInMonth(year, month, day)
    periods.push({ start, end })
    start = addDays(end, 1)
  }
  return periods
}

function gbTaxMonths(year: number, endMonth: number, count: number): Period {
  return {
    start: dateInMonth(year, endMonth - count, GB_TAX_MONTH_END_DAY + 1),
    end: dateInMonth(year, endMonth, GB_TAX_MONTH_END_DAY),
  }
}

/**
 * Saturday to Tuesday and Wednesday to Friday. A period that spans the end of a quarter is two, each
 * with its own liability (IRS Publication 15, "Semiweekly deposit schedule": deposit periods
 * spanning two quarters).
 */
function semiweeklyPeriods(year: number): Period[] {
  const periods: Period[] = []
  const newYear = toEpochDay(dateInMonth(year, 1, 1))
  const lastDay = toEpochDay(dateInMonth(year, 12, 'last'))
  const quarterEnds = new Set(
    QUARTER_END_MONTHS.map((month) => toEpochDay(dateInMonth(year, month, 'last'))),
  )
  // 31 December ends a quarter, so every year begins with a new period, whatever its weekday.
  let start = newYear
  for (let day = newYear; day <= lastDay; day++) {
    const weekday = weekdayOf(day)
    if (weekday === TUESDAY || weekday === FRIDAY || quarterEnds.has(day)) {
      periods.push({ start: fromEpochDay(start), end: fromEpochDay(day) })
      start = day + 1
    }
  }
  return periods
}

/** The Tuesday or Friday that ends the semiweekly period of a day, quarter end or not. */
export function semiweeklyCloseOf(date: CalendarDate): CalendarDate {
  const day = toEpochDay(date)
  const weekday = weekdayOf(day)
  if (weekday >= WEDNESDAY && weekday <= FRIDAY) return fromEpochDay(day + FRIDAY - weekday)
  return fromEpochDay(day + (weekday === SATURDAY ? 3 : TUESDAY - weekday))
}

function countsByEndMonth(endMonth: number, rule: PeriodByMonth): boolean {
  const { onlyEndMonths, endMonths, skipEndMonths, endParity } = rule
  if (onlyEndMonths && !onlyEndMonths.includes(endMonth)) return false
  if (endMonths && !endMonths.includes(endMonth)) return false
  if (skipEndMonths?.includes(endMonth)) return false
  return endParity === undefined || (endMonth % 2 === 1) === (endParity === 'odd')
}
