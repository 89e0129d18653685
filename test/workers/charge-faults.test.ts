import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR } from '../../src/rules/calendar-time.ts'
import { billingFacts } from '../../src/store/billing-facts.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { usageCharges } from '../../src/store/usage-charges.ts'
import type { ProviderCall, WireFault } from '../billing/provider-wire.ts'
import { integer, seededRandom } from '../faults/random.ts'
import { testDatabase } from '../servers.ts'
import { chargeHistory } from './charge-histories.ts'
import { type Death, killCharging, OWED } from './charge-kills.ts'
import { type ChargeWorld, chargeWorld } from './charge-world.ts'

const MINUTE = 60_000
/** `npm run test:faults` plays hundreds of them. */
const HISTORIES = 2
const post = ({ method }: ProviderCall) => method === 'POST'
const get = ({ method }: ProviderCall) => method === 'GET'
let world: ChargeWorld
beforeAll(async () => {
  world = await chargeWorld(await testDatabase())
})
afterAll(() => world.end())
beforeEach(() => world.reset())

/** 100 calls above the limit on 9 November, and the provider fails like this when it is told. */
async function owed(...faults: WireFault[]): Promise<void> {
  await world.calls('2026-11-09', 1_100)
  await world.close('2026-11-09')
  world.stripe.fail(post, ...faults)
  await world.charge()
}

async function later(ms: number): Promise<void> {
  world.now += ms
  await world.charge()
}

const outcomes = async () =>
  (await world.charges())[0]?.tries.map(({ did, outcome }) => `${did} ${outcome}`)
const settled = { status: 'ACKNOWLEDGED', acknowledged: 100, toNextInvoice: 0 }

