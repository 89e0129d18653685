import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { generateCalendars, readCorrections } from '../../../scripts/calendar-generation.ts'
import {
  calendarsFileSchema,
  generatedCalendarsSchema,
} from '../../../src/rules/tax/holiday-calendar.ts'
import { loadTaxData } from '../../../src/store/tax-data.ts'
import { shippedDirectory } from './shipped-data.ts'

const root = join(import.meta.dirname, '../../..')
const read = (name: string) => readFileSync(join(shippedDirectory, name), 'utf8')
const curated = calendarsFileSchema.parse(JSON.parse(read('calendars.json')))
const { calendars: generated } = generatedCalendarsSchema.parse(
  JSON.parse(read('calendars/generated.json')),
)
const corrections = readCorrections(join(shippedDirectory, 'calendars/corrections.json'))

/** date-holidays needs a second or two, more on a busy machine. */
const LIBRARY_TIMEOUT = 60_000

describe('the generated calendars', () => {
  test(
    'are what npm run tax:calendars would write, byte for byte',
    () => {
      expect(generateCalendars(corrections)).toBe(read('calendars/generated.json'))
    },
    LIBRARY_TIMEOUT,
  )

  test(
    'do not depend on the time zone of the machine that generates them',
    async () => {
      const script = join(root, 'scripts/tax-calendars.ts')
      const inAuckland = { env: { ...process.env, TZ: 'Pacific/Auckland' } }
      const run = promisify(execFile)(process.execPath, [script, '--check'], inAuckland)
      expect((await run).stdout).toMatch(/is what would be generated/)
    },
    LIBRARY_TIMEOUT,
  )

  test('there is one for every listed calendar that rules name, and no other', () => {
    const listed = Object.entries(curated).flatMap(([id, entry]) =>
      'covers' in entry && entry.covers ? [id] : [],
    )
    expect(Object.keys(generated).sort()).toEqual(listed.sort())
  })

  test('a start without them stops and names the file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'tax-calendars-'))
    try {
      cpSync(shippedDirectory, directory, { recursive: true })
      rmSync(join(directory, 'calendars/generated.json'))
      expect(() => loadTaxData(directory)).toThrow(/calendars\/generated\.json/)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })

  test('the start does not know the library', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    const importing = sources.filter((name) => {
      return (
        name.endsWith('.ts') &&
        /['"]date-holidays/.test(readFileSync(join(root, 'src', name), 'utf8'))
      )
    })
    expect(importing).toEqual([])
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(Object.keys(dependencies)).not.toContain('date-holidays')
  })
})

/** Where two lists of days differ within the days that calendars.json covers, and after them. */
function comparisonOf(id: string) {
  const entry = curated[id]
  if (entry === undefined || !('holidays' in entry)) throw new Error(`${id} is not listed`)
  const { from = '', to = '' } = entry.covers ?? {}
  const corrected = (entry.corrections ?? []).map(({ date }) => date)
  const listed = [...new Set([...Object.keys(entry.holidays), ...corrected])]
  const reckoned = Object.keys(generated[id]?.holidays ?? {})
  return {
    agreeing: listed.filter((date) => reckoned.includes(date)),
    // Of the days after `covers` calendars.json lists some only, so it alone may lack one.
    differing: [
      ...listed.filter((date) => !reckoned.includes(date)),
      ...reckoned.filter((date) => date >= from && date <= to && !listed.includes(date)),
    ].sort(),
  }
}

describe('what was generated agrees with calendars.json', () => {
  const ids = Object.keys(generated)

  test.each(ids)('%s: on every day, but for those that the corrections explain', (id) => {
    const explained = (corrections[id]?.differs ?? []).flatMap(({ dates }) => dates)
    expect(comparisonOf(id).differing).toEqual(explained.sort())
  })

  test('told in numbers', () => {
    const table = ids.map((id) => {
      const { agreeing, differing } = comparisonOf(id)
      return `${id.padEnd(8)} ${agreeing.length} agree, ${differing.length} differ (explained)`
    })
    console.log(table.join('\n'))
    const total = ids.map(comparisonOf)
    const agreeing = total.reduce((sum, each) => sum + each.agreeing.length, 0)
    const differing = total.reduce((sum, each) => sum + each.differing.length, 0)
    expect(agreeing).toBeGreaterThan(1400)
    expect(differing / (agreeing + differing)).toBeLessThan(0.01)
  })
})

describe('a correction that corrects nothing is an error', () => {
  const library = { country: 'FR', types: ['public' as const] }
  const why = { reason: 'a test', basis: 'a test' }

  test('removing a holiday that is not there', () => {
    const remove = [{ holiday: 'Jour sans nom', ...why }]
    expect(() => generateCalendars({ FR: { library, remove } })).toThrow(
      /FR: removing Jour sans nom/,
    )
  })

  test('adding a holiday that is there', () => {
    const add = [{ holiday: 'Noël', dates: ['2030-12-25'], ...why }]
    expect(() => generateCalendars({ FR: { library, add } })).toThrow(/FR: adding Noël/)
  })

  test('adding one by a rule that is none', () => {
    const add = [{ holiday: 'Fête', rule: 'every other day', ...why }]
    expect(() => generateCalendars({ FR: { library, add } })).toThrow(/every other day: is no rule/)
  })

  test('a calendar that begins with none', () => {
    expect(() => generateCalendars({ FR: { sameAs: 'ES' } })).toThrow(/FR: names neither/)
  })
})
