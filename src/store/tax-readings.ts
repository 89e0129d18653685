import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CountryCode } from '../rules/tax/country-code.ts'
import {
  problemsOfReading,
  type Reading,
  type ReadingSurroundings,
  readingsFileSchema,
  readingsOf,
} from '../rules/tax/readings.ts'
import { readJson } from './json-file.ts'

const READINGS_FOLDER = 'readings'

type Country = ReadingSurroundings & { readonly code: CountryCode }

/**
 * The dates that others printed, by country: one file each, none where nothing was read. `problems`
 * receives one line for each reading that fits no rule, region or change, and for each stray file.
 */
export function readReadings(
  directory: string,
  countries: readonly Country[],
  problems: string[],
): ReadonlyMap<CountryCode, readonly Reading[]> {
  const folder = join(directory, READINGS_FOLDER)
  const files = existsSync(folder) ? readdirSync(folder).sort() : []
  const found = new Map<CountryCode, readonly Reading[]>()
  for (const file of files) {
    const country = countries.find(({ code }) => file === `${code.toLowerCase()}.json`)
    if (country) found.set(country.code, readCountry(join(folder, file), file, country, problems))
    else problems.push(`${READINGS_FOLDER}/${file}: belongs to no country's file`)
  }
  return found
}

function readCountry(path: string, name: string, country: Country, problems: string[]): Reading[] {
  const file = readJson(path, readingsFileSchema, problems)
  if (file === undefined) return []
  const label = `${READINGS_FOLDER}/${name}`
  if (file.country !== country.code) problems.push(`${label}: holds country ${file.country}`)
  const readings = readingsOf(file)
  for (const reading of readings) {
    const { source, ruleId, obligation, periodEnd } = reading
    for (const problem of problemsOfReading(reading, country)) {
      problems.push(`${label}: ${source.name}: ${ruleId ?? obligation} ${periodEnd}: ${problem}`)
    }
  }
  return readings
}
