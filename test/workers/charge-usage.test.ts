import { Registry } from 'prom-client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR } from '../../src/rules/calendar-time.ts'
import { accessHistory } from '../../src/store/access-history.ts'
import { accounts } from '../../src/store/accounts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { billingFacts } from '../../src/store/billing-facts.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { plantKey } from '../asked.ts'
import { testDatabase } from '../servers.ts'
import { type ChargeWorld, chargePlans, chargeWorld, november } from './charge-world.ts'

const MINUTE = 60_000
let world: ChargeWorld
beforeAll(async () => {
  world = await chargeWorld(await testDatabase())
})
afterAll(() => world.end())
beforeEach(() => world.reset())

const at = (day: number, hour = 0, minute = 0) => Date.UTC(2026, 10, day, hour, minute)
const state = (more: object) => ({
  $set: Object.fromEntries(Object.entries(more).map(([k, v]) => [`state.${k}`, v])),
})

async function change(day: number, from: string, to: string): Promise<void> {
  const n = await accessHistory(world.db).countDocuments()
  const before = { 'from.tier': from, 'to.tier': from }
  await accessHistory(world.db).updateOne({ _id: `key_a:${n}` }, { $set: before })
  const then = (tier: string) => ({
    ...{ tier, blockedBecause: null, revoked: false, billingStatus: 'ACTIVE' as const },
  })
  await accessHistory(world.db).insertOne({
    ...{ _id: `key_a:${n + 1}`, apiKeyId: 'key_a', accountId: 'acc_a', n: n + 1 },
    ...{ at: new Date(at(day, 12)), recordedAt: new Date(at(day, 12)) },
    ...{ from: then(from), to: then(to), because: 'test', cause: 'test' },
  })
}

describe('a closed day', () => {
  test('is charged at Stripe with what lies above the limit, for the end of that day', async () => {
    await world.calls('2026-11-08', 900)
    await world.calls('2026-11-09', 350)
    await world.calls('2026-11-10', 70)
    await world.close('2026-11-08', '2026-11-09')
    await world.charge()
    expect(world.stripe.events).toEqual([
      {
        ...{ identifier: 'key_a:2026-11-09', eventName: 'getcomplical_calls', customer: 'cus_1' },
        ...{ units: 250, at: at(9, 23, 59) },
      },
    ])
    expect(await world.charges()).toMatchObject([
      {
        ...{ _id: 'key_a:2026-11-09', month: '2026-11', provider: 'STRIPE', tier: 'starter' },
        ...{ status: 'ACKNOWLEDGED', units: 250, acknowledged: 250, toNextInvoice: 0 },
        tries: [{ did: 'sent', outcome: 'taken', answer: null, at: new Date(world.now) }],
      },
    ])
    expect(await world.month()).toMatchObject({
      ...{ reportedUnits: 250, acknowledgedUnits: 250, toNextInvoiceUnits: 0, reasons: [] },
      ...{ through: new Date(at(9)), usage: 1_320, tier: 'starter', accountId: 'acc_a' },
    })
  })

  test('is looked at once by any number of processes, and nothing is charged twice', async () => {
    for (const day of november(1, 9)) await world.calls(day, 200)
    await world.close(...november(1, 9))
    const workers = Array.from({ length: 4 }, () => world.worker())
    const days = await Promise.all(workers.map((one) => one.chargeDueDays()))
    expect(days.flat().sort()).toEqual(november(1, 9))
    await Promise.all(workers.map((one) => one.settleDue()))
    await world.charge()
    expect(world.stripe.unitsOf('cus_1')).toBe(800)
    expect(world.stripe.calls).toHaveLength(world.stripe.events.length)
    expect(await world.month()).toMatchObject({ reportedUnits: 800, acknowledgedUnits: 800 })
  })

  test('waits until it is closed', async () => {
    await world.calls('2026-11-09', 1_350)
    await world.charge()
    expect(world.stripe.calls).toEqual([])
  })

  test('costs nothing within the limit, on unlimited plans, or for keys that no provider bills', async () => {
    const { db } = world
    await plantKey(db, 'key_b', 'acc_a', { tier: 'starter' })
    await plantKey(db, 'key_c', 'acc_a', { tier: 'enterprise' })
    const about = { apiKeyId: 'key_c', customer: 'cus_c', state: { tier: 'enterprise' } }
    await world.subscribe('STRIPE:sub_c', about)
    await world.calls('2026-11-09', 1_000)
    await world.calls('2026-11-09', 9_000, 'key_b')
    await world.calls('2026-11-09', 9_000, 'key_c')
    await world.close('2026-11-09')
    await world.charge()
    expect(world.stripe.calls).toEqual([])
    expect(await world.charges()).toEqual([])
    expect(await world.month('2026-11', 'key_b')).toBeNull()
  })

  test('belongs to the month that it lies in', async () => {
    world.now = at(1, 1, 30)
    await world.calls('2026-10-31', 1_100)
    await world.calls('2026-11-01', 900)
    await world.close('2026-10-31')
    await world.charge()
    world.now += DAY
    await world.calls('2026-11-01', 150)
    await world.close('2026-11-01')
    await world.charge()
    expect(world.stripe.events.map(({ identifier, units }) => [identifier, units])).toEqual([
      ['key_a:2026-10-31', 100],
      ['key_a:2026-11-01', 50],
    ])
  })

  test('that was missed is made up with those after it, however they are taken', async () => {
    await world.calls('2026-11-07', 1_010)
    await world.calls('2026-11-09', 30)
    await world.close('2026-11-07', '2026-11-08', '2026-11-09')
    await world.charge()
    expect(world.stripe.events.map(({ identifier, units }) => [identifier, units])).toEqual([
      ['key_a:2026-11-07', 10],
      ['key_a:2026-11-09', 30],
    ])
  })
})

