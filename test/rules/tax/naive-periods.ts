import type { Period } from '../../../src/rules/tax/period.ts'
import type { PeriodRule } from '../../../src/rules/tax/tax-rule.ts'

/**
 * The reference for periods: it walks from day to day on `Date` in UTC and asks of each whether a period
 * closes there. Slow, short, and nothing of it is shared with what it judges.
 */

const DAY = 86_400_000

export const dayOf = (iso: string) => new Date(`${iso}T00:00:00Z`)
export const isoOf = (day: Date) => day.toISOString().slice(0, 10)
export const step = (day: Date, days: number) => new Date(day.getTime() + days * DAY)
export const isWeekendDay = (day: Date) => day.getUTCDay() === 0 || day.getUTCDay() === 6
export const isMonthEnd = (day: Date) => step(day, 1).getUTCDate() === 1

const month = (day: Date) => day.getUTCMonth() + 1
const isQuarterEnd = (day: Date) => isMonthEnd(day) && month(day) % 3 === 0

/** Is it that day of its month; days that the month lacks fall on its last one. */
function isDay(day: Date, wanted: number | 'last'): boolean {
  if (wanted !== 'last' && day.getUTCDate() === wanted) return true
  return isMonthEnd(day) && (wanted === 'last' || wanted > day.getUTCDate())
}

/** Does a period close on this day, its filters left aside. */
function closes(rule: PeriodRule, day: Date): boolean {
  switch (rule.type) {
    case 'year':
      return month(day) === rule.endMonth && isDay(day, rule.endDay)
    case 'calendarMonth':
    case 'twoMonth':
    case 'sixMonth':
      return isMonthEnd(day)
    case 'calendarQuarter':
      return isQuarterEnd(day)
    case 'halfMonth':
      return rule.half === 1 ? day.getUTCDate() === 15 : isMonthEnd(day)
    case 'quarterMonth':
      return rule.ends.some((end) => isDay(day, end))
    case 'gbTaxMonth':
      return day.getUTCDate() === 5
    case 'gbTaxQuarter':
      return day.getUTCDate() === 5 && month(day) % 3 === 1
    case 'semiweekly':
      return [2, 5].includes(day.getUTCDay()) || isQuarterEnd(day)
    case 'event':
      return false
  }
}

/** How often the day before an opening is met, walking back, until the period's own is found. */
const MONTHS: Partial<Record<PeriodRule['type'], number>> = {
  calendarMonth: 1,
  twoMonth: 2,
  calendarQuarter: 3,
  sixMonth: 6,
  gbTaxMonth: 1,
  gbTaxQuarter: 3,
}

function opensOn(rule: PeriodRule, close: Date): Date {
  const isGb = rule.type === 'gbTaxMonth' || rule.type === 'gbTaxQuarter'
  const opening = (day: Date): boolean => {
    if (rule.type === 'halfMonth') return day.getUTCDate() === (rule.half === 1 ? 1 : 16)
    if (rule.type === 'quarterMonth') return day.getUTCDate() === 1 || closes(rule, step(day, -1))
    if (rule.type === 'semiweekly' || rule.type === 'year') return closes(rule, step(day, -1))
    return day.getUTCDate() === (isGb ? 6 : 1)
  }
  let day = close
  for (let left = MONTHS[rule.type] ?? 1; ; day = step(day, -1)) {
    if (opening(day)) left -= 1
    if (left === 0) return day
  }
}

function isWanted(rule: PeriodRule, close: Date): boolean {
  if (!('skipEndMonths' in rule || 'onlyEndMonths' in rule || 'endMonths' in rule)) {
    if (!('endParity' in rule)) return true
  }
  const { skipEndMonths, onlyEndMonths, endMonths, endParity } = rule as Extract<
    PeriodRule,
    { type: 'calendarMonth' }
  >
  const parity = month(close) % 2 === 1 ? 'odd' : 'even'
  return (
    !skipEndMonths?.includes(month(close)) &&
    (onlyEndMonths?.includes(month(close)) ?? true) &&
    (endMonths?.includes(month(close)) ?? true) &&
    (endParity ?? parity) === parity
  )
}

/** All periods that end in these years, both included; `free`: a year may end with any month. */
export function naivePeriods(
  rule: PeriodRule,
  years: { first: number; last: number },
  free = false,
): Period[] {
  const periods: Period[] = []
  const end = dayOf(`${years.last}-12-31`)
  for (let day = dayOf(`${years.first}-01-01`); day <= end; day = step(day, 1)) {
    const shape: PeriodRule =
      free && rule.type === 'year' ? { type: 'year', endMonth: month(day), endDay: 'last' } : rule
    if (closes(shape, day) && isWanted(shape, day)) {
      periods.push({ start: isoOf(opensOn(shape, day)), end: isoOf(day) })
    }
  }
  return periods
}
