import { BadInput } from '../bad-input.ts'
import { demandCoveredDate } from './argument-checks.ts'
import { type CalendarDate, yearOf } from './calendar-date.ts'
import type { Obligation } from './obligation.ts'
import type { TaxData, YearRange } from './tax-data.ts'
import { type Calendars, type Reckoning, reckon } from './tax-dates.ts'
import type { TaxRule } from './tax-rule.ts'

/** The arguments of `dueDateFor`. */
export type EventQuery = {
  readonly obligationId: string
  /** The day of the event that the obligation names: a payday. */
  readonly eventDate: CalendarDate
}

/** A due date counted from an event. */
export type EventReckoning = Reckoning & {
  /** How many are counted from the day after the event; 0: due on the day itself. */
  readonly businessDays: number
}

/** When is due what an event causes; in the ordinary case, and in each other that the rule knows. */
export type EventDueDate = EventReckoning & {
  readonly obligation: Obligation
  readonly eventDate: CalendarDate
  readonly variants: readonly EventDueDateVariant[]
}

export type EventDueDateVariant = EventReckoning & {
  /** In which case: `new employee or new fund`. */
  readonly when: string
}

/**
 * When an obligation is due that has no periods, because each of its dates depends on an event.
 * @throws BadInput an obligation that is unknown or has dates of its own; an event on which the rule
 *   did not hold; a date in, or leading to, days that the data does not cover
 */
export function dueDateFor(data: TaxData, { obligationId, eventDate }: EventQuery): EventDueDate {
  const { rule, obligation } = eventRuleOf(data, obligationId)
  demandEventDay(rule, eventDate, data.years)
  const counted = (businessDays: number): EventReckoning => ({
    businessDays,
    ...reckonFrom(rule, eventDate, businessDays, data),
  })
  return {
    obligation,
    eventDate,
    ...counted(rule.due.addBusinessDays ?? 0),
    variants: (rule.variants ?? []).map(({ when, addBusinessDays }) => {
      return { when, ...counted(addBusinessDays) }
    }),
  }
}

type EventRule = TaxRule & { readonly due: Extract<TaxRule['due'], { anchor: 'event' }> }

function eventRuleOf(data: TaxData, id: string): { rule: EventRule; obligation: Obligation } {
  for (const { country, rules } of data.countries.values()) {
    const rule = rules.get(id)
    const obligation = country.obligations.find((candidate) => candidate.id === id)
    if (rule === undefined || obligation === undefined) continue
    if (isEventRule(rule)) return { rule, obligation }
    throw new BadInput(`obligationId: ${id} has dates of its own: ask taxDates`)
  }
  throw new BadInput(`obligationId: ${id} is unknown`)
}

function isEventRule(rule: TaxRule): rule is EventRule {
  return rule.due.anchor === 'event'
}

function demandEventDay(rule: EventRule, day: CalendarDate, years: YearRange): void {
  demandCoveredDate('eventDate', day, years)
  if (rule.validFrom !== undefined && day < rule.validFrom) {
    throw new BadInput(`eventDate: ${rule.id} holds from ${rule.validFrom} on, not on ${day}`)
  }
  if (rule.validTo !== undefined && day > rule.validTo) {
    throw new BadInput(`eventDate: ${rule.id} held until ${rule.validTo}, not on ${day}`)
  }
}

/** One date that nobody can know refuses all: an answer with a hole would be taken for the whole. */
function reckonFrom(
  rule: EventRule,
  date: CalendarDate,
  businessDays: number,
  { calendars, years }: { readonly calendars: Calendars; readonly years: YearRange },
): Reckoning {
  const found = reckon(rule, { date, businessDays }, rule.shift, calendars)
  if (found !== undefined && yearOf(found.dueDate) <= years.last) return found
  throw new BadInput(
    `eventDate: ${businessDays} business days after ${date} lead beyond the years covered, ` +
      `${years.first}–${years.last}`,
  )
}
