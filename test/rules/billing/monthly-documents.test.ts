import { describe, expect, test } from 'vitest'
import { monthlyDocuments } from '../../../src/rules/billing/monthly-documents.ts'
import {
  access,
  accountMonth,
  at,
  changesFrom,
  keyOf,
  written,
} from '../../billing/account-months.ts'
import { pricedPlans } from '../../billing/priced-plans.ts'

const key = keyOf('key_abcd')
const whole = 'production (gc_live_abcd), November 2026'
const onStarter = { tier: 'starter', changes: [] }

describe('worked examples in USD', () => {
  test('a whole month is its price, once', () => {
    expect(written(accountMonth([key]))).toEqual([`1 x 29.00 = 29.00: Starter: ${whole}`, '29.00'])
  })

  test('an upgrade on the 16th at noon: 15 days of 29.00 and 15 of 99.00 by 30', () => {
    const changes = changesFrom(access('starter'), ['2026-11-16T12:00:00Z', access('pro')])
    expect(written(accountMonth([keyOf('key_abcd', { changes })]))).toEqual([
      '15 x 0.966667 = 14.50: Starter: production (gc_live_abcd), 1–15 November 2026 (15 of 30 days)',
      '15 x 3.30 = 49.50: Pro: production (gc_live_abcd), 16–30 November 2026 (15 of 30 days)',
      '64.00',
    ])
  })

  test('a downgrade on the 11th: overage belongs to the larger plan, with its limit and price', () => {
    const changes = changesFrom(access('pro'), ['2026-11-11T12:00:00Z', access('starter')])
    const account = accountMonth([keyOf('key_abcd', { changes })], { 'key_abcd:2026-11': 104_321 })
    expect(written(account)).toEqual([
      '10 x 3.30 = 33.00: Pro: production (gc_live_abcd), 1–10 November 2026 (10 of 30 days)',
      // 580.00 by 30 is 19.333…
      '20 x 0.966667 = 19.33: Starter: production (gc_live_abcd), 11–30 November 2026 (20 of 30 days)',
      // 4,321 x 0.002 = 8.642
      `4321 x 0.002 = 8.64: Calls above 100,000 (Pro): ${whole}`,
      '60.97',
    ])
  })

  test('two changes on a day: the last one has it, and the one between has none', () => {
    const changes = changesFrom(
      access('free'),
      ['2026-11-10T08:00:00Z', access('pro')],
      ['2026-11-10T09:00:00Z', access('starter')],
    )
    expect(written(accountMonth([keyOf('key_abcd', { changes })]))).toEqual([
      // 21 x 29.00 / 30 = 20.30
      '21 x 0.966667 = 20.30: Starter: production (gc_live_abcd), 10–30 November 2026 (21 of 30 days)',
      '20.30',
    ])
  })

  test.each([
    [9_999, []],
    [10_000, []],
    [10_001, [`1 x 0.004 = 0.00: Calls above 10,000 (Starter): ${whole}`]],
    [10_125, [`125 x 0.004 = 0.50: Calls above 10,000 (Starter): ${whole}`]],
    [22_345, [`12345 x 0.004 = 49.38: Calls above 10,000 (Starter): ${whole}`]],
  ])('%i calls with a limit of 10,000', (total, lines) => {
    const account = accountMonth([key], { 'key_abcd:2026-11': total })
    expect(written(account).slice(1, -1)).toEqual(lines)
  })

  test('a price by a third is rounded at the sixth decimal, the amount at the second', () => {
    const account = accountMonth([keyOf('key_abcd', { tier: 'thirds' })], {
      'key_abcd:2026-11': 1_000 + 1_000_000,
    })
    expect(written(account)).toEqual([
      `1 x 10.00 = 10.00: Thirds: ${whole}`,
      `1000000 x 0.333333 = 333333.00: Calls above 1,000 (Thirds): ${whole}`,
      '333343.00',
    ])
  })

  test('a key that was made on the 10th and revoked on the 20th has ten days', () => {
    const life = { createdAt: at('2026-11-10T15:00:00Z'), revokedAt: at('2026-11-20T01:00:00Z') }
    expect(written(accountMonth([keyOf('key_abcd', life)]))).toEqual([
      // 290.00 / 30 = 9.666…
      '10 x 0.966667 = 9.67: Starter: production (gc_live_abcd), 10–19 November 2026 (10 of 30 days)',
      '9.67',
    ])
  })

  test('calls of the day on which a key was made and revoked are charged all the same', () => {
    const life = { createdAt: at('2026-11-10T01:00:00Z'), revokedAt: at('2026-11-10T23:00:00Z') }
    const account = accountMonth([keyOf('key_abcd', life)], { 'key_abcd:2026-11': 11_000 })
    expect(written(account)).toEqual([
      `1000 x 0.004 = 4.00: Calls above 10,000 (Starter): ${whole}`,
      '4.00',
    ])
  })

  test('a February of 29 days', () => {
    const changes = changesFrom(access('starter'), ['2024-02-10T12:00:00Z', access('free')])
    const leap = { month: at('2024-02-01') }
    expect(written(accountMonth([keyOf('key_abcd', { changes })], {}, leap))).toEqual([
      '9 x 1.00 = 9.00: Starter: production (gc_live_abcd), 1–9 February 2024 (9 of 29 days)',
      '9.00',
    ])
  })

  test('an unlimited plan has a price and never overage', () => {
    const enterprise = keyOf('key_abcd', { tier: 'enterprise' })
    const account = accountMonth([enterprise], { 'key_abcd:2026-11': 10_000_000 })
    expect(written(account)).toEqual([`1 x 499.00 = 499.00: Enterprise: ${whole}`, '499.00'])
    const changes = changesFrom(access('starter'), ['2026-11-30T12:00:00Z', access('enterprise')])
    const oneDay = accountMonth([keyOf('key_abcd', { changes })], {
      'key_abcd:2026-11': 10_000_000,
    })
    expect(written(oneDay)).toHaveLength(3)
  })

  test('a hard stop is never charged, whatever got through it', () => {
    const hard = keyOf('key_abcd', { tier: 'hard' })
    expect(written(accountMonth([hard], { 'key_abcd:2026-11': 5_010 }))).toHaveLength(2)
  })

  test('free alone is nothing, in any currency', () => {
    const free = accountMonth([keyOf('key_abcd', { tier: 'free' })], { 'key_abcd:2026-11': 1_000 })
    const elsewhere = { ...free, currency: 'NZD' }
    expect(monthlyDocuments(free)).toEqual({ documents: [], problems: [], empty: [] })
    expect(monthlyDocuments(elsewhere)).toEqual({ documents: [], problems: [], empty: [] })
  })

  test('tax stands on the invoice as its last line, rounded once', () => {
    const changes = changesFrom(access('starter'), ['2026-11-16T12:00:00Z', access('pro')])
    const tax = { name: 'GST', rate: '8.875' }
    const account = accountMonth([keyOf('key_abcd', { changes })], {}, { tax })
    // 64.00 x 8.875 % = 5.68
    expect(written(account).slice(2)).toEqual(['1 x 5.68 = 5.68: GST 8.875 %', '69.68'])
  })
})

