import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildCalendars } from '../rules/tax/build-calendars.ts'
import { calendarsFileSchema, generatedCalendarsSchema } from '../rules/tax/holiday-calendar.ts'
import { buildTaxData, type TaxData, yearsCovered } from '../rules/tax/tax-data.ts'
import type { Calendars } from '../rules/tax/tax-dates.ts'
import { messageOf, readJson } from './json-file.ts'
import { type CountryFile, readCountryFile } from './tax-country-file.ts'
import { readReadings } from './tax-readings.ts'

const CALENDARS_FILE = 'calendars.json'
const GENERATED_CALENDARS_FILE = 'calendars/generated.json'

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
 * Reads the calendars, one file a country and its readings from the directory, and computes all
 * dates. Nothing is skipped: a rule that cannot be read or does not fit stops the start and is named.
 * @throws TaxDataError with all problems of all files
 */
export function loadTaxData(directory: string): TaxData {
  const problems: string[] = []
  const calendars = readCalendars(directory, problems)
  const years = yearsCovered(calendars)
  if (years === null) problems.push(`${CALENDARS_FILE}: no year is covered by every calendar`)
  const countries = countryFilesIn(directory, problems).flatMap(
    (file) => readCountryFile(directory, file, calendars, problems) ?? [],
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

function readCalendars(directory: string, problems: string[]): Calendars {
  const listed = readJson(join(directory, CALENDARS_FILE), calendarsFileSchema, problems)
  const path = join(directory, GENERATED_CALENDARS_FILE)
  const generated = readJson(path, generatedCalendarsSchema, problems)
  return listed ? buildCalendars(listed, problems, generated) : new Map()
}

function countryFilesIn(directory: string, problems: string[]): string[] {
  try {
    return readdirSync(directory)
      .filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'))
      .filter((file) => file !== CALENDARS_FILE)
      .sort()
  } catch (error) {
    problems.push(`${directory}: ${messageOf(error)}`)
    return []
  }
}

function reportDuplicates(countries: readonly CountryFile[], problems: string[]): void {
  const ids = countries.flatMap(({ rules }) => rules.map(({ id }) => id))
  const keys = countries.flatMap(({ changes }) => changes.map(({ key }) => `change ${key}`))
  const seen = new Set<string>()
  for (const name of [...ids, ...keys]) {
    if (seen.has(name)) problems.push(`${name}: stands twice`)
    seen.add(name)
  }
}
