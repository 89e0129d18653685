import { describe, expect, test } from 'vitest'
import { type Json, useCopyOfTheData } from './broken-copy.ts'

const { edit, problems } = useCopyOfTheData()

type Changes = { changes: [Json, ...Json[]] }

/** Changes the first announced change of the United States, in a copy of the data. */
function changeFirst(change: (first: Json, all: Json[]) => void): void {
  edit<Changes>('us.json', ({ changes }) => change(changes[0], changes))
}

const NAMED = 'us.json: change us-2025-al-disaster: '

describe('a change that cannot be read stops the start and is named', () => {
  test.each<[string, Json, RegExp]>([
    ['an unknown field', { extra: 1 }, /extra/],
    ['an unknown effect', { effect: 'POSTPONED' }, /effect/],
    ['a day that is none', { dueDate: '2025-02-30' }, /dueDate/],
    ['no reason', { reason: '' }, /reason/],
    ['no source', { source: undefined }, /source/],
    ['a source over http', { source: { name: 'a', url: 'http://a', read: '2026-11-22' } }, /url/],
    ['a region in words', { region: 'Alabama' }, /region/],
  ])('%s', (_name, fields, message) => {
    changeFirst((first) => Object.assign(first, fields))
    const found = problems()
    expect(found.length).toBeGreaterThan(0)
    expect(found.every((problem) => problem.startsWith(NAMED))).toBe(true)
    expect(found.join('\n')).toMatch(message)
  })

  test('without a key it is counted', () => {
    changeFirst((first) => Object.assign(first, { key: undefined }))
    expect(problems().join('\n')).toMatch(/us\.json: change 1: key/)
  })
})

describe('a change that would change nothing stops the start and is named', () => {
  test.each<[string, Json, string]>([
    ['MOVED to no day', { dueDate: undefined }, 'effect MOVED needs dueDate'],
    ['WITHDRAWN to a day', { effect: 'WITHDRAWN' }, 'effect WITHDRAWN takes no dueDate'],
    [
      'an obligation without its period',
      { periodEnd: undefined },
      'obligationId and periodEnd belong together: both or neither',
    ],
    [
      'a period of no obligation',
      { obligationId: undefined },
      'obligationId and periodEnd belong together: both or neither',
    ],
    [
      'an obligation of another country',
      { obligationId: 'ca-t1' },
      'obligation ca-t1 is not one of US',
    ],
    [
      'a period that is none',
      { periodEnd: '2024-12-30' },
      'no period of us-1040 ends on 2024-12-30',
    ],
    ['a region that is not listed', { region: 'US-XX' }, 'region US-XX is not listed for US'],
    [
      'a year misspelt',
      { dueDate: '2052-05-01' },
      'dueDate 2052-05-01 lies more than three years from 2025-04-15, the statutory date',
    ],
    ['a key of another country', { key: 'ca-2025-al' }, 'key does not begin with us-'],
  ])('%s', (_name, fields, message) => {
    changeFirst((first) => Object.assign(first, fields))
    expect(problems()).toEqual([
      `us.json: change ${fields.key ?? 'us-2025-al-disaster'}: ${message}`,
    ])
  })

  test.each<[string, string, Json, string]>([
    [
      'an event has no periods',
      'au.json',
      { obligationId: 'au-payday-super', periodEnd: '2026-09-30' },
      'obligation au-payday-super counts from each payday (QE day): it has no periods',
    ],
    [
      'a rule that no longer held',
      'au.json',
      { obligationId: 'au-sg-q', periodEnd: '2026-09-30', dueDate: '2026-11-30' },
      'au-sg-q does not hold for the period that ends on 2026-09-30',
    ],
    [
      'a State has no say in the tax of another',
      'au.json',
      { obligationId: 'au-nsw-payroll-a', periodEnd: '2026-06-30', region: 'AU-QLD' },
      'obligation au-nsw-payroll-a exists in AU-NSW only',
    ],
    [
      'nobody announced that year',
      'ie.json',
      { obligationId: 'ie-f11-ros', periodEnd: '2025-12-31' },
      'ie-f11-ros has no date for 2025-12-31 to change: announce it in due.dates',
    ],
    [
      'a notice about a year long past',
      'fr.json',
      { dueDate: '2006-05-05' },
      'dueDate 2006-05-05 lies more than three years from 2026-11-22, the day it was read',
    ],
  ])('%s', (_name, file, fields, message) => {
    const country = file.slice(0, 2)
    edit<{ changes?: Json[] }>(file, (content) => {
      content.changes = [change({ key: `${country}-2026-test`, ...fields })]
    })
    const named = `${file}: change ${country}-2026-test: ${message}`
    expect(problems().filter((problem) => problem.startsWith(file))).toContain(named)
  })
})

describe('the history that the files tell', () => {
  test('stands in its own order, so that of two for one date the lower one holds', () => {
    changeFirst((_first, all) => all.reverse())
    const found = problems()
    expect(found).toContain(`${NAMED}is out of order: sort by entered, then by key`)
    expect(found.every((problem) => problem.endsWith('sort by entered, then by key'))).toBe(true)
  })

  test('has each key once over all files', () => {
    changeFirst((first, all) => all.splice(1, 0, { ...first }))
    expect(problems()).toContain('change us-2025-al-disaster: stands twice')
  })

  test('is not held against rules that cannot be read: their own problems are told alone', () => {
    edit<{ rules: [Json, ...Json[]] }>('us.json', ({ rules }) => {
      Object.assign(rules[0], { taxType: 7 })
    })
    const found = problems()
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^us\.json: us-1040: taxType/)
  })
})

function change(fields: Json): Json {
  return {
    effect: 'MOVED',
    dueDate: '2026-10-30',
    reason: 'A test',
    entered: '2026-11-22',
    source: { name: 'A test', url: 'https://example.org/', read: '2026-11-22' },
    ...fields,
  }
}
