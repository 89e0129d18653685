import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withShippedChanges } from '../src/rules/tax/apply-changes.ts'
import { yearOf } from '../src/rules/tax/calendar-date.ts'
import type { TaxData } from '../src/rules/tax/tax-data.ts'
import { loadTaxData } from '../src/store/tax-data.ts'

const usage = `npm run tax:ids [-- <options>]

Writes the ids that this release promises to keep: test/fixtures/obligation-ids.json and
test/fixtures/tax-date-ids.json (dates due in 2025 and 2026). Run it for each release.

An id of the last release that is gone, or now means another period, is printed and nothing is
written: clients keep these ids.
  --allow-removed   writes all the same; say why in CHANGELOG.md
  -h, --help        this`

const root = join(import.meta.dirname, '..')
const OBLIGATIONS_FILE = join(root, 'test/fixtures/obligation-ids.json')
const DATES_FILE = join(root, 'test/fixtures/tax-date-ids.json')
const SAMPLE_YEARS: readonly number[] = [2025, 2026]

/** What a client may keep: the ids of obligations, and of dates with the first day of their period. */
export type Ids = {
  readonly obligations: readonly string[]
  readonly dates: ReadonlyMap<string, string>
}

/** All ids of the data, changes that ship with it included. */
export function idsOf(data: TaxData, wanted = (_dueYear: number) => true): Ids {
  const { countries } = withShippedChanges(data)
  const dates = new Map<string, string>()
  for (const { datesByYear } of countries.values()) {
    for (const { taxDate } of [...datesByYear.values()].flat()) {
      if (wanted(yearOf(taxDate.dueDate))) dates.set(taxDate.id, taxDate.periodStart)
    }
  }
  const obligations = [...countries.values()].flatMap(({ rules }) => [...rules.keys()])
  return { obligations: obligations.sort(), dates }
}

/** The ids that the last release had, as they were written. */
export function heldIds(): Ids {
  const byObligation: Record<string, Record<string, string>> = readJson(DATES_FILE)
  const dates = new Map<string, string>()
  for (const [obligation, periods] of Object.entries(byObligation)) {
    for (const [period, start] of Object.entries(periods)) {
      dates.set(`${obligation}:${period}`, start)
    }
  }
  return { obligations: readJson(OBLIGATIONS_FILE), dates }
}

/** One line for each id that is gone or means another period than it did. */
export function brokenPromises(held: Ids, now: Ids): string[] {
  const known = new Set(now.obligations)
  const gone = held.obligations.filter((id) => !known.has(id)).map((id) => `${id}: is gone`)
  const dates = [...held.dates].flatMap(([id, start]) => {
    const found = now.dates.get(id)
    if (found === start) return []
    return found === undefined ? `${id}: is gone` : `${id}: began on ${start}, now on ${found}`
  })
  return [...gone, ...dates]
}

function write({ obligations, dates }: Ids): void {
  const byObligation = new Map<string, Record<string, string>>()
  for (const [id, start] of [...dates].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const obligation = id.slice(0, id.indexOf(':'))
    const periods = byObligation.get(obligation) ?? {}
    periods[id.slice(obligation.length + 1)] = start
    byObligation.set(obligation, periods)
  }
  const lines = [...byObligation].map(([id, periods]) => `"${id}": ${JSON.stringify(periods)}`)
  writeFileSync(OBLIGATIONS_FILE, `${JSON.stringify(obligations, null, 1)}\n`)
  writeFileSync(DATES_FILE, `{\n${lines.join(',\n')}\n}\n`)
}

function readJson<Content>(path: string): Content {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function main(allowRemoved: boolean): void {
  const data = loadTaxData(join(root, 'data/tax'))
  const held = heldIds()
  const broken = brokenPromises(held, idsOf(data))
  for (const line of broken) console.log(line)
  if (broken.length > 0 && !allowRemoved) {
    console.log(`${broken.length} ids of the last release are gone; nothing was written`)
    process.exitCode = 1
    return
  }
  const ids = idsOf(data, (year) => SAMPLE_YEARS.includes(year))
  write(ids)
  const added = ids.obligations.filter((id) => !held.obligations.includes(id))
  const addedDates = [...ids.dates.keys()].filter((id) => !held.dates.has(id))
  console.log(`${ids.obligations.length} obligations (${added.length} new)`)
  console.log(`${ids.dates.size} dates (${addedDates.length} new)`)
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, 'allow-removed': { type: 'boolean' } },
  })
  if (values.help) console.log(usage)
  else main(values['allow-removed'] ?? false)
}
