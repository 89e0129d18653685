import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CountedEarlier } from '../../../src/rules/billing/monthly-documents.ts'
import { monthlyDocuments } from '../../../src/rules/billing/monthly-documents.ts'
import { DAY, startOfNextMonth } from '../../../src/rules/calendar-time.ts'
import { minorDigits } from '../../../src/rules/currency.ts'
import { access, accountMonth, at, keyOf } from '../../billing/account-months.ts'
import { pricedPlans } from '../../billing/priced-plans.ts'

/** Exact fractions, so that nothing is rounded before it should be. */
interface Fraction {
  over: bigint
  under: bigint
}

/** `29.00` as it is written: no currency, no minor units, another way than the rules'. */
function fraction(decimal: string): Fraction {
  const [whole = '', part = ''] = decimal.split('.')
  return { over: BigInt(whole + part), under: 10n ** BigInt(part.length) }
}

function times({ over, under }: Fraction, by: number, through = 1): Fraction {
  return { over: over * BigInt(by), under: under * BigInt(through) }
}

/** To so many decimals, the half upwards; of amounts from 0 on. */
function rounded({ over, under }: Fraction, decimals: number): Fraction {
  const scale = 10n ** BigInt(decimals)
  const doubled = over * scale * 2n
  const low = doubled / under
  return { over: (low + (low % 2n)) / 2n, under: scale }
}

const months = fc
  .tuple(fc.integer({ min: 2020, max: 2035 }), fc.integer({ min: 0, max: 11 }))
  .map(([year, month]) => Date.UTC(year, month, 1))
const currencies = fc.constantFrom('USD', 'JPY', 'KWD')
const tiers = fc.constantFrom('free', 'starter', 'pro', 'enterprise')
const usages = fc.integer({ min: 0, max: 300_000 })
const rates = fc.constantFrom('0', '8.875', '10', '19.5')

/** Changes by day of the month, ascending; hours do not matter and are drawn. */
const histories = fc
  .array(
    fc.record({
      day: fc.integer({ min: 0, max: 30 }),
      hour: fc.integer({ min: 0, max: 86_399_999 }),
      tier: tiers,
    }),
    {
      maxLength: 5,
    },
  )
  .map((all) => all.toSorted((a, b) => a.day - b.day || a.hour - b.hour))

interface Drawn {
  month: number
  first: string
  history: { day: number; hour: number; tier: string }[]
  total: number
}

function keyWith(name: string, { month, first, history }: Omit<Drawn, 'total'>) {
  const entries = history.map(({ day, hour, tier }) => ({
    ...{ at: month + day * DAY + hour, from: access(first), to: access(tier) },
  }))
  return keyOf(name, { createdAt: month - 40 * DAY, tier: first, changes: entries })
}

const monthText = (month: number) => new Date(month).toISOString().slice(0, 7)

test('sums are exact, and amounts those of a reckoning in fractions that rounds where it must', () => {
  const drawn = fc.record({ month: months, first: tiers, history: histories, total: usages })
  fc.assert(
    fc.property(drawn, currencies, rates, (one, currency, rate) => {
      const { month, first, history, total } = one
      const usage = { [`key_abcd:${monthText(month)}`]: total }
      const given = { month, currency, tax: { name: 'GST', rate } }
      const { documents, problems } = monthlyDocuments(
        accountMonth([keyWith('key_abcd', one)], usage, given),
      )
      expect(problems).toEqual([])
      const [document] = documents
      const expected = reckonedAnew({ month, first, history, total }, currency)
      const net = document?.lines.filter(({ what }) => what !== 'tax') ?? []
      expect(net.map(({ amount }) => BigInt(amount))).toEqual(expected)
      if (!document) return
      const sum = document.lines.reduce((all, { amount }) => all + amount, 0)
      expect(document.total).toBe(sum)
      expect(document.subtotal + (document.tax?.amount ?? 0)).toBe(sum)
      const tax = rounded(times(times(fraction(rate), document.subtotal), 1, 100), 0)
      expect(BigInt(document.tax?.amount ?? 0)).toBe(tax.over)
      // Whole months count once, others by days: with those of plans that cost nothing they add up.
      const days = net
        .filter(({ what }) => what === 'plan')
        .reduce((all, { quantity, description }) => {
          return (
            all +
            (description.includes(' days)') ? quantity : (startOfNextMonth(month) - month) / DAY)
          )
        }, 0)
      expect(days).toBe(planByDay(one).filter((tier) => tier !== 'free').length)
    }),
    { numRuns: 500 },
  )
})

