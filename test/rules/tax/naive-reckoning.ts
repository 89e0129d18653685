import type { HolidayCalendar } from '../../../src/rules/tax/holiday-calendar.ts'
import type { Period } from '../../../src/rules/tax/period.ts'
import type { Calendars, TaxDate } from '../../../src/rules/tax/tax-dates.ts'
import type { DueRule, ShiftRule, TaxRule } from '../../../src/rules/tax/tax-rule.ts'
import { dayOf, isMonthEnd, isoOf, isWeekendDay, naivePeriods, step } from './naive-periods.ts'

/** The reference for due dates: from day to day, as one would with a finger on a wall calendar. */

export type NaiveDate = {
  id: string
  region: string | null
  periodStart: string
  periodEnd: string
  statutoryDate: string
  dueDate: string
  payBy: string | null
}

/** As much of a computed date as the reference tells. */
export function toldByBoth(date: TaxDate): NaiveDate {
  const { id, region, periodStart, periodEnd, statutoryDate, dueDate, payBy } = date
  return { id, region, periodStart, periodEnd, statutoryDate, dueDate, payBy }
}

class Unknown extends Error {}

/** What it says of one day: is somebody at work. Asking of a day that is not covered ends it. */
type WallCalendar = (day: Date, weekendsCount: boolean) => boolean

export function wallCalendar(id: string, calendars: Calendars): WallCalendar {
  const found = calendars.get(id)
  if (!found) throw new Error(`no calendar ${id}`)
  const hanging = onTheWall.get(found) ?? hangUp(found)
  onTheWall.set(found, hanging)
  return hanging
}

const onTheWall = new WeakMap<HolidayCalendar, WallCalendar>()

function hangUp(found: HolidayCalendar): WallCalendar {
  const holidays = new Set(
    [...found.holidays.keys()].map((day) => isoOf(step(dayOf('1970-01-01'), day))),
  )
  const { covers } = found
  return (day, weekendsCount) => {
    if (weekendsCount && isWeekendDay(day)) return false
    const number = day.getTime() / 86_400_000
    if (covers && (number < covers.from || number > covers.to)) throw new Unknown()
    return !holidays.has(isoOf(day))
  }
}

/** The day on which the rule's own words end, and the business days still to count. */
function anchorOf(due: DueRule, end: Date): { day: Date; businessDays: number } | undefined {
  const overrides = 'overrides' in due ? due.overrides : undefined
  const own: DueRule = overrides?.[end.getUTCMonth() + 1] ?? due
  switch (own.anchor) {
    case 'announced': {
      const date = own.dates[isoOf(end)]
      return date === undefined ? undefined : { day: dayOf(date), businessDays: 0 }
    }
    case 'event':
      return undefined
    case 'semiweekly': {
      let day = end
      while (day.getUTCDay() !== 2 && day.getUTCDay() !== 5) day = step(day, 1)
      return { day, businessDays: 3 }
    }
    case 'fixedAfterPeriodEnd': {
      const months = own.yearOffset * 12 + own.month - 1 - end.getUTCMonth()
      return { day: inMonth(end, months, own.day), businessDays: 0 }
    }
    case 'periodEnd': {
      const wanted = own.day ?? (isMonthEnd(end) ? 'last' : end.getUTCDate())
      const day = step(inMonth(end, own.addMonths ?? 0, wanted), own.addDays ?? 0)
      return { day, businessDays: own.addBusinessDays ?? 0 }
    }
  }
}

/** A day of the month that lies so many months off, found by leafing from its first. */
function inMonth(from: Date, months: number, wanted: number | 'last'): Date {
  let day = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months, 1))
  while (!isMonthEnd(day) && day.getUTCDate() !== wanted) day = step(day, 1)
  return day
}

/** So many days after `from` on which `isWorking` holds. */
export function countDays(from: Date, count: number, isWorking: (day: Date) => boolean): Date {
  let day = from
  for (let left = count; left > 0; ) {
    day = step(day, 1)
    if (isWorking(day)) left -= 1
  }
  return day
}

function shifted(
  anchor: { day: Date; businessDays: number },
  shift: ShiftRule,
  calendars: Calendars,
) {
  const isOpen = wallCalendar(shift.calendar, calendars)
  const statutory = countDays(anchor.day, anchor.businessDays, (day) => !isWeekendDay(day))
  if (shift.convention === 'businessDayCount') {
    const due = countDays(anchor.day, anchor.businessDays, (day) => isOpen(day, true))
    return { statutory, due }
  }
  let due = statutory
  if (shift.convention !== 'none') {
    const direction = shift.convention === 'next' ? 1 : -1
    while (!isOpen(due, shift.weekends)) due = step(due, direction)
  }
  return { statutory, due }
}

/** From the end of the rule's words to the dates; undefined where a day is not covered. */
export function naiveShift(
  rule: TaxRule,
  anchor: { day: Date; businessDays: number },
  calendars: Calendars,
  shift: ShiftRule = rule.shift,
): Pick<NaiveDate, 'statutoryDate' | 'dueDate' | 'payBy'> | undefined {
  try {
    const { statutory, due } = shifted(anchor, shift, calendars)
    const paid = rule.paymentShift
      ? shifted({ day: due, businessDays: 0 }, rule.paymentShift, calendars).due
      : due
    return {
      statutoryDate: isoOf(statutory),
      dueDate: isoOf(due),
      payBy: paid < due ? isoOf(paid) : null,
    }
  } catch (error) {
    if (error instanceof Unknown) return undefined
    throw error
  }
}

function dateOf(
  rule: TaxRule,
  period: Period,
  calendars: Calendars,
  exception?: { region: string; calendar: string },
): NaiveDate | undefined {
  const anchor = anchorOf(rule.due, dayOf(period.end))
  const shift = exception ? { ...rule.shift, calendar: exception.calendar } : rule.shift
  const dates = anchor && naiveShift(rule, anchor, calendars, shift)
  return (
    dates && {
      id: [rule.id, period.end, ...(exception ? [exception.region] : [])].join(':'),
      region: exception?.region ?? rule.region,
      periodStart: period.start,
      periodEnd: period.end,
      ...dates,
    }
  )
}

/** Every date of a rule that falls into these years, by due date and id. */
export function naiveDates(
  rule: TaxRule,
  years: { first: number; last: number },
  calendars: Calendars,
): NaiveDate[] {
  // Wider than any rule reaches: what is missed by looking too near would be missed here alone.
  const wide = { first: years.first - 6, last: years.last + 6 }
  const dates = naivePeriods(rule.period, wide, rule.periodNote !== undefined)
    .filter(({ start }) => start >= (rule.validFrom ?? start))
    .filter(({ end }) => end <= (rule.validTo ?? end))
    .flatMap((period) => {
      const own = dateOf(rule, period, calendars)
      const others = (rule.regionExceptions ?? []).flatMap(({ regions, calendar }) =>
        regions.map((region) => dateOf(rule, period, calendars, { region, calendar })),
      )
      return own ? [own, ...others.filter((date) => date && date.dueDate !== own.dueDate)] : []
    })
  return dates
    .flatMap((date) => date ?? [])
    .filter(({ dueDate }) => dueDate >= `${years.first}-01-01` && dueDate <= `${years.last}-12-31`)
    .sort((a, b) => (`${a.dueDate} ${a.id}` < `${b.dueDate} ${b.id}` ? -1 : 1))
}
