import type { CalendarDate } from './calendar-date.ts'
import { type DueAnchor, dueAnchor } from './due-date.ts'
import type { HolidayCalendar } from './holiday-calendar.ts'
import type { Obligation } from './obligation.ts'
import type { Period } from './period.ts'
import type { Disagreement, Move } from './provenance.ts'
import { movesInWords, shiftDueDate, statutoryDate } from './shift.ts'
import type { TaxDateChange } from './tax-date-change.ts'
import type { ShiftRule, TaxRule } from './tax-rule.ts'

/** A due date with all that made it what it is. */
export type Reckoning = {
  /** Before weekends and holidays. */
  readonly statutoryDate: CalendarDate
  /** After them. */
  readonly dueDate: CalendarDate
  /** Set where payment must arrive earlier than dueDate. */
  readonly payBy: CalendarDate | null
  /** Why payBy is earlier, and for which payments; null without payBy. */
  readonly payByReason: string | null
  /** The weekend, holiday or announcement; set exactly where dueDate is not statutoryDate. */
  readonly shiftedBy: string | null
  /** The same step by step; empty exactly where dueDate is statutoryDate. */
  readonly movedBy: readonly Move[]
  /** dueDate or payBy was moved by a holiday that is not proclaimed yet. */
  readonly provisional: boolean
}

/** One due date of one obligation, as the API speaks of it. */
export type TaxDate = Reckoning & {
  /** As `taxDateId` makes it; unique and stable. */
  readonly id: string
  readonly obligation: Obligation
  /** Where this date holds; null: everywhere. */
  readonly region: string | null
  readonly periodStart: CalendarDate
  readonly periodEnd: CalendarDate
  /** What was announced about this date, newest first, for everybody or for some. */
  readonly changes: readonly TaxDateChange[]
  readonly disagreements: readonly Disagreement[]
}

const NONE: readonly never[] = []

/**
 * `<obligation>:<period end>`, and `:<region>` for a region's exception. Clients and calendars keep it.
 * @param exceptionFor the region; null: the obligation's own date
 */
export function taxDateId(
  obligationId: string,
  periodEnd: CalendarDate,
  exceptionFor: string | null,
): string {
  return `${obligationId}:${periodEnd}${exceptionFor === null ? '' : `:${exceptionFor}`}`
}

/** False for the exception of a region. */
export function isOwnDate({ region, obligation }: Pick<TaxDate, 'region' | 'obligation'>): boolean {
  return region === obligation.region
}

/** By id, as rules name them. */
export type Calendars = ReadonlyMap<string, HolidayCalendar>

/** False for a period that begins before the rule held or ends after it. */
export function isValidPeriod(rule: TaxRule, period: Period): boolean {
  return (
    (rule.validFrom === undefined || period.start >= rule.validFrom) &&
    (rule.validTo === undefined || period.end <= rule.validTo)
  )
}

/**
 * The dates of one period: the obligation's own, first, and one for each region whose calendar gives
 * another. Empty where the rule names no date or the calendar does not know the days it needs.
 */
export function taxDatesOf(
  rule: TaxRule,
  obligation: Obligation,
  period: Period,
  calendars: Calendars,
): TaxDate[] {
  const own = taxDateOf(rule, obligation, period, calendars, rule.shift, null)
  if (own === undefined) return []
  const dates = [own]
  for (const { regions, calendar } of rule.regionExceptions ?? []) {
    for (const region of regions) {
      const shift = { ...rule.shift, calendar }
      const date = taxDateOf(rule, obligation, period, calendars, shift, region)
      if (date !== undefined && date.dueDate !== own.dueDate) dates.push(date)
    }
  }
  return dates
}

function taxDateOf(
  rule: TaxRule,
  obligation: Obligation,
  period: Period,
  calendars: Calendars,
  shift: ShiftRule,
  exceptionFor: string | null,
): TaxDate | undefined {
  const anchor = dueAnchor(rule.due, period)
  if (anchor === undefined) return undefined
  const reckoned = reckon(rule, anchor, shift, calendars)
  if (reckoned === undefined) return undefined
  // The copy comes first: the engine makes it of one piece, and there are some twenty thousand.
  return {
    ...reckoned,
    id: taxDateId(rule.id, period.end, exceptionFor),
    obligation,
    region: exceptionFor ?? rule.region,
    periodStart: period.start,
    periodEnd: period.end,
    changes: NONE,
    disagreements: NONE,
  }
}

/**
 * From where a rule's own reckoning ends to the day on which to file and to pay. `shift` is the
 * rule's, or that of a region. Undefined where a calendar does not know the days that decide.
 */
export function reckon(
  rule: TaxRule,
  anchor: DueAnchor,
  shift: ShiftRule,
  calendars: Calendars,
): Reckoning | undefined {
  const due = shiftDueDate(anchor, shift, calendarOf(shift, calendars))
  if (due === undefined) return undefined
  const payment = paymentDate(rule, due.dueDate, calendars)
  if (payment === undefined) return undefined
  return {
    statutoryDate: statutoryDate(anchor),
    dueDate: due.dueDate,
    payBy: payment.payBy,
    payByReason: payment.reason,
    shiftedBy: movesInWords(due.moves),
    movedBy: due.moves,
    provisional: payment.provisional || due.moves.some(({ provisional }) => provisional),
  }
}

/** By when to pay what is due on a day; nulls: on that day. */
export type Payment = {
  readonly payBy: CalendarDate | null
  readonly reason: string | null
  readonly provisional: boolean
}

const NO_PAYMENT: Payment = { payBy: null, reason: null, provisional: false }

/** By when to pay what is due then. Undefined where the calendar cannot say whether it is earlier. */
export function paymentDate(
  rule: TaxRule,
  dueDate: CalendarDate,
  calendars: Calendars,
): Payment | undefined {
  const shift = rule.paymentShift
  if (shift === undefined) return NO_PAYMENT
  const anchor = { date: dueDate, businessDays: 0 }
  const moved = shiftDueDate(anchor, shift, calendarOf(shift, calendars))
  if (moved === undefined) return undefined
  if (moved.dueDate === dueDate) return NO_PAYMENT
  return {
    payBy: moved.dueDate,
    reason: `${movesInWords(moved.moves)}; ${shift.appliesTo}`,
    provisional: moved.moves.some(({ provisional }) => provisional),
  }
}

function calendarOf({ calendar }: ShiftRule, calendars: Calendars): HolidayCalendar {
  const found = calendars.get(calendar)
  // Loading refuses rules that name a calendar which is not there.
  if (found === undefined) throw new Error(`no calendar ${calendar}`)
  return found
}