/** The plan of each day, told day by day. */
function planByDay({ month, first, history }: Omit<Drawn, 'total'>): string[] {
  const days = (startOfNextMonth(month) - month) / DAY
  return Array.from({ length: days }, (_, day) => {
    return history.filter((one) => one.day <= day).at(-1)?.tier ?? first
  })
}

/** Amounts of the lines, in their order, in minor units. */
function reckonedAnew(drawn: Drawn, currency: string): bigint[] {
  const digits = minorDigits(currency)
  const byDay = planByDay(drawn)
  const priced = [...new Set(byDay)].filter((tier) => tier !== 'free')
  const ofPlans = priced.map((tier) => {
    const price = fraction(pricedPlans.get(tier)?.prices[currency] ?? '')
    const days = byDay.filter((one) => one === tier).length
    return rounded(times(price, days, byDay.length), digits).over
  })
  const order = ['free', 'starter', 'pro', 'enterprise']
  const largest = order.findLast((tier) => byDay.includes(tier)) ?? ''
  const { overage = null, monthlyLimit = null } = pricedPlans.get(largest) ?? {}
  const above = monthlyLimit === null ? 0 : drawn.total - monthlyLimit
  if (!overage || above <= 0) return ofPlans
  const unit = rounded(times(fraction(overage.prices[currency] ?? ''), 1, overage.per), 6)
  return [...ofPlans, rounded(times(unit, above), digits).over]
}

test('more usage never costs less, whatever the plans', () => {
  const two = fc.tuple(usages, usages).map((pair) => pair.toSorted((a, b) => a - b))
  fc.assert(
    fc.property(
      months,
      tiers,
      histories,
      two,
      currencies,
      (month, first, history, [less = 0, more = 0], currency) => {
        const totalWith = (total: number) => {
          const usage = { [`key_abcd:${monthText(month)}`]: total }
          const account = accountMonth([keyWith('key_abcd', { month, first, history })], usage, {
            month,
            currency,
          })
          return monthlyDocuments(account).documents[0]?.total ?? 0
        }
        expect(totalWith(less)).toBeLessThanOrEqual(totalWith(more))
      },
    ),
  )
})

test('calls that come late, in any portions over a year, are charged each once', () => {
  const portions = fc.array(fc.integer({ min: 0, max: 9_000 }), { minLength: 1, maxLength: 11 })
  fc.assert(
    fc.property(portions, fc.constantFrom('starter', 'thirds', 'metered'), (late, tier) => {
      const key = keyOf('key_abcd', { tier })
      const earlier: CountedEarlier[] = []
      const empty: string[] = []
      const usage: Record<string, number> = {}
      for (const [index, more] of late.entries()) {
        // The first portion is of January itself, the others come to know of it later.
        usage['key_abcd:2026-01'] = (usage['key_abcd:2026-01'] ?? 0) + more
        const month = Date.UTC(2026, index, 1)
        const made = monthlyDocuments(accountMonth([key], usage, { month, earlier, empty }))
        for (const kind of made.empty) empty.push(`${monthText(month)}:${kind}`)
        for (const { kind, basis } of made.documents) {
          const plans = new Map(basis.plans.map((plan) => [plan.id, plan]))
          for (const one of basis.usage)
            earlier.push({ ...one, kind, plan: plans.get(one.tier) ?? null })
        }
      }
      const charged = earlier
        .filter(({ month }) => month === '2026-01')
        .reduce((sum, one) => sum + one.charged, 0)
      const total = usage['key_abcd:2026-01'] ?? 0
      const limit = pricedPlans.get(tier)?.monthlyLimit ?? 0
      expect(charged).toBe(Math.max(0, total - limit))
    }),
  )
})

test('documents of a month do not depend on what came after it', () => {
  fc.assert(
    fc.property(tiers, histories, (first, history) => {
      const month = at('2026-11-01')
      const key = keyWith('key_abcd', { month, first, history })
      const after = { at: at('2026-12-01'), from: access(first), to: access('pro') }
      const later = { ...key, life: { ...key.life, changes: [...key.life.changes, after] } }
      const usage = { 'key_abcd:2026-11': 12_345 }
      expect(monthlyDocuments(accountMonth([later], usage))).toEqual(
        monthlyDocuments(accountMonth([key], usage)),
      )
    }),
  )
})
