import { expect, test } from 'vitest'
import { amountText } from '../../../src/rules/billing/money.ts'
import { planCost } from '../../../src/rules/billing/plan-cost.ts'
import type { Plan } from '../../../src/rules/plan.ts'

const starter: Plan = {
  ...{ id: 'starter', name: 'Starter', monthlyLimit: 10_000, requestsPerSecond: 50 },
  prices: { USD: '29.00', JPY: '4500', KWD: '8.900' },
  overage: { per: 1_000, prices: { USD: '4.00', JPY: '600', KWD: '1.200' } },
  ...{ stripePriceIds: [], paddlePriceIds: [] },
}
const free: Plan = {
  ...starter,
  ...{ id: 'free', monthlyLimit: 1_000, prices: { USD: '0.00' }, overage: null },
}

test.each([
  ['USD', 0, '29.00', '0.00'],
  ['USD', 10_000, '29.00', '0.00'],
  // 0.004 a call: half a cent goes up, less than half goes down.
  ['USD', 10_001, '29.00', '0.00'],
  ['USD', 10_002, '29.00', '0.01'],
  ['USD', 25_000, '29.00', '60.00'],
  ['JPY', 10_001, '4500', '1'],
  ['JPY', 25_000, '4500', '9000'],
  ['KWD', 10_001, '8.900', '0.001'],
])('in %s %d calls on starter cost %s and %s', (currency, calls, base, overage) => {
  const cost = planCost(starter, currency, calls)
  expect(cost && amountText(cost.base, currency)).toBe(base)
  expect(cost && amountText(cost.overage, currency)).toBe(overage)
})

test('a price of a call is rounded to six decimals before it is multiplied', () => {
  const plan = { ...starter, overage: { per: 3, prices: { USD: '1.00' } } }
  // 0.333333 × 3,000,000 = 999,999.00; a third each would be a million.
  expect(planCost(plan, 'USD', 3_010_000)?.overage).toBe(99_999_900n)
})

test('without overage calls above the limit cost nothing and are told', () => {
  expect(planCost(free, 'USD', 1_500)).toEqual({ base: 0n, above: 500, overage: 0n })
})

test('what is free in one currency is free in all, what costs is converted into none', () => {
  expect(planCost(free, 'EUR', 10)).toEqual({ base: 0n, above: 0, overage: 0n })
  expect(planCost(starter, 'EUR', 10)).toBeNull()
  expect(planCost(starter, 'constructor', 10)).toBeNull()
})

test('an unlimited plan has nothing above its limit', () => {
  const plan = { ...starter, monthlyLimit: null, overage: null }
  expect(planCost(plan, 'USD', 9_000_000)).toEqual({ base: 2_900n, above: 0, overage: 0n })
})
