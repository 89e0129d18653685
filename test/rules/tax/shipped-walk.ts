import type { TaxData } from '../../../src/rules/tax/tax-data.ts'
import type { TaxDate } from '../../../src/rules/tax/tax-dates.ts'
import type { TaxRule } from '../../../src/rules/tax/tax-rule.ts'
import { allTaxDates, fromRules } from './shipped-data.ts'

/** Every date of every rule in all the years covered, as the rules alone say it. */

export const everyMonth = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
const { years } = fromRules

/** All dates of all countries; those of every year end, or only of the one listed by default. */
export function walk(data: TaxData, periodEndMonths?: number[]): TaxDate[] {
  const dates: TaxDate[] = []
  for (const country of data.countries.keys()) {
    for (let year = years.first; year <= years.last; year++) {
      dates.push(...allTaxDates({ country, year, periodEndMonths }, data))
    }
  }
  return dates
}

export const rules = [...fromRules.countries.values()].flatMap((country) => [
  ...country.rules.values(),
])
const ruleById = new Map(rules.map((rule) => [rule.id, rule]))

export function ruleOf({ obligation }: TaxDate): TaxRule {
  const rule = ruleById.get(obligation.id)
  if (!rule) throw new Error(`no rule ${obligation.id}`)
  return rule
}

/** The rule's own calendar, or that of the exception for this region. */
export function calendarOf(date: TaxDate): string {
  const { shift, region, regionExceptions = [] } = ruleOf(date)
  if (date.region === region) return shift.calendar
  const exception = regionExceptions.find(({ regions }) => regions.includes(date.region ?? ''))
  if (!exception) throw new Error(`${date.id} stands for a region without exception`)
  return exception.calendar
}

/** Ids of the dates for which it does not hold: one expectation a walk, not one a date. */
export function failing(
  dates: readonly TaxDate[],
  holds: (date: TaxDate) => boolean,
): readonly string[] {
  return dates.filter((date) => !holds(date)).map(({ id }) => id)
}
