import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dueOverage, overageAmount, overageOf } from '../../../src/rules/billing/overage.ts'
import { largestOf, plansHeld } from '../../../src/rules/billing/plans-held.ts'
import { DAY } from '../../../src/rules/calendar-time.ts'
import type { Plan } from '../../../src/rules/plan.ts'
import { plan } from '../../asked.ts'

const month = Date.UTC(2026, 10, 1)
const on = (day: number, hour = 0) => Date.UTC(2026, 10, day, hour)
const withOverage = (id: string, limit: number): Plan => ({
  ...plan(id, limit),
  overage: { per: 1_000, prices: { USD: '4.00', JPY: '600', KWD: '1.234' } },
})
const starter = withOverage('starter', 10_000)
const pro = withOverage('pro', 100_000)
const plans = new Map(
  [plan('free', 1_000), starter, pro, plan('enterprise', null)].map((one) => [one.id, one]),
)

test.each([
  [9_999, starter, 0],
  [10_000, starter, 0],
  [10_001, starter, 1],
  [10_001, plans.get('enterprise') ?? null, 0],
  [10_001, plans.get('free') ?? null, 0],
  [10_001, null, 0],
])('of %i calls those above the limit of a plan with overage are billed', (calls, held, billed) => {
  expect(overageOf(calls, held)).toBe(billed)
})

describe('the plans held', () => {
  const key = { createdAt: on(1), revokedAt: null, tier: 'starter', changes: [] }
  const change = (at: number, from: string | null, to: string) => ({ at, from, to })

  test('are the present one where there is no history', () => {
    expect([...plansHeld(key, month, on(30))]).toEqual(['starter'])
  })

  test('give the day of a change to the new plan, and a plan of some hours nothing', () => {
    const changes = [
      change(on(10, 3), 'free', 'pro'),
      change(on(10, 20), 'pro', 'starter'),
      change(on(20, 1), 'starter', 'free'),
    ]
    const held = (through: number) => [...plansHeld({ ...key, changes }, month, through)]
    expect(held(on(9))).toEqual(['free'])
    expect(held(on(10))).toEqual(['free', 'starter'])
    expect(held(on(20))).toEqual(['free', 'starter'])
    const onFirst = [change(on(1, 5), 'pro', 'starter')]
    expect([...plansHeld({ ...key, changes: onFirst }, month, on(30))]).toEqual(['starter'])
    const before = [change(on(1) - 1, 'pro', 'starter'), change(on(25), 'starter', 'free')]
    expect([...plansHeld({ ...key, changes: before }, month, on(24))]).toEqual(['starter'])
  })

  test('begin when the key was made and end with the day of its revocation', () => {
    const made = { ...key, createdAt: on(5, 12), changes: [change(on(5, 12), null, 'pro')] }
    expect([...plansHeld(made, month, on(4))]).toEqual([])
    expect([...plansHeld(made, month, on(5))]).toEqual(['pro'])
    const changes = [change(on(10, 9), 'starter', 'free')]
    const revoked = { ...key, revokedAt: on(10, 8), changes, tier: 'free' }
    expect([...plansHeld(revoked, month, on(30))]).toEqual(['starter'])
    expect([...plansHeld({ ...key, revokedAt: on(1) - 1 }, month, on(30))]).toEqual([])
  })

  test('of several the one with the larger limit decides, unlimited above all', () => {
    expect(largestOf(['starter', 'pro', 'free'], plans)?.id).toBe('pro')
    expect(largestOf(['starter', 'enterprise', 'pro'], plans)?.id).toBe('enterprise')
    expect(largestOf(['gone', 'free'], plans)?.id).toBe('free')
    expect(largestOf(['gone'], plans)).toBeNull()
  })
})

describe('what is due when a day is closed', () => {
  const days = (...units: number[]) => new Map(units.map((one, n) => [month + n * DAY, one]))
  const due = (
    units: number[],
    day: number,
    through: number | null,
    decided: number,
    held = starter,
  ) =>
    dueOverage({
      ...{ days: days(...units), day: on(day), plan: held, decided },
      through: through === null ? null : on(through),
    })

  test('is what lies above the limit for the first time', () => {
    expect(due([9_000, 500], 2, null, 0)).toEqual({ late: 0, due: 0 })
    expect(due([9_000, 500, 700], 3, null, 0)).toEqual({ late: 0, due: 200 })
    expect(due([9_000, 500, 700, 30], 4, 3, 200)).toEqual({ late: 0, due: 30 })
  })

  test('is nothing the second time, nor for an earlier day', () => {
    expect(due([9_000, 500, 700], 3, 3, 200)).toEqual({ late: 0, due: 0 })
    expect(due([9_000, 5_000, 700], 1, 3, 4_700)).toEqual({ late: 0, due: 0 })
  })

  test('tells calls that came late for a day that was charged from those of the days since', () => {
    expect(due([10_000, 5, 0], 2, 1, 0)).toEqual({ late: 0, due: 5 })
    expect(due([10_007, 5], 2, 1, 0)).toEqual({ late: 7, due: 5 })
    expect(due([10_000, 12, 40], 3, 2, 5)).toEqual({ late: 7, due: 40 })
  })

  test('takes nothing back for a larger plan: the rest of the month comes later', () => {
    expect(due([12_000], 1, null, 0)).toEqual({ late: 0, due: 2_000 })
    expect(due([12_000, 90_000], 2, 1, 2_000, pro)).toEqual({ late: 0, due: 0 })
    expect(due([12_000, 90_000, 2_000], 3, 1, 2_000, pro)).toEqual({ late: 0, due: 2_000 })
  })

  test('adds up to what is above the limit, in whatever order days are closed and calls come in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(6_000), { minLength: 1, maxLength: 30 }),
        fc.array(fc.tuple(fc.nat(29), fc.nat(29), fc.nat(900)), { maxLength: 60 }),
        (units, steps) => {
          const counted = days(...units)
          const last = month + (units.length - 1) * DAY
          let decided = 0
          let through: number | null = null
          const close = (day: number) => {
            const found = dueOverage({ days: counted, day, plan: starter, through, decided })
            decided += found.late + found.due
            if (found.due > 0) through = Math.max(through ?? 0, day)
          }
          for (const [closed, called, late] of steps) {
            close(Math.min(month + closed * DAY, last))
            const day = Math.min(month + called * DAY, last)
            counted.set(day, (counted.get(day) ?? 0) + late)
          }
          close(last)
          const total = [...counted.values()].reduce((sum, one) => sum + one, 0)
          expect(decided).toBe(overageOf(total, starter))
        },
      ),
    )
  })
})

test.each([
  [1, 'USD', 0n],
  [2, 'USD', 1n],
  [12_345, 'USD', 4_938n],
  [12_346, 'USD', 4_938n],
  [1, 'JPY', 1n],
  [12_345, 'JPY', 7_407n],
  [1_000, 'KWD', 1_234n],
  [4_503_599_627_370_497, 'USD', 1_801_439_850_948_199n],
  [5, 'EUR', null],
])('%i calls above the limit cost whole minor units of %s, half up', (calls, currency, amount) => {
  expect(overageAmount(starter, calls, currency)).toBe(amount)
})

test('the price of one call is rounded at six decimals, and the sum once', () => {
  const odd: Plan = { ...starter, overage: { per: 7, prices: { USD: '0.01' } } }
  // 0.01 ÷ 7 = 0.001428571… is 0.001429; 1,000 of it are 1.429.
  expect(overageAmount(odd, 1_000, 'USD')).toBe(143n)
})
