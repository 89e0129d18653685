import { describe, expect, test } from 'vitest'
import { isValidPeriod } from '../../../src/rules/tax/tax-dates.ts'
import type { TaxRule } from '../../../src/rules/tax/tax-rule.ts'
import { allTaxDates, shipped } from './shipped-data.ts'

describe('every date of all years and countries', () => {
  const all = [...shipped.countries.keys()].flatMap((country) =>
    allTaxDates({
      country,
      from: '2023-01-01',
      to: '2027-12-31',
      periodEndMonths: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    }),
  )

  test('has an id of its own', () => {
    expect(all.length).toBeGreaterThan(3900)
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  })

  test('says why it moved exactly where it moved', () => {
    for (const { id, statutoryDate, dueDate, shiftedBy } of all) {
      expect(shiftedBy !== null, id).toBe(statutoryDate !== dueDate)
    }
  })

  test('has a payBy only where payment must arrive earlier', () => {
    for (const { id, payBy, payByReason, dueDate } of all) {
      if (payBy !== null) expect(payBy < dueDate, id).toBe(true)
      expect(payByReason !== null, id).toBe(payBy !== null)
    }
  })
})

describe('a rule that held for some time only', () => {
  const rule = (validity: Pick<TaxRule, 'validFrom' | 'validTo'>) => validity as TaxRule
  const period = { start: '2026-04-01', end: '2026-06-30' }

  test('counts periods that lie within that time whole', () => {
    expect(isValidPeriod(rule({}), period)).toBe(true)
    expect(isValidPeriod(rule({ validFrom: '2026-04-01' }), period)).toBe(true)
    expect(isValidPeriod(rule({ validFrom: '2026-04-02' }), period)).toBe(false)
    expect(isValidPeriod(rule({ validTo: '2026-06-30' }), period)).toBe(true)
    expect(isValidPeriod(rule({ validTo: '2026-06-29' }), period)).toBe(false)
  })
})
