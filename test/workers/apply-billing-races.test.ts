import type { Binary } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { accessHistory } from '../../src/store/access-history.ts'
import { billingFacts } from '../../src/store/billing-facts.ts'
import { billingInbox } from '../../src/store/billing-inbox.ts'
import { billingNotices } from '../../src/store/billing-notices.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import {
  boundedTransaction,
  StillBusy,
} from '../../src/workers/apply-billing-events/bounded-transaction.ts'
import { stripeEvent, stripeSubscription } from '../billing/stripe-events.ts'
import { NOW, useApplyWorld } from './apply-world.ts'

const world = useApplyWorld()
const S = NOW / 1_000 - 3_600

let made = 0
function updated(at: number, object: Record<string, unknown>) {
  made += 1
  const id = `evt_${String(made).padStart(5, '0')}`
  return stripeEvent(id, 'customer.subscription.updated', at, object)
}

/** So many workers, each with a session of its own, until nothing is due. */
async function atOnce(workers: number): Promise<void> {
  const slots = Array.from({ length: workers }, (_, n) => world.slot({ owner: `worker-${n}` }))
  const due = async () =>
    (await billingInbox(world.database.db).countDocuments({ status: 'PENDING' })) > 0
  // One that was in another's way is due again a moment later.
  while (await due()) {
    await Promise.all(slots.map((slot) => world.applyAll(slot)))
    world.at += 1_000
  }
}

describe('several workers at once', () => {
  test('apply the events of one subscription each once, and none undoes another', async () => {
    const key = await world.seed()
    const metadata = { api_key: key }
    const statuses = ['active', 'past_due', 'active', 'paused', 'past_due', 'active']
    const events = statuses.flatMap((status, n) => [
      updated(S + n, stripeSubscription({ status, metadata })),
      updated(S + n, stripeSubscription({ id: 'sub_2', status, metadata })),
    ])
    for (const one of events.toReversed()) await world.receive(one)
    await atOnce(6)
    const { db } = world.database
    const found = await billingSubscriptions(db).find().sort({ _id: 1 }).toArray()
    const each = {
      version: statuses.length,
      state: { status: 'ACTIVE', changedAt: (S + 5) * 1_000 },
    }
    expect(found).toMatchObject([each, each])
    // Raised by each that was committed.
    expect((await world.key(key)).accessVersion).toBe(events.length)
    expect(await billingFacts(db).countDocuments()).toBe(events.length)
    const entries = await accessHistory(db).find({ apiKeyId: key }).sort({ n: 1 }).toArray()
    expect(entries.map(({ n }) => n)).toEqual(entries.map((_, at) => at + 1))
    for (const [at, { from }] of entries.entries()) {
      if (at > 0) expect(from).toEqual(entries[at - 1]?.to)
    }
    const numbers = await billingNotices(db).find().sort({ sequence: 1 }).toArray()
    expect(numbers.map(({ sequence }) => sequence)).toEqual(numbers.map((_, at) => at + 1))
  })

  test('leave a key with the best of its subscriptions, whichever is settled last', async () => {
    for (let round = 0; round < 5; round += 1) {
      const key = await world.seed()
      const subscription = (id: string, price: string, status: string) =>
        stripeSubscription({ id: `${id}_${round}`, price, status, metadata: { api_key: key } })
      const some = [
        subscription('sub_a', 'price_starter_monthly', 'canceled'),
        subscription('sub_b', 'price_pro_monthly', 'active'),
        subscription('sub_c', 'price_starter_monthly', 'unpaid'),
      ]
      for (const one of some) await world.receive(updated(S, one))
      await atOnce(3)
      expect(await world.key(key)).toMatchObject({ tier: 'pro', blockedBecause: null })
    }
  })
})

describe('a refund and the first word of whose it is', () => {
  test('find each other when they are applied at the same moment', async () => {
    const rounds = 8
    for (let round = 0; round < rounds; round += 1) {
      const [id, customer] = [`sub_r${round}`, `cus_r${round}`]
      const metadata = { api_key: await world.seed() }
      await world.receive(updated(S, stripeSubscription({ id, customer, metadata })))
      const charge = { id: `ch_r${round}`, customer, amount_refunded: 900, currency: 'usd' }
      await world.receive(stripeEvent(`evt_r${round}`, 'charge.refunded', S + 1, charge))
      await atOnce(2)
    }
    const told = await billingNotices(world.database.db).countDocuments({ type: 'refund-recorded' })
    expect(told).toBe(rounds)
  })
})

describe('a worker whose lease ran out', () => {
  test('commits nothing after another has applied the event', async () => {
    const key = await world.seed()
    const metadata = { api_key: key }
    await world.receive(updated(S, stripeSubscription({ metadata })))
    await world.applyAll()
    const id = await world.receive(updated(S, stripeSubscription({ status: 'past_due', metadata })))
    // It stands still while it asks about the tie; another takes over meanwhile.
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<unknown>()
    const stale = world.slot({
      ...{ owner: 'stale', leaseMs: 1 },
      async fetchSubscription() {
        asked.resolve()
        return await answer.promise
      },
    })
    const applying = stale.applyNext()
    await asked.promise
    world.at += 10
    await world.applyAll(world.slot({ owner: 'next' }))
    const before = await world.key(key)
    expect(await world.event(id)).toMatchObject({ status: 'APPLIED' })
    answer.resolve(stripeSubscription({ status: 'canceled', metadata }))
    expect(await applying).toBe(true)
    expect(await world.key(key)).toEqual(before)
    expect(await world.statusOf('STRIPE:sub_1')).toBe('PAST_DUE')
    expect(await billingFacts(world.database.db).countDocuments()).toBe(2)
    await stale.end()
  })

  test('because it died inside its transaction leaves no lock behind', async () => {
    const { client, db } = world.database
    const key = await world.seed()
    const id = await world.receive(updated(S, stripeSubscription({ metadata: { api_key: key } })))
    const session = client.startSession()
    session.startTransaction()
    const locked = { _id: 'STRIPE:sub_1' }
    await billingSubscriptions(db).updateOne(
      locked,
      { $inc: { version: 1 } },
      { session, upsert: true },
    )
    const lsid = session.id?.id as Binary
    const lease = { owner: 'dead', lsid, until: new Date(Date.now() - 1_000) }
    await billingInbox(db).updateOne({ _id: id }, { $set: { lease } })
    const begun = performance.now()
    await world.applyAll()
    expect(await world.event(id)).toMatchObject({ status: 'APPLIED' })
    // The server would end the transaction by itself only after ten seconds.
    expect(performance.now() - begun).toBeLessThan(4_000)
    expect(await billingSubscriptions(db).findOne(locked)).toMatchObject({ version: 1 })
    await session.endSession()
  })
})

test('a transaction that others are in the way of gives way in the end, and says so', async () => {
  const { client, db } = world.database
  const document = { _id: 'STRIPE:sub_busy' }
  const raise = { $inc: { version: 1 } }
  const subscriptions = billingSubscriptions(db)
  await subscriptions.updateOne(document, raise, { upsert: true })
  const other = client.startSession()
  other.startTransaction()
  await subscriptions.updateOne(document, raise, { session: other })
  const session = client.startSession()
  const work = async () => void (await subscriptions.updateOne(document, raise, { session }))
  await expect(boundedTransaction(session, work, 100)).rejects.toThrow(StillBusy)
  await other.abortTransaction()
  await boundedTransaction(session, work, 10_000)
  expect(await subscriptions.findOne(document)).toMatchObject({ version: 2 })
  await Promise.all([other.endSession(), session.endSession()])
})
