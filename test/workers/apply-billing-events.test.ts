import { describe, expect, test } from 'vitest'
import { DAY } from '../../src/rules/calendar-time.ts'
import { accessHistory } from '../../src/store/access-history.ts'
import { accounts } from '../../src/store/accounts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { billingFacts } from '../../src/store/billing-facts.ts'
import { billingInbox, forgetRawBodies, RAW_KEPT_MS } from '../../src/store/billing-inbox.ts'
import { billingNotices } from '../../src/store/billing-notices.ts'
import { providerRefunds } from '../../src/store/provider-refunds.ts'
import { RETRY_MS } from '../../src/workers/apply-billing-events/apply-slot.ts'
import { changedAt, fixture } from '../billing/fixtures.ts'
import type { PaddleEvent } from '../billing/paddle-events.ts'
import {
  type StripeEvent,
  stripeCheckout,
  stripeEvent,
  stripeInvoice,
  stripeSubscription,
} from '../billing/stripe-events.ts'
import { NOW, useApplyWorld } from './apply-world.ts'

const world = useApplyWorld()
const S = NOW / 1_000 - 3_600

let made = 0
function event(type: string, at: number, object: Record<string, unknown>, livemode = false) {
  made += 1
  return stripeEvent(`evt_${String(made).padStart(5, '0')}`, type, at, object, { livemode })
}
const created = (at: number, object: Record<string, unknown>) =>
  event('customer.subscription.created', at, object)
const updated = (at: number, object: Record<string, unknown>) =>
  event('customer.subscription.updated', at, object)

async function apply(...events: (StripeEvent | PaddleEvent)[]): Promise<string> {
  let last = ''
  for (const one of events) last = await world.receive(one)
  await world.applyAll()
  return last
}

const tierOf = async (id: string) => (await world.key(id)).tier

describe('an event', () => {
  test('of a type that nobody knows is kept and counted, and changes nothing', async () => {
    const id = await apply(event('customer.tax_id.created', S, { id: 'txi_1' }))
    expect(await world.event(id)).toMatchObject({
      ...{ status: 'IGNORED', because: 'it changes nothing here', attempts: 0 },
      ...{ settledAt: new Date(NOW), raw: { keyId: 'k1' } },
    })
    expect(await billingFacts(world.database.db).countDocuments()).toBe(0)
  })

  test('of the other mode changes nothing, here and on a live system', async () => {
    const key = await world.seed()
    const about = stripeSubscription({ metadata: { api_key: key } })
    const real = event('customer.subscription.created', S, about, true)
    const id = await apply(real)
    expect(await world.event(id)).toMatchObject({
      ...{ status: 'IGNORED', because: 'it is of the live mode, which does not count here' },
    })
    const play = await world.receive(created(S, about))
    await world.applyAll(world.slot({ live: true }))
    expect((await world.event(play)).because).toContain('test mode')
    expect([await tierOf(key), await billingFacts(world.database.db).countDocuments()]).toEqual([
      ...['free', 0],
    ])
  })

  test('whose price no plan has changes no key, and counts once a known price comes', async () => {
    const key = await world.seed({ tier: 'pro' })
    const about = stripeSubscription({ price: 'price_else', metadata: { api_key: key } })
    const id = await apply(created(S, about))
    expect(await world.event(id)).toMatchObject({
      ...{ status: 'IGNORED', because: expect.stringContaining('no plan here has any') },
    })
    expect(await world.key(key)).toMatchObject({ tier: 'pro' })
    expect(await world.key(key)).not.toHaveProperty('billing')
    expect(await billingNotices(world.database.db).countDocuments()).toBe(0)
    await apply(updated(S + 5, stripeSubscription({ metadata: { api_key: key } })))
    expect(await tierOf(key)).toBe('starter')
  })

  test('that names nobody here changes nothing, and counts once a later one names a key', async () => {
    const key = await world.seed()
    const about = stripeSubscription({ metadata: { api_key: 'key_of_nobody' } })
    const id = await apply(created(S, about))
    expect((await world.event(id)).because).toContain('it names no API key here')
    const unnamed = await apply(created(S, stripeSubscription({ id: 'sub_2' })))
    expect((await world.event(unnamed)).because).toContain('names no API key yet')
    const checkout = stripeCheckout({ subscription: 'sub_2', metadata: { api_key: key } })
    await apply(event('checkout.session.completed', S - 1, checkout))
    expect(await tierOf(key)).toBe('starter')
    expect(await world.event(unnamed)).toMatchObject({ status: 'IGNORED' })
  })

  test('names its key by id, by prefix, or as the only one of its owner', async () => {
    const [byId, byPrefix, byOwner] = [await world.seed(), await world.seed(), await world.seed()]
    const { prefix } = await world.key(byPrefix)
    const owner = await accounts(world.database.db).findOne({
      _id: (await world.key(byOwner)).accountId,
    })
    const links = [{ api_key: byId }, { api_key: prefix }, { user_id: owner?.userId }]
    const events = links.map((metadata, n) =>
      created(S, stripeSubscription({ id: `sub_${n}`, metadata })),
    )
    await apply(...events)
    expect(await Promise.all([byId, byPrefix, byOwner].map(tierOf))).toEqual([
      ...['starter', 'starter', 'starter'],
    ])
  })

  test('that names a key and another owner than its own changes nothing', async () => {
    const [mine, other] = [await world.seed(), await world.seed()]
    const stranger = await accounts(world.database.db).findOne({
      _id: (await world.key(other)).accountId,
    })
    const metadata = { api_key: mine, user_id: stranger?.userId }
    await apply(created(S, stripeSubscription({ metadata })))
    expect([await tierOf(mine), await tierOf(other)]).toEqual(['free', 'free'])
  })
})

