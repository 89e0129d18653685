import {
  addDays,
  type CalendarDate,
  type DayOfMonth,
  dateInMonth,
  isLastDayOfMonth,
  monthOf,
  split,
  yearOf,
} from './calendar-date.ts'
import { type Period, semiweeklyCloseOf } from './period.ts'
import type { DueRule } from './tax-rule.ts'

/** 26 CFR 31.6302-1(c)(2): at least three business days to deposit after a semiweekly period. */
const SEMIWEEKLY_BUSINESS_DAYS = 3

/** Where the rule's own reckoning ends, before any weekend or holiday was looked at. */
export type DueAnchor = {
  readonly date: CalendarDate
  /** Business days still to count from `date`; 0: `date` is the statutory date itself. */
  readonly businessDays: number
}

/**
 * What a rule's `due` says of one period, or undefined where it names no date: an event's date
 * depends on the event, and an announced date that was not announced is never guessed.
 */
export function dueAnchor(due: DueRule, period: Period): DueAnchor | undefined {
  if ('overrides' in due && due.overrides) {
    const override = due.overrides[String(monthOf(period.end))]
    if (override) return dueAnchor(override, period)
  }
  switch (due.anchor) {
    case 'periodEnd':
      return {
        date: afterPeriodEnd(period.end, due.addMonths ?? 0, due.day, due.addDays ?? 0),
        businessDays: due.addBusinessDays ?? 0,
      }
    case 'fixedAfterPeriodEnd':
      return {
        date: dateInMonth(yearOf(period.end) + due.yearOffset, due.month, due.day),
        businessDays: 0,
      }
    case 'announced': {
      const date = due.dates[period.end]
      return date === undefined ? undefined : { date, businessDays: 0 }
    }
    case 'semiweekly':
      return { date: semiweeklyCloseOf(period.end), businessDays: SEMIWEEKLY_BUSINESS_DAYS }
    case 'event':
      return undefined
  }
}

/**
 * Months first, then the day, then days. Without a day a month's last day stays a last day (30 April
 * and nine months: 31 January); any other day is kept, cut to the month's length.
 */
function afterPeriodEnd(
  periodEnd: CalendarDate,
  months: number,
  day: DayOfMonth | undefined,
  days: number,
): CalendarDate {
  const end = split(periodEnd)
  const target = day ?? (isLastDayOfMonth(periodEnd) ? 'last' : end.day)
  return addDays(dateInMonth(end.year, end.month + months, target), days)
}

/**
 * In how many years after that of its period's end a due date may fall, at least and at most; negative
 * for dates before the end. Who looks for the dates of a year need not look at periods further off.
 */
export function yearsToDueDate(due: DueRule): { readonly fewest: number; readonly most: number } {
  const overrides = 'overrides' in due ? Object.values(due.overrides ?? {}) : []
  const bounds = [due, ...overrides].map(boundsOf)
  return {
    fewest: Math.min(...bounds.map(({ fewest }) => fewest)),
    most: Math.max(...bounds.map(({ most }) => most)),
  }
}

function boundsOf(due: DueRule): { fewest: number; most: number } {
  switch (due.anchor) {
    case 'periodEnd': {
      const { addMonths = 0, addDays: days = 0, addBusinessDays = 0 } = due
      const least = addMonths * (addMonths > 0 ? SHORTEST_MONTH : LONGEST_MONTH) + days - SLACK
      const most = addMonths * LONGEST_MONTH + days + 2 * addBusinessDays + SLACK
      return { fewest: Math.floor(least / (least > 0 ? 366 : 365)), most: Math.ceil(most / 365) }
    }
    case 'fixedAfterPeriodEnd':
      // A weekend or holiday may move it over the end of its year, either way.
      return { fewest: due.yearOffset - 1, most: due.yearOffset + 1 }
    case 'announced': {
      const years = Object.entries(due.dates).map(([end, date]) => yearOf(date) - yearOf(end))
      return { fewest: Math.min(...years) - 1, most: Math.max(...years) + 1 }
    }
    case 'semiweekly':
    case 'event':
      return { fewest: 0, most: 1 }
  }
}

const SHORTEST_MONTH = 28
const LONGEST_MONTH = 31
/** The day named within the month, and the longest shift: a month each. */
const SLACK = 2 * LONGEST_MONTH