describe('a charge at Stripe', () => {
  test.each<[string, WireFault, string]>([
    ['the answer was lost', 'after', 'unknown'],
    ['no answer came in time', 'hang', 'unknown'],
    ['Stripe answered 500 after it was done', { late: { status: 500 } }, 'unknown'],
    ['the answer was nonsense', { nonsense: 'no JSON' }, 'unknown'],
  ])(
    'of which %s is sent again under its identifier, and counts once',
    async (_what, fault, first) => {
      await owed(fault)
      expect(await world.charges()).toMatchObject([{ status: 'PENDING', attempts: 1 }])
      await later(MINUTE)
      expect(await outcomes()).toEqual([`sent ${first}`, 'sent duplicate'])
      expect(world.stripe.unitsOf('cus_1')).toBe(100)
      expect(await world.charges()).toMatchObject([settled])
    },
  )

  test.each<[string, WireFault]>([
    ['cut before it was read', 'before'],
    ['answered with 500 at once', { reply: { status: 500 } }],
  ])('that was %s is sent again, and counts', async (_what, fault) => {
    await owed(fault)
    await later(MINUTE)
    expect(await outcomes()).toEqual(['sent unknown', 'sent taken'])
    expect(world.stripe.unitsOf('cus_1')).toBe(100)
  })

  test('waits as long as it is told to', async () => {
    await owed({ reply: { status: 429, headers: { 'retry-after': '600' } } })
    await later(9 * MINUTE)
    expect(world.stripe.calls).toHaveLength(1)
    await later(MINUTE)
    expect(await outcomes()).toEqual(['sent unavailable', 'sent taken'])
  })

  test('that arrived a day ago, when its identifier is forgotten, is asked about and not sent again', async () => {
    await owed('after')
    await later(25 * HOUR)
    expect(await outcomes()).toEqual(['sent unknown', 'asked found'])
    expect(world.stripe.unitsOf('cus_1')).toBe(100)
    expect(await world.charges()).toMatchObject([settled])
  })

  test('that did not arrive a day ago is asked about and then sent', async () => {
    await owed('before')
    await later(25 * HOUR)
    await later(0)
    expect(await outcomes()).toEqual(['sent unknown', 'asked missing', 'sent taken'])
    expect(world.stripe.unitsOf('cus_1')).toBe(100)
  })

  test('is not asked about while Stripe is still adding up', async () => {
    world.stripe.summaryLag = 50 * MINUTE
    await owed('before', 'before')
    // Sent a last time just before its identifier is forgotten, and it arrives.
    world.stripe.fail(post, 'after')
    await later(MINUTE)
    await later(22 * HOUR + 55 * MINUTE)
    await later(30 * MINUTE)
    expect(world.stripe.unitsOf('cus_1')).toBe(100)
    expect(await outcomes()).toEqual(['sent unknown', 'sent unknown', 'sent unknown'])
    await later(31 * MINUTE)
    expect(await outcomes()).toContain('asked found')
    expect(world.stripe.unitsOf('cus_1')).toBe(100)
  })

  test('of which a part is missing brings that part under another identifier', async () => {
    await owed('after')
    const [event] = world.stripe.events
    if (event) event.units = 60
    await later(25 * HOUR)
    await later(0)
    expect(world.stripe.events.map(({ identifier, units }) => [identifier, units])).toEqual([
      ['key_a:2026-11-09', 60],
      ['key_a:2026-11-09:2', 40],
    ])
    expect(await world.month()).toMatchObject({ reportedUnits: 100, acknowledgedUnits: 100 })
  })

  test('that is refused after an answer was lost is asked about before it is left to an invoice', async () => {
    await owed('after', { reply: { status: 400 } })
    await later(MINUTE)
    await later(2 * HOUR)
    expect(await outcomes()).toEqual(['sent unknown', 'sent refused', 'asked found'])
    expect(await world.month()).toMatchObject({ acknowledgedUnits: 100, toNextInvoiceUnits: 0 })
    await world.reset()
    await owed('before', { reply: { status: 400 } }, { reply: { status: 400 } })
    await later(MINUTE)
    await later(2 * HOUR)
    await later(0)
    expect(await outcomes()).toEqual([
      ...['sent unknown', 'sent refused', 'asked missing', 'sent refused'],
    ])
    expect(await world.month()).toMatchObject({ reportedUnits: 0, toNextInvoiceUnits: 100 })
  })

  test('waits for an answer to its question, however long that takes', async () => {
    await owed('after')
    world.stripe.fail(get, { reply: { status: 500 } }, 'before', { nonsense: '{}' })
    for (let tries = 0; tries < 4; tries++) await later(36 * DAY)
    expect(await outcomes()).toEqual([
      ...['sent unknown', 'asked unavailable', 'asked unavailable', 'asked unavailable'],
      'asked found',
    ])
    expect(await world.charges()).toMatchObject([settled])
  })

  test('is not believed to be missing where nobody can say so', async () => {
    await owed('after')
    world.stripe.meters.delete('getcomplical_calls')
    await later(25 * HOUR)
    expect(await outcomes()).toEqual(['sent unknown', 'asked unavailable'])
    world.stripe.meters.set('getcomplical_calls', 'mtr_test_1')
    await later(2 * HOUR)
    expect(await world.charges()).toMatchObject([settled])
  })

  test('sent when another period has begun counts in that one: the last is billed already', async () => {
    const { db } = world
    const end = Date.UTC(2026, 10, 11, 12)
    await billingSubscriptions(db).updateOne({}, { $set: { 'state.currentPeriodEnd': end } })
    await owed({ reply: { status: 429 } })
    await later(DAY + 12 * HOUR)
    expect(world.stripe.events).toMatchObject([{ at: end }])
    // One whose fate is unknown is asked about first: sent again as it was, it would count nowhere.
    await world.reset()
    await billingSubscriptions(db).updateOne({}, { $set: { 'state.currentPeriodEnd': end } })
    world.now = end - 10 * MINUTE
    await owed('before')
    await later(30 * MINUTE)
    expect(await outcomes()).toEqual(['sent unknown'])
    await later(HOUR)
    await later(0)
    expect(await outcomes()).toEqual(['sent unknown', 'asked missing', 'sent taken'])
    expect(world.stripe.events).toMatchObject([{ at: end, units: 100 }])
    expect(await billingFacts(db).countDocuments()).toBe(0)
  })

  test('of which Stripe has more than it was to get is an alarm', async () => {
    await owed('after')
    const [event] = world.stripe.events
    if (event) event.units = 200
    await later(25 * HOUR)
    expect(world.lines.join('')).toContain('has more of a charge than it was to get')
    expect(await world.charges()).toMatchObject([settled])
  })
})

