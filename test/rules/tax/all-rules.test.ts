import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { TAXPAYER_KINDS } from '../../../src/rules/tax/classification.ts'
import type { TaxRule } from '../../../src/rules/tax/tax-rule.ts'
import { allTaxDates, shipped } from './shipped-data.ts'

/** All 218 rules of twelve countries as they were gathered: the data must hold every one. */
type Source = { name: string; url: string }
type Gathered = { id: string; country: string; sources: Source[]; oneOffs?: OneOff[] } & Json
type OneOff = { periodEnd: string; dueDate: string }
type Json = Record<string, unknown>

/** What was read of some rules after they were gathered: more of them, and the pages that have it. */
const READ_SINCE: Record<string, readonly string[]> = {
  'au-act-payroll-m': ['due', 'ruleText'],
  'au-sa-payroll-m': ['ruleText'],
  'de-jahr-stb': ['due', 'ruleText'],
  'ie-f11-ros': ['due', 'ruleText'],
}

const fixture = new URL('../../fixtures/rules-all.json', import.meta.url)
const gathered: Gathered[] = JSON.parse(readFileSync(fixture, 'utf8'))

const rules = [...shipped.countries].flatMap(([code, country]) => {
  return [...country.rules.values()].map((rule) => ({ code, rule }))
})
const ruleOf = new Map(rules.map(({ code, rule }) => [rule.id, { code, rule }]))
const dates = (id: string) => {
  const country = id.slice(0, 2).toUpperCase()
  const range = { from: '2023-01-01', to: '2027-12-31' }
  return allTaxDates({ country, ...range, obligationIds: [id] })
}
const due = (id: string) => dates(id).map(({ periodEnd, dueDate }) => [periodEnd, dueDate])

describe('the rules of all twelve countries', () => {
  test('are those that were gathered, and none is missing', () => {
    expect(shipped.countries.size).toBe(12)
    expect([...ruleOf.keys()].sort()).toEqual(gathered.map(({ id }) => id).sort())
    expect(rules).toHaveLength(218)
  })

  test('say the same as what was gathered, field by field', () => {
    for (const { country, sources, oneOffs: _asChanges, ...fields } of gathered) {
      const held = ruleOf.get(fields.id)
      expect(held?.code).toBe(country)
      const since = READ_SINCE[fields.id] ?? []
      const still = Object.entries(fields).filter(([field]) => !since.includes(field))
      expect(held?.rule, fields.id).toMatchObject(Object.fromEntries(still))
      expect(Object.keys(held?.rule ?? {}).sort(), fields.id).toEqual(
        [...Object.keys(fields), 'category', 'sources', 'taxpayerKinds'].sort(),
      )
      const pages = sourcesOf(held?.rule)
      if (since.length === 0) expect(pages).toEqual(unique(sources))
      else expect(pages).toEqual(expect.arrayContaining(unique(sources)))
    }
  })

  test('of their one-offs each is a change that moves the due date and leaves the statute', () => {
    const oneOffs = gathered.flatMap(({ id, oneOffs = [] }) => oneOffs.map((one) => ({ id, one })))
    expect(oneOffs).toHaveLength(4)
    for (const { id, one } of oneOffs) {
      const date = dates(id).find(({ periodEnd }) => periodEnd === one.periodEnd)
      expect(date?.dueDate, id).toBe(one.dueDate)
      expect(
        date?.changes.map(({ dueDate }) => dueDate),
        id,
      ).toContain(one.dueDate)
      expect(date?.statutoryDate, id).not.toBe(one.dueDate)
      expect(date?.shiftedBy, id).toMatch(/^announced: /)
    }
  })

  test('give dates for every year, but for events and what nobody announced', () => {
    const without = rules.filter(({ rule }) => dates(rule.id).length === 0)
    expect(without.map(({ rule }) => rule.id)).toEqual(['au-payday-super'])
    for (const { rule } of rules) {
      if (rule.validFrom || rule.validTo) continue
      if (rule.due.anchor === 'announced' || rule.due.anchor === 'event') continue
      const years = new Set(dates(rule.id).map(({ dueDate }) => dueDate.slice(0, 4)))
      expect([...years], rule.id).toEqual(['2023', '2024', '2025', '2026', '2027'])
    }
  })

  test('have ids of their own over all countries', () => {
    const all = rules.flatMap(({ rule }) => dates(rule.id))
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  })

  test('announced: the listed dates alone', () => {
    const announced = rules.filter(({ rule }) => rule.due.anchor === 'announced')
    expect(announced.map(({ rule }) => rule.id)).toEqual(['de-jahr-stb', 'ie-f11-ros'])
    expect(due('de-jahr-stb')).toEqual([
      ['2021-12-31', '2023-08-31'],
      ['2022-12-31', '2024-07-31'],
      ['2023-12-31', '2025-06-02'],
      ['2024-12-31', '2026-04-30'],
      ['2025-12-31', '2027-03-01'],
    ])
    expect(due('ie-f11-ros')).toEqual([
      ['2022-12-31', '2023-11-15'],
      ['2024-12-31', '2025-11-19'],
    ])
  })
})

describe('the classification', () => {
  test('names each kind of taxpayer once, in one order', () => {
    for (const { rule } of rules) {
      const inOrder = TAXPAYER_KINDS.filter((kind) => rule.taxpayerKinds.includes(kind))
      expect(rule.taxpayerKinds, rule.id).toEqual(inOrder)
    }
  })

  test('meets employers with payroll, super and benefits, and payers with withholding', () => {
    const kindsOf = (...categories: TaxRule['category'][]) =>
      rules.filter(({ rule }) => categories.includes(rule.category)).map(({ rule }) => rule)
    const notEmployers = kindsOf('PAYROLL', 'SUPER_PENSION', 'FRINGE_BENEFITS').filter(
      ({ taxpayerKinds }) => !taxpayerKinds.includes('EMPLOYER'),
    )
    // What employees themselves hand in, and what savers pay in.
    expect(notEmployers.map(({ id }) => id)).toEqual(['ca-rrsp', 'us-w4-exempt', 'us-tips'])
    for (const { id, taxpayerKinds } of kindsOf('WITHHOLDING')) {
      expect(taxpayerKinds, id).toContain('PAYER')
    }
  })

  test('calls a return that tells of others by that name, in every country alike', () => {
    const told = rules.filter(({ rule }) => rule.category === 'INFORMATION_RETURN')
    expect(told.every(({ rule }) => rule.action === 'file')).toBe(true)
    expect(told.map(({ rule }) => rule.id)).toEqual(
      expect.arrayContaining(['us-w2', 'ca-t4', 'gb-p60', 'sg-ir8a', 'in-tds-return', 'au-tpar']),
    )
  })
})

function sourcesOf(rule: TaxRule | undefined): Source[] {
  return (rule?.sources ?? []).map(({ name, url }) => ({ name, url: url.slice('https://'.length) }))
}

/** Some rules were gathered with the same page twice. */
function unique(sources: readonly Source[]): Source[] {
  return [...new Map(sources.map((source) => [source.name + source.url, source])).values()]
}