describe('a change of plan in the month', () => {
  test('to a larger one takes nothing back, and lets the rest of the month come later', async () => {
    await world.calls('2026-11-08', 1_200)
    await world.close('2026-11-08')
    await world.charge()
    await change(9, 'starter', 'pro')
    await billingSubscriptions(world.db).updateOne({}, state({ tier: 'pro' }))
    await world.calls('2026-11-09', 3_700)
    await world.close('2026-11-09')
    await world.charge()
    expect(world.stripe.unitsOf('cus_1')).toBe(200)
    world.now += DAY
    await world.calls('2026-11-10', 500)
    await world.close('2026-11-10')
    await world.charge()
    // 5,400 calls, 5,000 in the larger plan, of which 200 were charged before.
    expect(world.stripe.unitsOf('cus_1')).toBe(400)
    expect(await world.month()).toMatchObject({ reportedUnits: 400, tier: 'pro' })
  })

  test('to a smaller one leaves the larger limit for the month', async () => {
    await change(5, 'pro', 'starter')
    await world.calls('2026-11-09', 5_030)
    await world.close('2026-11-09')
    await world.charge()
    expect(world.stripe.unitsOf('cus_1')).toBe(30)
  })
})

test('a plan that PLANS_FILE lacks keeps its key’s calls back until it is there again', async () => {
  const without = new Map([...chargePlans].filter(([id]) => id !== 'starter'))
  await world.calls('2026-11-09', 1_250)
  await world.close('2026-11-09')
  await world.worker({ plans: without }).chargeDueDays()
  expect(await world.charges()).toEqual([])
  expect(world.lines.join('')).toContain('is not in PLANS_FILE')
  await world.close('2026-11-10')
  await world.charge()
  expect(world.stripe.unitsOf('cus_1')).toBe(250)
})

