import { describe, expect, test } from 'vitest'
import { isValidPeriod } from '../../../src/rules/tax/tax-dates.ts'
import type { TaxRule } from '../../../src/rules/tax/tax-rule.ts'

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
