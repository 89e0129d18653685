import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadTaxData } from '../../../src/store/tax-data.ts'
import { type Json, useCopyOfTheData } from './broken-copy.ts'

type Rule = Json & { period: Json; due: Json; shift: Json; sources: Json[] }

const { directory, edit, problems } = useCopyOfTheData()

/** Changes the first rule of Canada, ca-t1, in a copy of the data. */
function changeRule(change: (rule: Rule, rules: Rule[]) => void): void {
  edit<{ rules: [Rule, ...Rule[]] }>('ca.json', ({ rules }) => change(rules[0], rules))
}

describe('data that ships', () => {
  test('is read whole', () => {
    const data = loadTaxData(directory())
    expect(data.years.first).toBeLessThanOrEqual(2023)
    expect(data.years.last).toBeGreaterThanOrEqual(2027)
    expect([...data.countries.keys()].join(' ')).toBe('AU CA DE FR GB HK IE IN NZ SG US ZA')
    const rules = [...data.countries.values()].map((country) => country.rules.size)
    expect(rules).toEqual([37, 23, 16, 4, 34, 2, 13, 11, 24, 8, 40, 6])
  })
})

describe('a rule that cannot be read stops the start and is named', () => {
  test.each<[string, (rule: Rule) => void, RegExp]>([
    ['an unknown field', (rule) => Object.assign(rule, { extra: 1 }), /extra/],
    ['an unknown field of due', (rule) => Object.assign(rule.due, { plus: 1 }), /due: .*plus/],
    ['an unknown period', (rule) => Object.assign(rule.period, { type: 'decade' }), /period\.type/],
    ['an unknown anchor', (rule) => Object.assign(rule.due, { anchor: 'moon' }), /due\.anchor/],
    [
      'an unknown convention',
      (rule) => Object.assign(rule.shift, { convention: 'up' }),
      /convention/,
    ],
    ['a month 13', (rule) => Object.assign(rule.due, { month: 13 }), /due\.month/],
    ['a day as text', (rule) => Object.assign(rule.due, { day: '30' }), /due\.day/],
    ['a missing field', (rule) => Reflect.deleteProperty(rule, 'taxpayer'), /taxpayer/],
    [
      'a source without scheme',
      (rule) => Object.assign(rule.sources[0] ?? {}, { url: 'a.gc.ca' }),
      /url/,
    ],
    [
      'a source over http',
      (rule) => Object.assign(rule.sources[0] ?? {}, { url: 'http://a.ca' }),
      /url/,
    ],
    ['no source', (rule) => Object.assign(rule, { sources: [] }), /sources/],
    [
      'a date that is none',
      (rule) => Object.assign(rule, { validFrom: '2026-02-30' }),
      /validFrom/,
    ],
    [
      'an unknown calendar',
      (rule) => Object.assign(rule.shift, { calendar: 'CA-XX' }),
      /calendar CA-XX is not in calendars\.json/,
    ],
    ['an unknown region', (rule) => Object.assign(rule, { region: 'CA-XX' }), /region CA-XX/],
    [
      'an announced date of no period',
      (rule) =>
        Object.assign(rule, {
          due: { anchor: 'announced', dates: { '2024-12-30': '2025-05-05' } },
        }),
      /no period of this rule ends on 2024-12-30/,
    ],
    ['a category of its own', (rule) => Object.assign(rule, { category: 'TAX' }), /category/],
    ['no kind of taxpayer', (rule) => Object.assign(rule, { taxpayerKinds: [] }), /taxpayerKinds/],
    [
      'validity that ends before it begins',
      (rule) => Object.assign(rule, { validFrom: '2026-01-01', validTo: '2025-01-01' }),
      /validTo/,
    ],
    [
      'an event period with another anchor',
      (rule) => Object.assign(rule, { period: { type: 'event', event: 'sale' } }),
      /both be event/,
    ],
    [
      'business days that nothing counts',
      (rule) => Object.assign(rule.shift, { convention: 'businessDayCount' }),
      /addBusinessDays/,
    ],
    [
      'two months without their ends',
      (rule) => Object.assign(rule, { period: { type: 'twoMonth' } }),
      /needs endMonths or endParity/,
    ],
    [
      'filters that no period passes',
      (rule) => Object.assign(rule, { period: { type: 'calendarQuarter', onlyEndMonths: [2] } }),
      /no period passes/,
    ],
    [
      'an exception for a month in which no period ends',
      (rule) =>
        Object.assign(rule.due, {
          overrides: { 11: { anchor: 'fixedAfterPeriodEnd', month: 1, day: 15, yearOffset: 1 } },
        }),
      /due\.overrides\.11: no period of this rule ends in that month/,
    ],
  ])('%s', (_name, change, message) => {
    changeRule(change)
    const found = problems()
    expect(found.length).toBeGreaterThan(0)
    expect(found.every((problem) => problem.startsWith('ca.json: ca-t1: '))).toBe(true)
    expect(found.join('\n')).toMatch(message)
  })

  test('all problems of all files are told at once', () => {
    changeRule((rule, rules) => {
      rule.due.month = 13
      Object.assign(rules[1] ?? {}, { taxType: 7 })
      Object.assign(rules[2] ?? {}, { id: 'ca-t2' })
      Object.assign(rules[3] ?? {}, { id: undefined })
    })
    writeFileSync(join(directory(), 'nz.json'), '{ "country": ')
    const found = problems().join('\n')
    expect(found).toMatch(/ca\.json: ca-t1: due\.month/)
    expect(found).toMatch(/ca\.json: ca-t1-se: taxType/)
    expect(found).toMatch(/ca-t2: stands twice/)
    expect(found).toMatch(/ca\.json: rule 4: id/)
    expect(found).toMatch(/nz\.json: .*JSON/)
  })

  test('an id of another country is refused', () => {
    changeRule((rule) => Object.assign(rule, { id: 'us-t1' }))
    expect(problems()).toEqual(['ca.json: us-t1: id does not begin with ca-'])
  })
})

describe('files that do not fit', () => {
  test('a country under another name', () => {
    cpSync(join(directory(), 'ca.json'), join(directory(), 'de.json'))
    expect(problems().join('\n')).toMatch(/de\.json: holds country CA/)
  })

  test('a file of no country: it would never be read', () => {
    writeFileSync(join(directory(), 'notes.json'), '{ "country": "XX" }')
    expect(problems().join('\n')).toMatch(/notes\.json: country/)
  })

  test('a region of another country', () => {
    edit<{ regions: Json }>('ca.json', ({ regions }) => {
      regions['US-NY'] = 'New York'
    })
    expect(problems()).toEqual(['ca.json: US-NY is not in CA'])
  })

  test('schemas for editors are no data', () => {
    writeFileSync(join(directory(), 'more.schema.json'), '{}')
    expect(problems()).toEqual([])
  })

  test('a directory that is not there', () => {
    rmSync(directory(), { recursive: true })
    expect(problems().join('\n')).toMatch(/calendars\.json/)
  })

  test('a calendar with a day that is none, or that does not say what it covers', () => {
    type Calendars = { NZ: { holidays: Json; covers?: Json } }
    edit<Calendars>('calendars.json', ({ NZ }) => {
      NZ.holidays['2026-02-30'] = 'Never'
    })
    expect(problems().join('\n')).toMatch(/calendars\.json: NZ/)
    edit<Calendars>('calendars.json', ({ NZ }) => {
      delete NZ.holidays['2026-02-30']
      delete NZ.covers
    })
    expect(problems().join('\n')).toMatch(/calendar NZ: has holidays but does not say/)
  })
})