describe('a key that pays', () => {
  test('stays linked when its secret is rotated or its owner makes a second key', async () => {
    const key = await world.seed()
    const { prefix, accountId } = await world.key(key)
    const owner = await accounts(world.database.db).findOne({ _id: accountId })
    const metadata = { api_key: prefix, user_id: owner?.userId }
    const alone = await world.seed()
    const itsOwner = await accounts(world.database.db).findOne({
      _id: (await world.key(alone)).accountId,
    })
    const only = stripeSubscription({ id: 'sub_2', metadata: { user_id: itsOwner?.userId } })
    await apply(created(S, stripeSubscription({ metadata })), created(S, only))
    await apiKeys(world.database.db).updateOne({ _id: key }, { $set: { prefix: 'gc_live_new' } })
    await world.seed({ accountId: (await world.key(alone)).accountId })
    await apply(updated(S + 9, stripeSubscription({ metadata })), updated(S + 9, only))
    expect([await tierOf(key), await tierOf(alone)]).toEqual(['starter', 'starter'])
  })

  test('whose subscription goes to another key is again what it was', async () => {
    const [first, second] = [await world.seed({ tier: 'pro' }), await world.seed()]
    await apply(created(S, stripeSubscription({ metadata: { api_key: first } })))
    expect(await tierOf(first)).toBe('starter')
    await apply(updated(S + 5, stripeSubscription({ metadata: { api_key: second } })))
    expect([await tierOf(first), await tierOf(second)]).toEqual(['pro', 'starter'])
    expect(await world.key(first)).not.toHaveProperty('billing')
  })

  test('has an entry for each change of its access, with its cause in plain words', async () => {
    const key = await world.seed()
    const metadata = { api_key: key }
    const begun = created(S, stripeSubscription({ metadata }))
    const ended = event(
      'customer.subscription.deleted',
      S + 60,
      stripeSubscription({ status: 'canceled', endedAt: S + 60, metadata }),
    )
    await apply(begun, updated(S + 5, stripeSubscription({ metadata })), ended)
    const entries = await accessHistory(world.database.db).find().sort({ n: 1 }).toArray()
    expect(entries).toMatchObject([
      {
        ...{ n: 1, from: { tier: 'free' }, to: { tier: 'starter', billingStatus: 'ACTIVE' } },
        ...{ at: new Date(S * 1_000), cause: `STRIPE:${begun.id}` },
        because: 'Stripe sent customer.subscription.created',
      },
      { n: 2, to: { tier: 'free', billingStatus: 'CANCELED' }, cause: `STRIPE:${ended.id}` },
    ])
  })

  test('is not brought back by a stale event after its subscription was cancelled', async () => {
    const key = await world.seed()
    const metadata = { api_key: key }
    const stale = updated(S + 1, stripeSubscription({ metadata }))
    const late = updated(S + 99, stripeSubscription({ metadata }))
    const paid = event('invoice.paid', S + 99, stripeInvoice({ metadata }))
    const ended = stripeSubscription({ status: 'canceled', endedAt: S + 50, metadata })
    await apply(created(S, stripeSubscription({ metadata })))
    await apply(event('customer.subscription.deleted', S + 50, ended))
    for (const one of [stale, late, paid]) {
      await apply(one)
      expect([await tierOf(key), await world.statusOf('STRIPE:sub_1')]).toEqual([
        ...['free', 'CANCELED'],
      ])
    }
  })
})

