import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { allTaxDates, shipped } from './shipped-data.ts'

/** All 218 rules of twelve countries as they were gathered: the data must hold every one. */
type Gathered = { id: string; country: string; ruleText: string }
const fixture = new URL('../../fixtures/rules-all.json', import.meta.url)
const gathered: Gathered[] = JSON.parse(readFileSync(fixture, 'utf8'))

const countries = [...shipped.countries].map(([code, { rules }]) => {
  return { code, rules: [...rules.values()] }
})
const dates = (country: string, obligationId: string) => {
  const range = { from: '2023-01-01', to: '2027-12-31' }
  return allTaxDates({ country, ...range, obligationIds: [obligationId] })
}

describe('the rules of all twelve countries', () => {
  test('are those that were gathered, and none is missing', () => {
    expect(countries).toHaveLength(12)
    const held = countries.flatMap(({ rules }) => rules.map(({ id }) => id))
    expect(held.sort()).toEqual(gathered.map(({ id }) => id).sort())
    expect(held).toHaveLength(218)
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
    expect(extended?.shiftedBy).toMatch(/announced/)
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
})
