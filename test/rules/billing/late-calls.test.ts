import { describe, expect, test } from 'vitest'
import { monthlyDocuments } from '../../../src/rules/billing/monthly-documents.ts'
import { access, accountMonth, changesFrom, keyOf, written } from '../../billing/account-months.ts'
import { pricedPlans } from '../../billing/priced-plans.ts'

const key = keyOf('key_abcd')
const whole = 'production (gc_live_abcd), November 2026'

describe('calls that came late', () => {
  const starter = pricedPlans.get('starter') ?? null
  const counted = {
    apiKeyId: 'key_abcd',
    tier: 'starter',
    plan: starter,
    kind: 'INVOICE' as const,
    home: 'INVOICE' as const,
  }
  const october = { ...counted, month: '2026-10', total: 10_500, charged: 500 }

  test('stand on the next invoice as a line of their own', () => {
    const account = accountMonth([key], { 'key_abcd:2026-10': 10_900 }, { earlier: [october] })
    expect(written(account)).toEqual([
      `1 x 29.00 = 29.00: Starter: ${whole}`,
      '400 x 0.004 = 1.60: Late calls above 10,000 (Starter): production (gc_live_abcd), October 2026',
      '30.60',
    ])
    expect(monthlyDocuments(account).documents[0]?.basis.usage).toEqual([
      {
        apiKeyId: 'key_abcd',
        month: '2026-11',
        total: 0,
        charged: 0,
        tier: 'starter',
        home: 'INVOICE',
      },
      {
        apiKeyId: 'key_abcd',
        month: '2026-10',
        total: 10_900,
        charged: 400,
        tier: 'starter',
        home: 'INVOICE',
      },
    ])
  })

  test('cost only what lies above the limit, and only once', () => {
    const under = { ...october, total: 9_900, charged: 0 }
    const late = { ...october, total: 10_100, charged: 100 }
    const usage = { 'key_abcd:2026-10': 10_250 }
    const first = accountMonth([key], usage, { earlier: [under] })
    expect(written(first)[1]).toContain('250 x 0.004 = 1.00: Late calls')
    const second = accountMonth([key], usage, { earlier: [under, late] })
    expect(written(second)[1]).toContain('150 x 0.004 = 0.60: Late calls')
    const third = accountMonth([key], { 'key_abcd:2026-10': 10_100 }, { earlier: [under, late] })
    expect(written(third)).toHaveLength(2)
  })

  test('are charged several months later, by the plan as it was kept then', () => {
    const kept = starter && {
      ...starter,
      monthlyLimit: 8_000,
      overage: { per: 100, prices: { USD: '1.00' } },
    }
    const june = { ...counted, plan: kept, month: '2026-06', total: 8_000, charged: 0 }
    const usage = { 'key_abcd:2026-06': 8_100, 'key_abcd:2026-10': 10_600 }
    const account = accountMonth([key], usage, { earlier: [june, october] })
    expect(written(account).slice(1, 3)).toEqual([
      '100 x 0.01 = 1.00: Late calls above 8,000 (Starter): production (gc_live_abcd), June 2026',
      '100 x 0.004 = 0.40: Late calls above 10,000 (Starter): production (gc_live_abcd), October 2026',
    ])
  })

  test('of a month that was never invoiced are not late', () => {
    expect(written(accountMonth([key], { 'key_abcd:2026-10': 99_000 }))).toHaveLength(2)
  })

  test('of a month that was settled without a document are charged', () => {
    const metered = keyOf('key_abcd', { tier: 'metered' })
    const usage = { 'key_abcd:2026-10': 350 }
    expect(monthlyDocuments(accountMonth([metered], usage)).empty).toEqual(['INVOICE'])
    const account = accountMonth([metered], usage, { empty: ['2026-10:INVOICE'] })
    expect(written(account)[0]).toContain('250 x 0.01 = 2.50: Late calls above 100')
  })

  test('of a key that has gone to a provider since stay on an invoice', () => {
    const changes = changesFrom(access('starter'), [
      '2026-11-01T00:00:00Z',
      access('starter', 'ACTIVE'),
    ])
    const account = accountMonth(
      [keyOf('key_abcd', { changes })],
      { 'key_abcd:2026-10': 10_900 },
      { earlier: [october] },
    )
    expect(written(account)[0]).toContain('400 x 0.004 = 1.60')
    expect(written(account, 'USAGE_STATEMENT')).toHaveLength(2)
  })

  test('of a month at a provider stand on the next statement, unless the provider could not be charged', () => {
    const changes = changesFrom(access('free'), [
      '2026-09-15T12:00:00Z',
      access('starter', 'ACTIVE'),
    ])
    const atStripe = keyOf('key_abcd', { changes })
    const stated = {
      ...october,
      kind: 'USAGE_STATEMENT' as const,
      home: 'USAGE_STATEMENT' as const,
    }
    const usage = { 'key_abcd:2026-10': 10_900 }
    const charged = accountMonth([atStripe], usage, { earlier: [stated] })
    expect(written(charged, 'USAGE_STATEMENT')[1]).toContain('400 x 0.004 = 1.60: Late calls')
    const uncharged = {
      earlier: [stated],
      unchargedOf: (_: string, month: string) => (month === '2026-10' ? 700 : 0),
    }
    const moved = accountMonth([atStripe], usage, uncharged)
    expect(written(moved, 'USAGE_STATEMENT')[1]).toContain('-300 x 0.004 = -1.20: Late calls')
    expect(written(moved)[0]).toContain('700 x 0.004 = 2.80: Late calls')
  })
})