test('worked example in JPY: no decimals anywhere but in unit prices', () => {
  const changes = changesFrom(access('starter'), ['2026-11-18T12:00:00Z', access('pro')])
  const usage = { 'key_abcd:2026-11': 100_004 }
  const tax = { name: 'JCT', rate: '10' }
  const account = accountMonth([keyOf('key_abcd', { changes })], usage, { currency: 'JPY', tax })
  expect(written(account)).toEqual([
    // 17 x 4500 / 30 = 2550
    '17 x 150 = 2550: Starter: production (gc_live_abcd), 1–17 November 2026 (17 of 30 days)',
    '13 x 500 = 6500: Pro: production (gc_live_abcd), 18–30 November 2026 (13 of 30 days)',
    // 4 x 0.3 = 1.2
    `4 x 0.3 = 1: Calls above 100,000 (Pro): ${whole}`,
    // 9051 x 10 % = 905.1
    '1 x 905 = 905: JCT 10 %',
    '9956',
  ])
})

test('worked example in KWD: three decimals', () => {
  const changes = changesFrom(access('starter'), ['2026-11-08T12:00:00Z', access('pro')])
  const usage = { 'key_abcd:2026-11': 100_333 }
  const account = accountMonth([keyOf('key_abcd', { changes })], usage, { currency: 'KWD' })
  expect(written(account)).toEqual([
    '7 x 0.300 = 2.100: Starter: production (gc_live_abcd), 1–7 November 2026 (7 of 30 days)',
    // 23 x 30.001 / 30 = 23.00076…
    '23 x 1.000033 = 23.001: Pro: production (gc_live_abcd), 8–30 November 2026 (23 of 30 days)',
    // 333 x 0.000617 = 0.205461
    `333 x 0.000617 = 0.205: Calls above 100,000 (Pro): ${whole}`,
    '25.306',
  ])
})

