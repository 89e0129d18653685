import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { applyChanges } from '../../../src/rules/tax/apply-changes.ts'
import { dateIdOf, differencesFrom, type Reading } from '../../../src/rules/tax/readings.ts'
import type { TaxDateChange } from '../../../src/rules/tax/tax-date-change.ts'
import { type Json, useCopyOfTheData } from './broken-copy.ts'
import { allTaxDates, dateFor, shipped } from './shipped-data.ts'

const { directory, edit, problems } = useCopyOfTheData()

/** Changes the first reading of South Africa, za-vat-manual to 2025-01-31, and tells what is refused. */
function refusedAfter(change: (reading: Json, publication: Json) => void): readonly string[] {
  type Publication = Json & { readings: [Json] }
  edit<{ publications: [Publication] }>('readings/za.json', ({ publications: [first] }) =>
    change(first.readings[0], first),
  )
  return problems()
}

describe('a reading that fits nothing stops the start and is named', () => {
  test.each<[string, (reading: Json, publication: Json) => void, RegExp]>([
    ['an unknown rule', (r) => Object.assign(r, { ruleId: 'za-vat' }), /za-vat is not a rule/],
    [
      'a rule of another country',
      (r) => Object.assign(r, { ruleId: 'us-1040' }),
      /us-1040 is not a rule of the country/,
    ],
    [
      'a period that the rule does not have',
      (r) => Object.assign(r, { periodEnd: '2025-01-30' }),
      /za-vat-manual 2025-01-30: no period of za-vat-manual ends on 2025-01-30/,
    ],
    [
      'a period that begins elsewhere',
      (r) => Object.assign(r, { periodStart: '2024-12-31' }),
      /begins on 2025-01-01, not 2024-12-31/,
    ],
    ['a date that is none', (r) => Object.assign(r, { printed: '2025-02-30' }), /printed.*exists/],
    [
      'an unknown region',
      (r) => Object.assign(r, { region: 'ZA-XX' }),
      /region ZA-XX is not listed/,
    ],
    [
      'an unknown change',
      (r) => Object.assign(r, { carriedBy: 'za-2025-x' }),
      /no change has the key za-2025-x/,
    ],
    [
      'the printed date told twice',
      (r) => Object.assign(r, { dueDate: '2025-02-25' }),
      /printed is the DUE date already/,
    ],
    ['an unknown field', (r) => Object.assign(r, { reason: 'x' }), /reason/],
    ['a page over http', (_, p) => Object.assign(p, { urls: ['http://a.za'] }), /urls/],
    ['no page', (_, p) => Object.assign(p, { urls: [] }), /urls/],
  ])('%s', (_, change, message) => {
    const found = refusedAfter(change)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(message)
    expect(found[0]).toMatch(/readings\/za\.json/)
  })

  test('a file that belongs to no country', () => {
    writeFileSync(join(directory(), 'readings/xx.json'), '{}')
    expect(problems()).toEqual(["readings/xx.json: belongs to no country's file"])
  })

  test("another country's file", () => {
    cpSync(join(directory(), 'readings/hk.json'), join(directory(), 'readings/sg.json'))
    expect(problems()).toContain('readings/sg.json: holds country HK')
  })
})

test('no readings are needed', () => {
  rmSync(join(directory(), 'readings'), { recursive: true })
  expect(problems()).toEqual([])
})

describe('disagreements', () => {
  const disputed = () => dateFor('au-bas-q-self', '2025-12-31')

  test('a print that is probably wrong stands with the date that it contradicts', () => {
    expect(disputed()).toMatchObject({
      dueDate: '2026-03-03',
      disagreements: [
        {
          printedDate: '2026-03-02',
          printedAs: 'DUE',
          why: expect.stringContaining('Labour Day in the whole of Western Australia'),
          source: {
            name: 'DFK BKM February 2026 (with weekend shift)',
            url: 'https://dfkbkm.com.au/category/accounting',
            read: '2026-11-22',
          },
        },
      ],
    })
  })

  test('every suspect print stands with a date, and with no other', () => {
    const suspect = [...shipped.countries.values()].flatMap(({ readings, rules }) =>
      readings
        .filter((reading) => reading.suspect !== undefined)
        .map((reading) => `${dateIdOf(reading, [...rules.values()])} ${reading.printed}`),
    )
    const indexed = [...shipped.countries.values()].flatMap(({ datesByYear }) =>
      [...datesByYear.values()].flat(),
    )
    const told = indexed.flatMap(({ taxDate: { id, disagreements } }) =>
      disagreements.map(({ printedDate }) => `${id} ${printedDate}`),
    )
    expect(told.sort()).toEqual(suspect.sort())
  })

  test('two prints of one date are both told', () => {
    const { disagreements } = dateFor('us-1040-ext', '2025-12-31')
    expect(disagreements.map(({ source }) => source.name)).toEqual([
      'AI Fund Services 2026',
      'Carry tax filing deadlines',
    ])
  })

  test('they stay when the date is moved by an announcement', () => {
    const change: TaxDateChange = {
      id: '1',
      enteredAt: 0,
      country: 'AU',
      obligationId: 'au-bas-q-self',
      periodEnd: '2025-12-31',
      region: null,
      effect: 'MOVED',
      dueDate: '2026-03-17',
      appliesTo: null,
      reason: 'Floods',
      source: { name: 'x', url: 'https://x.example', read: '2026-11-22' },
    }
    const query = { country: 'AU', from: '2026-03-17', to: '2026-03-17' }
    const moved = allTaxDates(query, applyChanges(shipped, [change])).find(
      ({ id }) => id === disputed().id,
    )
    expect(moved?.disagreements).toEqual(disputed().disagreements)
    expect(moved?.disagreements).toHaveLength(1)
  })
})

describe('holding a print against a date', () => {
  const date = dateFor('au-bas-q-self', '2025-12-31')
  const print = (fields: Partial<Reading>): Reading => ({
    ruleId: 'au-bas-q-self',
    obligation: 'BAS',
    taxpayer: 'business',
    periodEnd: '2025-12-31',
    printed: '2026-03-03',
    printedAs: 'DUE',
    source: { name: 'x', url: 'https://x.example', read: '2026-11-22' },
    urls: ['https://x.example'],
    evidence: 'secondary',
    ...fields,
  })

  test('a DUE print is compared after weekends and holidays, a STATUTORY one before them', () => {
    expect(differencesFrom(date, print({}))).toEqual([])
    expect(differencesFrom(date, print({ printed: '2026-02-28', printedAs: 'STATUTORY' }))).toEqual(
      [],
    )
    expect(differencesFrom(date, print({ printedAs: 'STATUTORY' }))).toEqual([
      'statutoryDate 2026-02-28, printed 2026-03-03',
    ])
  })

  test('where both are told, both must match', () => {
    expect(differencesFrom(date, print({ statutoryDate: '2026-02-27' }))).toEqual([
      'statutoryDate 2026-02-28, printed 2026-02-27',
    ])
  })
})