describe('what cannot be applied', () => {
  const unreadable = () => {
    const about = stripeSubscription({ metadata: { api_key: 'key_1' } })
    return updated(S, { ...about, status: 'unheard_of' })
  }

  test('is DEAD at once where no try would help, and says where it does not fit', async () => {
    const id = await apply(unreadable())
    expect(await world.event(id)).toMatchObject({
      ...{ status: 'DEAD', attempts: 0, settledAt: new Date(NOW) },
      because: 'it is not what its type promises: status: is none that we know',
    })
    const { values } = await world.metrics.events.get()
    const dead = values.find(
      ({ labels }) => labels.outcome === 'dead' && labels.provider === 'STRIPE',
    )
    expect(dead?.value).toBeGreaterThan(0)
  })

  test('is tried again by a schedule, then DEAD', async () => {
    const key = await world.seed()
    const id = await world.receive(created(S, stripeSubscription({ metadata: { api_key: key } })))
    const broken = world.slot({
      customerHash() {
        throw new Error('broken')
      },
    })
    for (const [n, delay] of RETRY_MS.entries()) {
      expect(await broken.applyNext()).toBe(true)
      const { status, attempts, dueAt, lease } = await world.event(id)
      const due = dueAt.getTime() - world.at
      expect({ status, attempts, due, lease }).toEqual({
        ...{ status: 'PENDING', attempts: n + 1, due: delay, lease: undefined },
      })
      expect(await broken.applyNext()).toBe(false)
      world.at += delay
    }
    expect(await broken.applyNext()).toBe(true)
    expect(await world.event(id)).toMatchObject({
      ...{ status: 'DEAD', because: 'it could not be applied 7 times; the log says why' },
    })
    expect(await tierOf(key)).toBe('free')
    await broken.end()
  })

  test('succeeds in between where what was in the way is gone', async () => {
    const key = await world.seed()
    await world.receive(created(S, stripeSubscription({ metadata: { api_key: key } })))
    const broken = world.slot({
      customerHash() {
        throw new Error('broken')
      },
    })
    await broken.applyNext()
    await broken.end()
    world.at += RETRY_MS[0]
    await world.applyAll()
    expect(await tierOf(key)).toBe('starter')
  })
})

describe('several events of one second', () => {
  const metadata = { api_key: '' }
  const active = () => stripeSubscription({ metadata })
  const pastDue = () => stripeSubscription({ status: 'past_due', metadata })
  let asked: string[] = []
  const answering = (answer: unknown) =>
    world.slot({
      async fetchSubscription(id) {
        asked.push(id)
        if (answer instanceof Error) throw answer
        return answer
      },
    })

  async function tie(answer: unknown, ...events: StripeEvent[]) {
    asked = []
    metadata.api_key = await world.seed()
    for (const one of events) await world.receive(one)
    await world.applyAll(answering(answer))
    return await world.statusOf('STRIPE:sub_1')
  }

  test.each(['active', 'past_due', 'paused'])('are decided by asking, here: %s', async (status) => {
    const events = [updated(S, pastDue()), updated(S, active())]
    const answer = stripeSubscription({ status, metadata })
    expect(await tie(answer, ...events)).toBe(status.toUpperCase())
    expect(asked).toEqual(['sub_1'])
    // Replayed or doubled, they ask again and come to the same.
    await billingInbox(world.database.db).updateMany({}, { $set: { status: 'PENDING' } })
    await world.applyAll(answering(answer))
    expect(await world.statusOf('STRIPE:sub_1')).toBe(status.toUpperCase())
  })

  test('are decided by rank and id where nobody can be asked', async () => {
    const events = [updated(S, pastDue()), updated(S, active())]
    expect(await tie(new Error('away'), ...events)).toBe('ACTIVE')
    expect(asked).toHaveLength(1)
  })

  test.each([
    ['one ends the subscription', [['customer.subscription.deleted', 'canceled']]],
    ['they say the same', [['customer.subscription.updated', 'active']]],
  ])('ask nobody where %s', async (_, others) => {
    const events = others.map(([type = '', status = '']) =>
      event(type, S, stripeSubscription({ status, metadata })),
    )
    await tie(pastDue(), updated(S, active()), ...events)
    expect(asked).toEqual([])
  })

  test('ask nobody where a later snapshot is known', async () => {
    const events = [updated(S + 60, active()), updated(S, pastDue()), updated(S, active())]
    expect(await tie(pastDue(), ...events)).toBe('ACTIVE')
    expect(asked).toEqual([])
  })
})