describe('what a provider charges', () => {
  const changes = changesFrom(access('free'), ['2026-10-15T12:00:00Z', access('starter', 'ACTIVE')])
  const atStripe = keyOf('key_strp', { changes })

  test('goes on a statement, without our tax; other keys of the account on an invoice', () => {
    const tax = { name: 'GST', rate: '10' }
    const account = accountMonth([key, atStripe], { 'key_strp:2026-11': 12_000 }, { tax })
    expect(written(account)).toEqual([
      `1 x 29.00 = 29.00: Starter: ${whole}`,
      '1 x 2.90 = 2.90: GST 10 %',
      '31.90',
    ])
    expect(written(account, 'USAGE_STATEMENT')).toEqual([
      '1 x 29.00 = 29.00: Starter: production (gc_live_strp), November 2026',
      '2000 x 0.004 = 8.00: Calls above 10,000 (Starter): production (gc_live_strp), November 2026',
      '37.00',
    ])
  })

  test('and could not goes on an invoice, and not on the statement', () => {
    const account = accountMonth(
      [atStripe],
      { 'key_strp:2026-11': 12_000 },
      { unchargedOf: () => 500 },
    )
    expect(written(account).slice(0, -1)).toEqual([
      '500 x 0.004 = 2.00: Calls above 10,000 (Starter): production (gc_live_strp), November 2026',
    ])
    expect(written(account, 'USAGE_STATEMENT')[1]).toContain('1500 x 0.004 = 6.00')
  })

  test('is nothing in a trial', () => {
    const trial = changesFrom(
      access('free'),
      ['2026-10-15T12:00:00Z', access('starter', 'TRIALING')],
      ['2026-11-08T12:00:00Z', access('starter', 'ACTIVE')],
    )
    expect(
      written(accountMonth([keyOf('key_strp', { changes: trial })]), 'USAGE_STATEMENT'),
    ).toEqual([
      '7 x 0.00 = 0.00: Starter, trial: production (gc_live_strp), 1–7 November 2026 (7 of 30 days)',
      // 23 x 29.00 / 30 = 22.2333…
      '23 x 0.966667 = 22.23: Starter: production (gc_live_strp), 8–30 November 2026 (23 of 30 days)',
      '22.23',
    ])
  })
})

describe('what cannot be invoiced', () => {
  test('is told, with the reason, and keeps back the whole document but no other', () => {
    const changes = changesFrom(access('free'), [
      '2026-10-15T12:00:00Z',
      access('starter', 'ACTIVE'),
    ])
    const gone = keyOf('key_gone', { tier: 'bronze' })
    const both = monthlyDocuments(accountMonth([key, gone, keyOf('key_strp', { changes })]))
    expect(both.documents.map(({ kind }) => kind)).toEqual(['USAGE_STATEMENT'])
    expect(both.problems).toEqual([
      { kind: 'INVOICE', because: 'the plan "bronze" is not in PLANS_FILE' },
    ])
  })

  test('is a currency that the price list lacks', () => {
    const { documents, problems } = monthlyDocuments(accountMonth([key], {}, { currency: 'NZD' }))
    expect(documents).toEqual([])
    expect(problems[0]?.because).toBe('the plan "starter" has no price in NZD')
  })

  test('is a sum that no number holds', () => {
    const dear = new Map(pricedPlans)
    const starter = pricedPlans.get('starter')
    if (!starter) throw new Error('no starter')
    const overage = { per: 1, prices: { USD: '999999999999.00' } }
    dear.set('starter', { ...starter, overage })
    const usage = { 'key_abcd:2026-11': Number.MAX_SAFE_INTEGER }
    const { problems } = monthlyDocuments(
      accountMonth([keyOf('key_abcd', onStarter)], usage, { plans: dear }),
    )
    expect(problems[0]?.because).toBe('an amount is too large')
  })
})
