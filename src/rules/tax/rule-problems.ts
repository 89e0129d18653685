import { monthOf } from './calendar-date.ts'
import type { CountryCode } from './country-code.ts'
import { periodEnding, periodsEndingIn } from './period.ts'
import type { Calendars } from './tax-dates.ts'
import type { TaxRule } from './tax-rule.ts'

/** What a rule needs of the file it stands in. */
export type RuleSurroundings = {
  readonly country: CountryCode
  readonly regions: Readonly<Record<string, string>>
  readonly calendars: Calendars
}

/**
 * What is wrong with a rule that reads well by itself: it names a calendar, region or period end that
 * does not exist. A misspelt period end would otherwise drop its date without a word.
 */
export function* problemsOf(rule: TaxRule, surroundings: RuleSurroundings): Generator<string> {
  const { country, regions, calendars } = surroundings
  if (!rule.id.startsWith(`${country.toLowerCase()}-`)) {
    yield `id does not begin with ${country.toLowerCase()}-`
  }
  for (const calendar of calendarsNamedBy(rule)) {
    if (!calendars.has(calendar)) yield `calendar ${calendar} is not in calendars.json`
  }
  for (const region of regionsNamedBy(rule)) {
    if (!Object.hasOwn(regions, region)) yield `region ${region} is not listed for ${country}`
  }
  for (const periodEnd of periodEndsNamedBy(rule)) {
    if (periodEnding(rule, periodEnd) === undefined)
      yield `no period of this rule ends on ${periodEnd}`
  }
  // An event has no periods by nature.
  const months = endMonthsOf(rule)
  if (rule.period.type !== 'event' && months.size === 0) {
    yield 'period: no period passes the filters'
  }
  for (const month of overriddenMonthsOf(rule)) {
    if (!months.has(month))
      yield `due.overrides.${month}: no period of this rule ends in that month`
  }
}

/** Of a year in which every filter has its chance. */
function endMonthsOf({ period, periodNote }: TaxRule): ReadonlySet<number> {
  const periods = periodsEndingIn(2024, period, periodNote !== undefined)
  return new Set(periods.map(({ end }) => monthOf(end)))
}

function overriddenMonthsOf({ due }: TaxRule): number[] {
  return 'overrides' in due ? Object.keys(due.overrides ?? {}).map(Number) : []
}

function calendarsNamedBy(rule: TaxRule): string[] {
  const exceptions = (rule.regionExceptions ?? []).map(({ calendar }) => calendar)
  const payment = rule.paymentShift ? [rule.paymentShift.calendar] : []
  return [rule.shift.calendar, ...payment, ...exceptions]
}

function regionsNamedBy(rule: TaxRule): string[] {
  const exceptions = (rule.regionExceptions ?? []).flatMap(({ regions }) => regions)
  return rule.region === null ? exceptions : [rule.region, ...exceptions]
}

function periodEndsNamedBy(rule: TaxRule): string[] {
  return rule.due.anchor === 'announced' ? Object.keys(rule.due.dates) : []
}