describe('a charge at Paddle, which does twice what it is told twice', () => {
  beforeEach(async () => {
    await billingSubscriptions(world.db).deleteMany({})
    await world.subscribe('PADDLE:sub_p')
    await world.calls('2026-11-05', 1_100)
    world.now = Date.UTC(2026, 11, 1, 1, 30)
    await world.close('2026-11-30')
  })

  test.each<[string, WireFault]>([
    ['was lost', 'after'],
    ['did not come in time', 'hang'],
    ['was a 500 after it was done', { late: { status: 500 } }],
  ])('whose answer %s is asked about, and not made again', async (_what, fault) => {
    world.paddle.fail(post, fault)
    await world.charge()
    await later(4 * MINUTE)
    expect(world.paddle.calls).toHaveLength(1)
    await later(MINUTE)
    expect(await outcomes()).toEqual(['sent unknown', 'asked found'])
    expect((await world.charges())[0]?.tries[1]?.answer).toMatch(/^txn_/)
    expect(world.paddle.chargesOf('sub_p')).toHaveLength(1)
  })

  test('that did not arrive is asked about and then made', async () => {
    world.paddle.fail(post, 'before')
    await world.charge()
    await later(5 * MINUTE)
    await later(0)
    expect(await outcomes()).toEqual(['sent unknown', 'asked missing', 'sent taken'])
    expect(world.paddle.chargesOf('sub_p')).toHaveLength(1)
  })

  test('is made again at once where it was not taken for sure', async () => {
    const locked = { error: { code: 'subscription_locked_renewal' } }
    world.paddle.fail(
      post,
      { reply: { status: 400, body: locked } },
      { reply: { status: 429, headers: { 'retry-after': '60' } } },
    )
    await world.charge()
    await later(MINUTE)
    await later(5 * MINUTE)
    expect(await outcomes()).toEqual(['sent unavailable', 'sent unavailable', 'sent taken'])
    expect(world.paddle.chargesOf('sub_p')).toHaveLength(1)
  })

  test('that it refuses goes on an invoice of ours', async () => {
    const error = { code: 'subscription_update_when_past_due' }
    world.paddle.fail(post, { reply: { status: 400, body: { error } } })
    await world.charge()
    expect((await world.month())?.reasons).toMatchObject([
      { reason: 'REFUSED', units: 100, because: `Paddle refused (400, ${error.code})` },
    ])
  })
})

test('a process that lost its lease leaves the charge to its successor', async () => {
  await world.calls('2026-11-09', 1_100)
  await world.close('2026-11-09')
  const [first, second] = [world.worker({ leaseMs: 50 }), world.worker()]
  await first.chargeDueDays()
  world.stripe.fail(post, 'hang')
  const held = first.settleDue()
  await expect.poll(() => world.stripe.calls.length).toBe(1)
  world.now += MINUTE
  await expect.poll(() => second.settleDue(), { timeout: 5_000 }).toBe(1)
  await held
  expect(world.stripe.unitsOf('cus_1')).toBe(100)
  expect(await usageCharges(world.db).countDocuments({ status: 'ACKNOWLEDGED' })).toBe(1)
})

test('what another process has handed over meanwhile is not left to an invoice', async () => {
  await world.calls('2026-11-09', 1_100)
  await world.close('2026-11-09')
  const [first, second] = [world.worker({ leaseMs: 50 }), world.worker()]
  await first.chargeDueDays()
  // While it is being refused the other one has the charge taken, and hears nothing of it.
  world.stripe.fail(post, 'after', { reply: { status: 400 } })
  world.stripe.onCall = async () => {
    world.stripe.onCall = () => {}
    world.now += MINUTE
    await expect.poll(() => second.settleDue(), { timeout: 5_000 }).toBe(1)
  }
  await first.settleDue()
  expect(world.stripe.unitsOf('cus_1')).toBe(100)
  await later(HOUR)
  expect(await world.month()).toMatchObject({ acknowledgedUnits: 100, toNextInvoiceUnits: 0 })
})

describe.each(['STRIPE', 'PADDLE'] as const)('whatever goes wrong at %s', (provider) => {
  test('each call above the limit is charged once, or is left to an invoice', async () => {
    const first = Math.floor(Math.random() * 2 ** 31)
    console.log(`first seed ${first}`)
    let faults = 0
    for (let seed = first; seed < first + HISTORIES; seed++) {
      const history = await chargeHistory(world, provider, seededRandom(seed))
      faults += history.faults
      const { above, taken, acknowledged, toNextInvoice } = history
      expect({ seed, taken, sum: taken + toNextInvoice }).toEqual({
        ...{ seed, taken: acknowledged, sum: above },
      })
    }
    expect(faults).toBeGreaterThan(0)
  })
})

// At each step: `npm run test:faults -- --row charge-kills-stripe`.
describe.each(['STRIPE', 'PADDLE'] as const)(
  'killed or stopped while it charges at %s',
  (provider) => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    const random = seededRandom(seed)
    const deaths: Death[] = [
      { request: 'after' },
      { n: integer(random, 1, 50), when: random() < 0.5 ? 'before' : 'after' },
      ...(provider === 'PADDLE' ? [{ n: 2, when: 'stop' as const }] : []),
    ]

    test.each(deaths)('at %j a process leaves nothing lost and nothing double', async (death) => {
      console.log(`seed ${seed}`)
      const killed = await killCharging(world, provider, death)
      expect(killed).toMatchObject({ hit: true, taken: OWED, acknowledged: OWED, pending: 0 })
    })
  },
)