describe('what no provider takes goes on an invoice of ours', () => {
  const invoiced = async () => {
    const { toNextInvoiceUnits, reportedUnits, reasons } = (await world.month()) ?? {}
    return [toNextInvoiceUnits, reportedUnits, reasons?.map(({ reason, units }) => [reason, units])]
  }

  test('calls that came late for a day that was charged, in the month and after it', async () => {
    await world.calls('2026-11-08', 1_100)
    await world.close('2026-11-08')
    await world.charge()
    await world.calls('2026-11-08', 7)
    await world.calls('2026-11-09', 40)
    await world.close('2026-11-09')
    await world.charge()
    expect(world.stripe.unitsOf('cus_1')).toBe(140)
    expect(await invoiced()).toEqual([7, 140, [['LATE_CALLS', 7]]])
    world.now = Date.UTC(2026, 11, 1, 1, 30)
    await world.calls('2026-11-30', 2)
    await world.close('2026-11-30')
    await world.charge()
    await world.calls('2026-11-30', 5)
    await world.calls('2026-11-09', 6)
    world.now += 2 * DAY
    await world.close('2026-12-01', '2026-12-02')
    await world.charge()
    expect(world.stripe.unitsOf('cus_1')).toBe(142)
    expect(await invoiced()).toEqual([
      18,
      142,
      [
        ['LATE_CALLS', 7],
        ['LATE_CALLS', 11],
      ],
    ])
    const late = (await world.charges()).filter(({ reason }) => reason === 'LATE_CALLS')
    expect(late).toMatchObject([
      { status: 'NEXT_INVOICE', month: '2026-11', units: 7, toNextInvoice: 7, provider: null },
      { status: 'NEXT_INVOICE', month: '2026-11', units: 11, toNextInvoice: 11, provider: null },
    ])
    await world.charge()
    expect(await invoiced()).toEqual([
      18,
      142,
      [
        ['LATE_CALLS', 7],
        ['LATE_CALLS', 11],
      ],
    ])
  })

  test('days of a key whose subscription is another key’s by now', async () => {
    await plantKey(world.db, 'key_b', 'acc_a', { tier: 'starter' })
    await billingSubscriptions(world.db).updateOne(
      { _id: 'STRIPE:sub_1' },
      { $set: { apiKeyId: 'key_b' } },
    )
    await world.calls('2026-11-09', 1_100)
    await world.close('2026-11-09')
    await world.charge()
    expect(await invoiced()).toEqual([100, 0, [['NO_SUBSCRIPTION', 100]]])
  })

  test('days of more than 34 days ago', async () => {
    await world.calls('2026-11-09', 1_100)
    await world.calls('2026-11-10', 20)
    world.now = at(9) + 35 * DAY + 1
    await world.close('2026-11-09', '2026-11-10')
    await world.charge()
    expect(await invoiced()).toEqual([100, 20, [['TOO_OLD', 100]]])
    expect(world.stripe.unitsOf('cus_1')).toBe(20)
  })

  test('charges that could not be handed over for 34 days', async () => {
    await world.calls('2026-11-09', 1_100)
    await world.close('2026-11-09')
    world.stripe.fail(() => true, ...Array.from({ length: 3 }, () => ({ reply: { status: 429 } })))
    await world.charge()
    world.now = at(10) + 34 * DAY
    await world.charge()
    expect(await world.charges()).toMatchObject([{ status: 'PENDING', attempts: 2 }])
    world.now += 3 * HOUR
    await world.charge()
    expect(await invoiced()).toEqual([100, 0, [['TOO_OLD', 100]]])
    expect(world.stripe.events).toEqual([])
  })

  test('calls of days on which nobody subscribed, or whose subscription is over', async () => {
    const { db } = world
    await billingSubscriptions(db).updateOne({}, state({ status: 'CANCELED', endsAt: at(8, 12) }))
    await world.calls('2026-11-08', 1_010)
    await world.calls('2026-11-09', 30)
    await world.close('2026-11-08', '2026-11-09')
    await world.charge()
    expect(await invoiced()).toEqual([
      40,
      0,
      [
        ['SUBSCRIPTION_ENDED', 10],
        ['NO_SUBSCRIPTION', 30],
      ],
    ])
    expect(world.stripe.calls).toEqual([])
  })

  test('what waited to be charged when the subscription ended', async () => {
    await world.calls('2026-11-09', 1_100)
    await world.close('2026-11-09')
    const worker = world.worker()
    await worker.chargeDueDays()
    await billingSubscriptions(world.db).updateOne({}, state({ endsAt: world.now }))
    await worker.settleDue()
    expect(await invoiced()).toEqual([100, 0, [['SUBSCRIPTION_ENDED', 100]]])
  })

  test('calls on a plan for which nothing is set up there', async () => {
    const { db } = world
    await apiKeys(db).updateOne({}, { $set: { tier: 'bare' } })
    await billingSubscriptions(db).updateOne({}, state({ tier: 'bare' }))
    await world.calls('2026-11-09', 1_100)
    await world.close('2026-11-09')
    await world.charge()
    expect(await invoiced()).toEqual([100, 0, [['NOT_SOLD_THERE', 100]]])
  })

  test('calls of a subscription that does not sell what the meter counts', async () => {
    const { db } = world
    const [starter, sub] = [chargePlans.get('starter'), 'STRIPE:sub_1']
    const plans = new Map(chargePlans)
    if (starter) plans.set('starter', { ...starter, stripeOveragePriceId: 'price_calls' })
    const fact = (n: number, priceIds: string[]) => ({
      ...{
        _id: `STRIPE:evt_${n}`,
        eventId: `evt_${n}`,
        subscription: sub,
        at: at(1, n),
        micros: 0,
      },
      ...{ rank: 4, type: 'test', link: { apiKey: 'key_a', userId: null } },
      says: {
        ...{ kind: 'snapshot' as const, status: 'ACTIVE' as const, unpaid: false, priceIds },
        ...{ currentPeriodEnd: null, endsAt: null, startedAt: null },
      },
    })
    await billingFacts(db).insertMany([fact(2, ['price_1']), fact(1, ['price_1', 'price_calls'])])
    await world.calls('2026-11-08', 1_100)
    await world.close('2026-11-08')
    const worker = world.worker({ plans })
    await worker.chargeDueDays()
    expect(await invoiced()).toEqual([100, 0, [['NOT_SOLD_THERE', 100]]])
    await billingFacts(db).insertOne(fact(3, ['price_1', 'price_calls']))
    await world.calls('2026-11-09', 30)
    await world.close('2026-11-09')
    await worker.chargeDueDays()
    await worker.settleDue()
    expect(world.stripe.unitsOf('cus_1')).toBe(30)
  })

  test('what the provider refuses, with the word that it has for it', async () => {
    world.stripe.meters.delete('getcomplical_calls')
    await world.calls('2026-11-09', 1_100)
    await world.close('2026-11-09')
    await world.charge()
    world.stripe.meters.set('getcomplical_calls', 'mtr_test_1')
    expect(await invoiced()).toEqual([100, 0, [['REFUSED', 100]]])
    expect((await world.month())?.reasons[0]).toMatchObject({
      ...{ because: 'Stripe refused (400)', charge: 'key_a:2026-11-09', day: new Date(at(9)) },
    })
  })
})

