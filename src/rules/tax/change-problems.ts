import { type CalendarDate, toEpochDay } from './calendar-date.ts'
import { dueAnchor } from './due-date.ts'
import { periodEnding } from './period.ts'
import { statutoryDate } from './shift.ts'
import type { AnnouncedChange } from './tax-date-change.ts'
import { isValidPeriod } from './tax-dates.ts'
import type { TaxRule } from './tax-rule.ts'

/** What a change needs of its country; `CountryTaxData` has it. */
export type ChangeSurroundings = {
  readonly regions: ReadonlySet<string>
  readonly rules: ReadonlyMap<string, TaxRule>
}

/** The longest postponement on record was just under two years; further off it is a slip of the pen. */
const LONGEST_MOVE_DAYS = 3 * 366

/**
 * What is wrong with a change that reads well by itself. Unless it is found here it would change
 * nothing, without a word: a misspelt period has no date to move.
 */
export function* problemsOfChange(
  change: AnnouncedChange,
  { regions, rules }: ChangeSurroundings,
): Generator<string> {
  const { country, obligationId, periodEnd, region, effect, dueDate, source } = change
  if ((effect === 'MOVED') !== (dueDate !== null)) {
    yield effect === 'MOVED' ? 'effect MOVED needs dueDate' : `effect ${effect} takes no dueDate`
  }
  if ((obligationId === null) !== (periodEnd === null)) {
    yield 'obligationId and periodEnd belong together: both or neither'
  }
  if (region !== null && !regions.has(region)) yield `region ${region} is not listed for ${country}`
  if (obligationId === null) {
    if (dueDate !== null) yield* farFrom(dueDate, source.read, 'the day it was read')
    return
  }
  const rule = rules.get(obligationId)
  if (rule === undefined) {
    yield `obligation ${obligationId} is not one of ${country}`
  } else if (periodEnd !== null) {
    yield* problemsWithRule(change, rule, periodEnd)
  }
}

function* problemsWithRule(
  { region, dueDate, obligationId }: AnnouncedChange,
  rule: TaxRule,
  periodEnd: CalendarDate,
): Generator<string> {
  if (region !== null && rule.region !== null && region !== rule.region) {
    yield `obligation ${obligationId} exists in ${rule.region} only`
  }
  if (rule.period.type === 'event') {
    yield `obligation ${obligationId} counts from each ${rule.period.event}: it has no periods`
    return
  }
  const period = periodEnding(rule, periodEnd)
  if (period === undefined) {
    yield `no period of ${obligationId} ends on ${periodEnd}`
    return
  }
  if (!isValidPeriod(rule, period)) {
    yield `${obligationId} does not hold for the period that ends on ${periodEnd}`
  }
  const anchor = dueAnchor(rule.due, period)
  if (anchor === undefined) {
    yield `${obligationId} has no date for ${periodEnd} to change: announce it in due.dates`
  } else if (dueDate !== null) {
    yield* farFrom(dueDate, statutoryDate(anchor), 'the statutory date')
  }
}

function* farFrom(dueDate: CalendarDate, from: CalendarDate, what: string): Generator<string> {
  if (Math.abs(toEpochDay(dueDate) - toEpochDay(from)) > LONGEST_MOVE_DAYS) {
    yield `dueDate ${dueDate} lies more than three years from ${from}, ${what}`
  }
}
