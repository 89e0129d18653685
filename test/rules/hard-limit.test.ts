import { expect, test } from 'vitest'
import { checkedOverageCap, hardLimitOf } from '../../src/rules/hard-limit.ts'

const billed = { monthlyLimit: 100, overage: { per: 1, prices: {} } }
const most = Number.MAX_SAFE_INTEGER

test('calls are refused from the limit on, or from limit and cap on where more is billed, or never', () => {
  expect(hardLimitOf({ monthlyLimit: 100, overage: null }, 5)).toBe(100)
  expect(hardLimitOf({ monthlyLimit: null, overage: null }, 5)).toBeNull()
  for (const cap of [null, undefined]) expect(hardLimitOf(billed, cap)).toBeNull()
  expect(hardLimitOf(billed, 0)).toBe(100)
  expect(hardLimitOf(billed, 5)).toBe(105)
  expect(hardLimitOf(billed, most)).toBe(most)
})

test('a cap is a whole number of calls', () => {
  for (const units of [0, 1, most]) expect(checkedOverageCap(units)).toBe(units)
  for (const units of [-1, 0.5, most + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => checkedOverageCap(units)).toThrow('"units"')
  }
})
