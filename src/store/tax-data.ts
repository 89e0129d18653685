import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildCalendars, calendarsFileSchema } from '../rules/tax/holiday-calendar.ts'
import { problemsOf, type RuleSurroundings } from '../rules/tax/rule-problems.ts'
import {
  buildTaxData,
  type CountryRules,
  type TaxData,
  yearsCovered,
} from '../rules/tax/tax-data.ts'
import type { Calendars } from '../rules/tax/tax-dates.ts'
import { countryFileSchema, type TaxRule, taxRuleSchema } from '../rules/tax/tax-rule.ts'
import { issuesOf, messageOf, readJson } from './json-file.ts'
import { readReadings } from './tax-readings.ts'

const CALENDARS_FILE = 'calendars.json'

/** The tax data cannot be used; the message lists everything that is wrong, one line each. */
export class TaxDataError extends Error {
  override readonly name = 'TaxDataError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`tax data: ${problems.length} problem(s)\n${problems.join('\n')}`)
    this.problems = problems
  }
}

/**
 * Reads calendars.json, one file a country and its readings from the directory, and computes all
 * dates. Nothing is skipped: a rule that cannot be read or does not fit stops the start and is named.
 * @throws TaxDataError with all problems of all files
 */
export function loadTaxData(directory: string): TaxData {
  const problems: string[] = []
  const calendarsFile = readJson(join(directory, CALENDARS_FILE), calendarsFileSchema, problems)
  const calendars: Calendars = calendarsFile ? buildCalendars(calendarsFile, problems) : new Map()
  const years = yearsCovered(calendars)
  if (years === null) problems.push(`${CALENDARS_FILE}: no year is covered by every calendar`)
  const countries = countryFilesIn(directory, problems).flatMap(
    (file) => readCountry(directory, file, calendars, problems) ?? [],
  )
  if (countries.length === 0) problems.push(`${directory}: holds no country's file`)
  reportDuplicates(countries, problems)
  if (problems.length > 0 || years === null) throw new TaxDataError(problems)
  // Only now: a rule that cannot be read would be missed by all its readings, and drown among them.
  const readings = readReadings(directory, countries, problems)
  if (problems.length > 0) throw new TaxDataError(problems)
  const withReadings = countries.map((country) => ({
    ...country,
    readings: readings.get(country.code) ?? [],
  }))
  return buildTaxData(withReadings, calendars, years)
}

function countryFilesIn(directory: string, problems: string[]): string[] {
  try {
    return readdirSync(directory)
      .filter((file) => file.endsWith('.json') && file !== CALENDARS_FILE)
      .sort()
  } catch (error) {
    problems.push(`${directory}: ${messageOf(error)}`)
    return []
  }
}

function readCountry(
  directory: string,
  file: string,
  calendars: Calendars,
  problems: string[],
): Omit<CountryRules, 'readings'> | undefined {
  const content = readJson(join(directory, file), countryFileSchema, problems)
  if (content === undefined) return undefined
  const { country, name, regions } = content
  if (file !== `${country.toLowerCase()}.json`) problems.push(`${file}: holds country ${country}`)
  for (const region of Object.keys(regions)) {
    if (!region.startsWith(`${country}-`)) problems.push(`${file}: ${region} is not in ${country}`)
  }
  const surroundings = { country, regions, calendars }
  const rules = content.rules.flatMap((unread, index) => {
    const label = `${file}: ${idOf(unread) ?? `rule ${index + 1}`}`
    return readRule(unread, label, surroundings, problems) ?? []
  })
  const changes = (content.changes ?? []).map(({ key, entered, ...change }) => ({
    key,
    entered,
    country,
    ...change,
    obligationId: change.obligationId ?? null,
    periodEnd: change.periodEnd ?? null,
    region: change.region ?? null,
    dueDate: change.dueDate ?? null,
    appliesTo: change.appliesTo ?? null,
  }))
  return { code: country, name, regions, rules, changes }
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

function idOf(unread: unknown): string | undefined {
  if (typeof unread !== 'object' || unread === null || !('id' in unread)) return undefined
  return typeof unread.id === 'string' ? unread.id : undefined
}

function reportDuplicates(
  countries: readonly { rules: readonly TaxRule[] }[],
  problems: string[],
): void {
  const seen = new Set<string>()
  for (const { id } of countries.flatMap(({ rules }) => rules)) {
    if (seen.has(id)) problems.push(`${id}: stands twice`)
    seen.add(id)
  }
}
