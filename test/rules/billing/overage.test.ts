import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { largestPlan, unitsAbove } from '../../../src/rules/billing/invoice-lines.ts'
import { dueOverage } from '../../../src/rules/billing/overage.ts'
import { type KeyLife, wasAtProvider } from '../../../src/rules/billing/plan-days.ts'
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

describe('the plan that decides so far', () => {
  const then = (tier: string, status: 'NONE' | 'ACTIVE' = 'ACTIVE') => ({
    ...{ tier, revoked: false, billingStatus: status },
  })
  const life: KeyLife = {
    ...{ createdAt: on(1), revokedAt: null, tier: 'enterprise' },
    changes: [
      { at: on(10, 3), from: then('free', 'NONE'), to: then('starter') },
      { at: on(20, 1), from: then('starter'), to: then('pro') },
      { at: on(25, 1), from: then('pro'), to: then('free', 'NONE') },
    ],
  }
  const through = (day: number) => largestPlan(life, month, plans, on(day + 1))?.id

  test('is the largest of the days that are over', () => {
    expect([9, 10, 19, 20, 30].map(through)).toEqual(['free', 'starter', 'starter', 'pro', 'pro'])
  })

  test('is the one that a revocation ended only from that day on', () => {
    const revoked = { ...life, revokedAt: on(20, 2) }
    const held = (day: number) => largestPlan(revoked, month, plans, on(day + 1))?.id
    expect([19, 20, 21].map(held)).toEqual(['starter', 'pro', 'pro'])
  })

  test('and a provider comes into it with the day of its subscription, to the end of the month', () => {
    const at = (day: number) => wasAtProvider(life, month, on(day + 1))
    expect([9, 10, 30].map(at)).toEqual([false, true, true])
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
          expect(decided).toBe(unitsAbove(starter, total))
        },
      ),
    )
  })
})
