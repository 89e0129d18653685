import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type CountryCode, isCountryCode } from '../../../src/rules/tax/country-code.ts'
import { buildCalendars, calendarsFileSchema } from '../../../src/rules/tax/holiday-calendar.ts'
import { problemsOf } from '../../../src/rules/tax/rule-problems.ts'
import { buildTaxData, type CountryRules, type TaxData } from '../../../src/rules/tax/tax-data.ts'
import { type TaxRule, taxRuleSchema } from '../../../src/rules/tax/tax-rule.ts'
import { allTaxDates, shippedDirectory } from './shipped-data.ts'

/** All 218 rules of twelve countries as they were gathered: the engine must carry every one. */
type Gathered = { id: string; country: string; region: string | null; sources: { url: string }[] }
const fixture = new URL('../../fixtures/rules-all.json', import.meta.url)
const gathered: Gathered[] = JSON.parse(readFileSync(fixture, 'utf8'))

const calendars = buildCalendars(
  calendarsFileSchema.parse(
    JSON.parse(readFileSync(join(shippedDirectory, 'calendars.json'), 'utf8')),
  ),
  [],
)

function readRule({ country: _country, sources, ...rule }: Gathered): TaxRule {
  // Six rules of AU were gathered with one source twice.
  const distinct = new Map(sources.map((source) => [source.url, source]))
  const complete = [...distinct.values()].map((source) => ({
    ...source,
    url: `https://${source.url}`,
    read: '2026-11-22',
  }))
  return taxRuleSchema.parse({ ...rule, sources: complete })
}

function countriesOf(rules: readonly Gathered[]): CountryRules[] {
  const byCountry = Map.groupBy(rules, ({ country }) => country)
  return [...byCountry].map(([country, own]) => {
    const regions = own.flatMap(({ region }) => region ?? [])
    return {
      code: codeOf(country),
      name: country,
      regions: Object.fromEntries([...regions, 'US-ME', 'US-MA'].map((region) => [region, region])),
      rules: own.map(readRule),
    }
  })
}

function codeOf(country: string): CountryCode {
  if (!isCountryCode(country)) throw new Error(country)
  return country
}

const countries = countriesOf(gathered)
const data: TaxData = buildTaxData(countries, calendars, { first: 2023, last: 2027 })
const dates = (country: string, obligationId: string) => {
  const range = { from: '2023-01-01', to: '2027-12-31' }
  return allTaxDates({ country, ...range, obligationIds: [obligationId] }, data)
}

describe('the rules of all twelve countries', () => {
  test('are read and have nothing to complain about', () => {
    expect(gathered).toHaveLength(218)
    expect(countries).toHaveLength(12)
    const problems = countries.flatMap(({ code, regions, rules }) =>
      rules.flatMap((rule) => [...problemsOf(rule, { country: code, regions, calendars })]),
    )
    expect(problems).toEqual([])
  })

  test('give dates for every year, but for events and what nobody announced', () => {
    const without = countries.flatMap(({ code, rules }) =>
      rules.filter(({ id }) => dates(code, id).length === 0).map(({ id }) => id),
    )
    expect(without).toEqual(['au-payday-super'])
    for (const { code, rules } of countries) {
      for (const { id, validFrom, validTo, due } of rules) {
        if (validFrom || validTo || due.anchor === 'announced') continue
        const years = new Set(dates(code, id).map(({ dueDate }) => dueDate.slice(0, 4)))
        expect([...years], id).toEqual(['2023', '2024', '2025', '2026', '2027'])
      }
    }
  })

  test('have ids of their own over all countries', () => {
    const all = countries.flatMap(({ code, rules }) => rules.flatMap(({ id }) => dates(code, id)))
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  })

  test('announced: the listed dates alone, moved by nothing', () => {
    expect(
      dates('DE', 'de-jahr-stb').map(({ periodEnd, dueDate }) => [periodEnd, dueDate]),
    ).toEqual([
      ['2022-12-31', '2024-07-31'],
      ['2023-12-31', '2025-06-02'],
      ['2024-12-31', '2026-04-30'],
    ])
    expect(dates('IE', 'ie-f11-ros').map(({ dueDate }) => dueDate)).toEqual(['2025-11-19'])
  })

  test('oneOffs replace the due date and leave the statute', () => {
    const extended = dates('HK', 'hk-pt-d').find(({ periodEnd }) => periodEnd === '2024-12-31')
    expect(extended).toMatchObject({ statutoryDate: '2025-08-15', dueDate: '2025-08-29' })
    expect(extended?.shiftedBy).toMatch(/extension/)
    const plain = dates('IN', 'in-itr').find(({ periodEnd }) => periodEnd === '2026-03-31')
    expect(plain).toMatchObject({
      statutoryDate: '2026-07-31',
      dueDate: '2026-07-31',
      shiftedBy: null,
    })
  })

  test('graceDays are told in words and move nothing', () => {
    const january = dates('DE', 'de-ust-m').find(({ periodEnd }) => periodEnd === '2025-12-31')
    expect(january).toMatchObject({
      statutoryDate: '2026-01-10',
      dueDate: '2026-01-12',
      payBy: null,
    })
    expect(january?.obligation.rule).toMatch(/3 days of grace, not contained in the dates/)
  })

  test('South Africa moves to the day before; February years keep leap days', () => {
    const [second] = dates('ZA', 'za-prov-2').filter(({ periodEnd }) => periodEnd === '2026-02-28')
    expect(second).toMatchObject({ statutoryDate: '2026-02-28', dueDate: '2026-02-27' })
    const [leap] = dates('ZA', 'za-prov-2').filter(({ periodEnd }) => periodEnd === '2024-02-29')
    expect(leap).toMatchObject({ periodStart: '2023-03-01', dueDate: '2024-02-29' })
  })

  test('the five countries that ship hold the same facts as were gathered', () => {
    for (const code of ['AU', 'NZ', 'GB', 'US', 'CA']) {
      const path = join(shippedDirectory, `${code.toLowerCase()}.json`)
      const file: { rules: unknown[] } = JSON.parse(readFileSync(path, 'utf8'))
      const own = gathered.filter(({ country }) => country === code)
      expect(file.rules.map((rule) => taxRuleSchema.parse(rule))).toEqual(own.map(readRule))
    }
  })
})
