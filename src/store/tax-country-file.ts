import { join } from 'node:path'
import { problemsOfChange } from '../rules/tax/change-problems.ts'
import type { CountryCode } from '../rules/tax/country-code.ts'
import {
  countryFileSchema,
  shippedChangeOf,
  shippedChangeSchema,
} from '../rules/tax/country-file.ts'
import { problemsOf, type RuleSurroundings } from '../rules/tax/rule-problems.ts'
import type { CountryRules } from '../rules/tax/tax-data.ts'
import { isEnteredBefore, type ShippedChange } from '../rules/tax/tax-date-change.ts'
import type { Calendars } from '../rules/tax/tax-dates.ts'
import { type TaxRule, taxRuleSchema } from '../rules/tax/tax-rule.ts'
import { issuesOf, readJson } from './json-file.ts'

export type CountryFile = Omit<CountryRules, 'readings'>

/**
 * One country's rules and announced changes. `problems` receives one line for each thing that is wrong,
 * with the file and the rule's id or the change's key.
 */
export function readCountryFile(
  directory: string,
  file: string,
  calendars: Calendars,
  problems: string[],
): CountryFile | undefined {
  const content = readJson(join(directory, file), countryFileSchema, problems)
  if (content === undefined) return undefined
  const { country, name, regions } = content
  if (file !== `${country.toLowerCase()}.json`) problems.push(`${file}: holds country ${country}`)
  for (const region of Object.keys(regions)) {
    if (!region.startsWith(`${country}-`)) problems.push(`${file}: ${region} is not in ${country}`)
  }
  const surroundings = { country, regions, calendars }
  const before = problems.length
  const rules = content.rules.flatMap((unread, index) => {
    const label = `${file}: ${textOf(unread, 'id') ?? `rule ${index + 1}`}`
    return readRule(unread, label, surroundings, problems) ?? []
  })
  const rulesAreSound = problems.length === before
  const changes = (content.changes ?? []).flatMap((unread, index) => {
    const label = `${file}: change ${textOf(unread, 'key') ?? index + 1}`
    return readChange(unread, label, country, problems) ?? []
  })
  const all = { code: country, name, regions, rules, changes }
  // A rule that cannot be read would be missed by all its changes, and drown among them.
  if (rulesAreSound) problems.push(...problemsOfChanges(all, file))
  return all
}

function readRule(
  unread: unknown,
  label: string,
  surroundings: RuleSurroundings,
  problems: string[],
): TaxRule | undefined {
  const read = taxRuleSchema.safeParse(unread)
  if (!read.success) {
    problems.push(...issuesOf(read.error, label))
    return undefined
  }
  for (const problem of problemsOf(read.data, surroundings)) problems.push(`${label}: ${problem}`)
  return read.data
}

function readChange(
  unread: unknown,
  label: string,
  country: CountryCode,
  problems: string[],
): ShippedChange | undefined {
  const read = shippedChangeSchema.safeParse(unread)
  if (read.success) return shippedChangeOf(read.data, country)
  problems.push(...issuesOf(read.error, label))
  return undefined
}

function problemsOfChanges({ code, regions, rules, changes }: CountryFile, file: string): string[] {
  const surroundings = {
    regions: new Set(Object.keys(regions)),
    rules: new Map(rules.map((rule) => [rule.id, rule])),
  }
  return changes.flatMap((change, index) => {
    const found = [...problemsOfChange(change, surroundings)]
    const prefix = `${code.toLowerCase()}-`
    if (!change.key.startsWith(prefix)) found.push(`key does not begin with ${prefix}`)
    // Who reads the file down reads the history: of two for one date the lower one holds.
    const above = changes[index - 1]
    if (above && !isEnteredBefore(above, change)) {
      found.push('is out of order: sort by entered, then by key')
    }
    return found.map((problem) => `${file}: change ${change.key}: ${problem}`)
  })
}

function textOf(unread: unknown, field: 'id' | 'key'): string | undefined {
  if (typeof unread !== 'object' || unread === null) return undefined
  const value = field in unread ? Reflect.get(unread, field) : undefined
  return typeof value === 'string' ? value : undefined
}
