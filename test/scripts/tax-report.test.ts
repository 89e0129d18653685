import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type AccuracyReport, accuracyOf, faultsOf } from '../../scripts/tax-report/accuracy.ts'
import type { HeldReading } from '../../scripts/tax-report/held-readings.ts'
import { withSummary } from '../../scripts/tax-report/readme-block.ts'
import { summary } from '../../scripts/tax-report/summary.ts'
import { markdownTable, plainTable } from '../../scripts/tax-report/text.ts'
import { fromRules, shipped } from '../rules/tax/shipped-data.ts'

const root = join(import.meta.dirname, '../..')
const report = accuracyOf(shipped, fromRules)

function run(...options: string[]): { status: number | null; out: string; errors: string } {
  const script = join(root, 'scripts/tax-report.ts')
  const result = spawnSync(process.execPath, [script, ...options], { encoding: 'utf8' })
  return { status: result.status, out: result.stdout, errors: result.stderr }
}

function countryOf(code: string): AccuracyReport['countries'][number] {
  const found = report.countries.find((country) => country.code === code)
  if (found === undefined) throw new Error(`no ${code}`)
  return found
}

describe('npm run tax:report', () => {
  test('prints every country and ends well', () => {
    const { status, out, errors } = run()
    expect(errors).toBe('')
    expect(status).toBe(0)
    for (const { code, name } of report.countries) expect(out).toContain(`\n${code}, ${name}\n`)
    expect(out).toContain('Nothing is left unexplained.')
  })

  test('prints the same twice', () => {
    expect(run('--summary').out).toBe(run('--summary').out)
  })

  test('tells one country', () => {
    const { status, out } = run('--country', 'AU')
    expect(status).toBe(0)
    expect(out).toContain('AU, Australia')
    expect(out).not.toContain('NZ, New Zealand')
    expect(run('--country', 'XX').status).toBe(1)
  })

  test('as JSON it tells every date and reading', () => {
    const told: AccuracyReport = JSON.parse(run('--json').out)
    expect(told).toEqual(JSON.parse(JSON.stringify(report)))
  })

  test('puts no summary of one country into the README', () => {
    const before = readFileSync(join(root, 'README.md'), 'utf8')
    expect(run('--country', 'AU', '--write-readme').status).toBe(1)
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toBe(before)
  })
})

describe('the summary in the README', () => {
  test('is what the report says; else run npm run tax:report -- --write-readme', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    expect(readme).toBe(withSummary(readme, summary(report)))
  })

  test('is not written where there is no place for it', () => {
    expect(() => withSummary('# Nothing\n', 'x')).toThrow(/lacks/)
  })
})

describe('what simpler calendars get wrong', () => {
  test('New South Wales alone: 17 federal dates of 2024–2027', () => {
    const alone = countryOf('AU').shortcuts.find(({ name }) => name.includes('New South Wales'))
    const wrong = (alone?.wrong ?? []).filter(
      ({ dueDate }) => dueDate >= '2024-01-01' && dueDate <= '2027-12-31',
    )
    expect(wrong).toHaveLength(17)
    expect(wrong).toContainEqual({
      id: 'au-bas-q-agent:2024-03-31',
      dueDate: '2024-05-28',
      shortcutDate: '2024-05-27',
      because: 'Reconciliation Day (ACT) 2024-05-27',
    })
    expect(wrong.filter(({ dueDate }) => dueDate === '2026-03-03')).toHaveLength(7)
  })

  test('Emancipation Day and Easter Monday are missed by whoever leaves them out', () => {
    const [federal] = countryOf('US').shortcuts
    expect(federal?.wrong).toContainEqual({
      id: 'us-1040:2022-12-31',
      dueDate: '2023-04-18',
      shortcutDate: '2023-04-17',
      because: 'Emancipation Day (substitute day) (District of Columbia) 2023-04-17',
    })
    const [labourCode] = countryOf('CA').shortcuts
    expect(labourCode?.wrong.map(({ id }) => id)).toContain('ca-t3:2023-12-31')
  })

  test('a British date that stays on its Saturday is moved by sites that move all', () => {
    const [moved] = countryOf('GB').shortcuts
    expect(moved?.wrong).toContainEqual(
      expect.objectContaining({
        id: 'gb-sa-online:2025-04-05',
        dueDate: '2026-01-31',
        shortcutDate: '2026-02-02',
      }),
    )
  })
})

describe('what the report does not let pass', () => {
  const [first] = countryOf('ZA').sound
  if (first === undefined) throw new Error('no reading of ZA')
  const missed = (fields: Partial<HeldReading>): HeldReading => ({
    ...first,
    differences: ['dueDate 2025-02-25, printed 2025-02-26'],
    ...fields,
  })
  const faultsWith = (sound: HeldReading[]) =>
    faultsOf({ ...report, countries: [{ ...countryOf('ZA'), sound }] })

  test('a print that nobody explains', () => {
    const many = Array.from({ length: 199 }, () => first)
    expect(faultsWith([...many, missed({ explanation: null })])).toEqual([
      expect.stringMatching(/not explained$/),
    ])
    expect(faultsWith([...many, missed({ explanation: 'a known limit' })])).toEqual([])
  })

  test('more than one explained miss in a many', () => {
    const explained = missed({ explanation: 'a known limit' })
    expect(faultsWith([first, first, explained])).toEqual(['ZA: 2 of 3 match, fewer than 99 %'])
  })

  test('a one-off that no change carries', () => {
    const { carriedBy: _, ...reading } = { ...first.reading, ruleId: null }
    const country = { ...countryOf('ZA'), oneOffs: [reading] }
    expect(faultsOf({ ...report, countries: [country] })).toEqual([
      expect.stringMatching(/in no change$/),
    ])
  })
})

describe('tables', () => {
  test('set numbers to the right and words to the left', () => {
    const rows = [
      ['AU', '5', '93.2 %'],
      ['all', '37', '–'],
    ]
    expect(plainTable(['', 'rules', 'match'], rows)).toBe(
      ['     rules   match', 'AU       5  93.2 %', 'all     37       –'].join('\n'),
    )
    expect(markdownTable(['country', 'rules'], [['AU', '5']])).toBe(
      ['| country | rules |', '| --- | ---: |', '| AU | 5 |'].join('\n'),
    )
  })
})