describe('at Paddle a month is charged once, when it is over', () => {
  beforeEach(async () => {
    await billingSubscriptions(world.db).deleteMany({})
    await world.subscribe('PADDLE:sub_p')
  })

  async function passNovember(): Promise<void> {
    await world.close('2026-11-09')
    await world.charge()
    expect(world.paddle.calls).toEqual([])
    world.now = Date.UTC(2026, 11, 1, 1, 30)
    await world.close('2026-11-30')
    await world.charge()
  }

  test('with one item that names key, month and calls', async () => {
    await world.calls('2026-11-05', 1_100)
    await world.calls('2026-11-30', 45)
    await passNovember()
    const [charge] = world.paddle.chargesOf('sub_p')
    expect(charge?.items[0]?.price).toMatchObject({
      ...{ product_id: 'pro_overage', unit_price: { amount: '58', currency_code: 'USD' } },
      description: '145 calls above the limit of the plan "starter", 2026-11 [key_a:2026-11]',
      custom_data: { reference: 'key_a:2026-11', units: 145 },
    })
    expect(await world.charges()).toMatchObject([
      { _id: 'key_a:2026-11', status: 'ACKNOWLEDGED', price: { amount: 58, currency: 'USD' } },
    ])
    expect(await world.month()).toMatchObject({ reportedUnits: 145, acknowledgedUnits: 145 })
    await world.calls('2026-11-30', 3)
    world.now += DAY
    await world.close('2026-12-01')
    await world.charge()
    expect(world.paddle.chargesOf('sub_p')).toHaveLength(1)
    expect(await world.month()).toMatchObject({ reportedUnits: 145, toNextInvoiceUnits: 3 })
  })

  test('in the account’s currency, and on an invoice of ours where the plan has no price in it', async () => {
    await accounts(world.db).updateOne({}, { $set: { currency: 'JPY' } })
    await world.calls('2026-11-05', 1_100)
    await passNovember()
    expect(world.paddle.chargesOf('sub_p')[0]?.items[0]?.price).toMatchObject({
      unit_price: { amount: '60', currency_code: 'JPY' },
    })
    await world.reset()
    await billingSubscriptions(world.db).deleteMany({})
    await world.subscribe('PADDLE:sub_p')
    await accounts(world.db).updateOne({}, { $set: { currency: 'KWD' } })
    await world.calls('2026-11-05', 1_100)
    await passNovember()
    expect(world.paddle.calls).toEqual([])
    expect(await world.month()).toMatchObject({ reasons: [{ reason: 'NO_PRICE', units: 100 }] })
  })

  test('not at all where it comes to less than a cent', async () => {
    await world.calls('2026-11-05', 1_001)
    await passNovember()
    expect(world.paddle.calls).toEqual([])
    expect(await world.month()).toMatchObject({ reportedUnits: 1, acknowledgedUnits: 1 })
  })

  test('with the rest of what Stripe was told before the key went to Paddle', async () => {
    const ended = { status: 'CANCELED' as const, endsAt: at(10), startedAt: at(1) }
    await world.subscribe('STRIPE:sub_1', { state: ended })
    await billingSubscriptions(world.db).updateOne(
      { _id: 'PADDLE:sub_p' },
      state({ startedAt: at(10) }),
    )
    await billingSubscriptions(world.db).updateOne(
      { _id: 'STRIPE:sub_1' },
      state({ endsAt: null, status: 'ACTIVE' }),
    )
    await world.calls('2026-11-05', 1_100)
    await world.close('2026-11-05')
    await world.charge()
    await billingSubscriptions(world.db).updateOne({ _id: 'STRIPE:sub_1' }, state(ended))
    await world.calls('2026-11-20', 50)
    world.now = Date.UTC(2026, 11, 1, 1, 30)
    await world.close('2026-11-30')
    await world.charge()
    expect(world.stripe.unitsOf('cus_1')).toBe(100)
    expect(world.paddle.chargesOf('sub_p')[0]?.items[0]?.price.custom_data).toEqual({
      ...{ reference: 'key_a:2026-11', units: 50 },
    })
  })
})