describe('money that went back', () => {
  const refund = (total: number) =>
    event('charge.refunded', S + 50, {
      ...{ id: 'ch_1', object: 'charge', customer: 'cus_1', amount_refunded: total },
      currency: 'usd',
    })
  const notices = () =>
    billingNotices(world.database.db)
      .find({ type: 'refund-recorded' })
      .sort({ sequence: 1 })
      .toArray()

  test('is told once, with what came to it since, and the sum counts whichever comes last', async () => {
    const key = await world.seed()
    await apply(created(S, stripeSubscription({ metadata: { api_key: key } })))
    const [first, second] = [refund(1_000), refund(2_500)]
    await apply(first, second, { ...first, id: 'evt_again' })
    expect((await notices()).map(({ data }) => data)).toMatchObject([
      { refunded: 1_000, total: 1_000, currency: 'USD' },
      { refunded: 1_500, total: 2_500 },
    ])
    expect(await providerRefunds(world.database.db).findOne()).toMatchObject({ total: 2_500 })
    // By what is told nothing can be found at the provider.
    expect(JSON.stringify(await notices())).not.toMatch(/ch_1|cus_1|sub_1/)
  })

  test('before anybody knew whose it is, is told once that is known', async () => {
    const key = await world.seed()
    const id = await apply(refund(1_000))
    expect(await world.event(id)).toMatchObject({ status: 'IGNORED' })
    expect(await notices()).toEqual([])
    await apply(created(S, stripeSubscription({ metadata: { api_key: key } })))
    const { accountId } = await world.key(key)
    expect(await notices()).toMatchObject([{ accountId, data: { refunded: 1_000 } }])
  })

  test('that is disputed is told, with the charge asked for where its customer is not named', async () => {
    const key = await world.seed()
    await apply(created(S, stripeSubscription({ metadata: { api_key: key } })))
    const about = (fixture('stripe', 'charge.dispute.created').data as { object: object }).object
    const dispute = event('charge.dispute.created', S + 60, { ...about })
    const id = await world.receive(dispute)
    await world.applyAll(
      world.slot({
        fetchCharge: async (charge) => ({
          ...{ id: charge, customer: 'cus_1', amount_refunded: 0, currency: 'usd' },
        }),
      }),
    )
    expect(await world.event(id)).toMatchObject({ status: 'APPLIED' })
    const told = await billingNotices(world.database.db).find({ type: 'dispute-opened' }).toArray()
    expect(told).toMatchObject([{ data: { reason: 'fraudulent', total: 2_900, currency: 'USD' } }])
    const unknown = await apply(event('charge.dispute.created', S, { ...about, id: 'du_2' }))
    expect(await world.event(unknown)).toMatchObject({ status: 'IGNORED' })
  })

  test('by Paddle is of the subscription that it names', async () => {
    const key = await world.seed()
    const link = { api_key: key }
    const began = changedAt(fixture('paddle', 'subscription.created'), 'data.custom_data', link)
    const back = fixture('paddle', 'adjustment.updated')
    await apply(back as unknown as PaddleEvent, began as unknown as PaddleEvent)
    expect(await notices()).toMatchObject([{ data: { provider: 'PADDLE', refunded: 1_000 } }])
  })
})

describe('a raw body', () => {
  test('goes 90 days after its event was settled, and the rest stays', async () => {
    const [ignored, dead] = [
      await apply(event('customer.tax_id.created', S, { id: 'txi_1' })),
      await apply(updated(S, { id: 'sub_1' })),
    ]
    const pending = await world.receive(event('customer.updated', S, { id: 'cus_1' }))
    const { db } = world.database
    const at = (ms: number) => new Date(NOW + RAW_KEPT_MS + ms)
    expect(RAW_KEPT_MS).toBe(90 * DAY)
    expect(await forgetRawBodies(db, new Date(at(0).getTime() - RAW_KEPT_MS), 10)).toBe(0)
    expect(await forgetRawBodies(db, new Date(at(1).getTime() - RAW_KEPT_MS), 1)).toBe(1)
    expect(await forgetRawBodies(db, new Date(at(1).getTime() - RAW_KEPT_MS), 10)).toBe(1)
    for (const [id, status] of [
      [ignored, 'IGNORED'],
      [dead, 'DEAD'],
    ] as const) {
      expect(await world.event(id)).toMatchObject({ status, raw: null, type: expect.any(String) })
    }
    expect((await world.event(pending)).raw).not.toBeNull()
  })

  test('that is gone leaves nothing to apply', async () => {
    const id = await world.receive(created(S, stripeSubscription()))
    await billingInbox(world.database.db).updateOne({ _id: id }, { $set: { raw: null } })
    await world.applyAll()
    expect((await world.event(id)).because).toContain('its body is gone')
  })
})
