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

/** A country's printed dates, from the file of the same name; none where it has no such file. */
export function readReadings(
  directory: string,
  countryFile: string,
  surroundings: ReadingSurroundings & { readonly country: CountryCode },
  problems: string[],
): Reading[] {
  const path = join(directory, READINGS_FOLDER, countryFile)
  if (!existsSync(path)) return []
  const file = readJson(path, readingsFileSchema, problems)
  if (file === undefined) return []
  const label = `${READINGS_FOLDER}/${countryFile}`
  if (file.country !== surroundings.country) problems.push(`${label}: holds ${file.country}`)
  const readings = readingsOf(file)
  for (const reading of readings) {
    const name = `${label}: ${reading.source.name}: ${reading.ruleId ?? reading.obligation}`
    for (const problem of problemsOfReading(reading, surroundings)) {
      problems.push(`${name} ${reading.periodEnd}: ${problem}`)
    }
  }
  return readings
}

/** One line for each file of readings that no country's file goes with: it would never be read. */
export function strayReadings(directory: string, countryFiles: readonly string[]): string[] {
  const folder = join(directory, READINGS_FOLDER)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => !countryFiles.includes(file))
    .sort()
    .map((file) => `${READINGS_FOLDER}/${file}: belongs to no country's file`)
}