describe('what is exported', () => {
  test('is the age of the oldest charge that waits, and how charges end', async () => {
    await world.calls('2026-11-09', 1_100)
    await world.close('2026-11-09')
    world.stripe.fail(() => true, { reply: { status: 401 } })
    await world.charge()
    world.now += 30 * MINUTE
    const registry = new Registry()
    const worker = world.worker({ registry })
    worker.start()
    await expect.poll(() => world.stripe.events.length).toBe(1)
    await worker.stop()
    const text = await registry.metrics()
    expect(text).toMatch(/usage_charge_oldest_seconds 1800/)
    expect(text).toContain('usage_charges_total{provider="STRIPE",outcome="acknowledged"} 1')
    expect(text).toContain('usage_charged_units_total{provider="STRIPE"} 100')
  })

  test('holds nothing of a customer, in logs, charges or months', async () => {
    await world.calls('2026-11-09', 1_100)
    await world.close('2026-11-09')
    const said = { error: { code: 'no_such', message: 'No such customer: cus_1' } }
    world.stripe.fail(() => true, { reply: { status: 400, body: said } })
    await world.charge()
    const stored = JSON.stringify([await world.charges(), await world.month()])
    expect(stored).toContain('Stripe refused (400, no_such)')
    expect(`${stored}${world.lines.join('')}`).not.toMatch(/(?<!hash-of-)cus_1|sk_test/)
  })
})

test('charges of a provider whose key this process lacks are left to others', async () => {
  await world.calls('2026-11-09', 1_100)
  await world.close('2026-11-09')
  const without = world.worker({ only: 'PADDLE' })
  await without.chargeDueDays()
  expect(await without.settleDue()).toBe(0)
  await world.charge()
  expect(world.stripe.unitsOf('cus_1')).toBe(100)
})

test('two keys of one customer count in minutes of their own', async () => {
  await plantKey(world.db, 'key_b', 'acc_a', { tier: 'starter' })
  await world.subscribe('STRIPE:sub_2', { apiKeyId: 'key_b' })
  for (const key of ['key_a', 'key_b']) await world.calls('2026-11-09', 1_100, key)
  await world.close('2026-11-09')
  await world.charge()
  expect(world.stripe.events.map(({ at: minute }) => minute).sort()).toEqual([
    at(9, 23, 58),
    at(9, 23, 59),
  ])
})
