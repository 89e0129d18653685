import { randomBytes } from 'node:crypto'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { DAY } from '../../src/rules/calendar-time.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import {
  type ChasePayments,
  type ChasePaymentsOptions,
  createChasePayments,
} from '../../src/workers/chase-payments/chase-payments.ts'
import { type BillingWorld, createBillingWorld, plans } from '../billing/billing-world.ts'
import { failed, snapshot } from '../billing/facts.ts'
import { startMongoProxy } from '../callers/mongo-proxy.ts'
import { connectThrough } from '../callers/seeded-callers.ts'

const soon = { timeout: 10_000, interval: 20 }
let world: BillingWorld
let registry: Registry
const workers: ChasePayments[] = []

beforeAll(async () => {
  world = await createBillingWorld()
})
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.stop()
})
afterAll(() => world.end())

async function start(more: Partial<ChasePaymentsOptions> = {}) {
  registry = new Registry()
  const onSettled = vi.fn()
  const worker = createChasePayments({
    ...{ ...world.options, registry, onSettled, pollMs: 20 },
    ...more,
  })
  workers.push(worker)
  await worker.start()
  return { worker, onSettled }
}

const settledBy = async (outcome: 'settled' | 'failed') => {
  const { values = [] } =
    (await registry.getSingleMetric('getcomplical_chase_settled_total')?.get()) ?? {}
  return values.find(({ labels }) => labels.outcome === outcome)?.value
}
const { now } = { now: () => world.clock.now }

describe('chase-payments', () => {
  test('settles what is due as the clock goes on, and tells that there is something to publish', async () => {
    const { _id: key } = await world.customer()
    const endsAt = now() + DAY
    await world.hear('STRIPE:sub_booked', snapshot(now(), key, 'ACTIVE', { endsAt }))
    const { worker, onSettled } = await start()
    expect(worker.readiness()).toBeNull()
    world.clock.now = endsAt
    await vi.waitFor(async () => expect((await world.key(key)).tier).toBe('free'), soon)
    await vi.waitFor(() => expect(onSettled).toHaveBeenCalled(), soon)
    expect(await settledBy('settled')).toBe(1)
  })

  test('goes by what the plans say when it starts: days of grace that were taken away block at once', async () => {
    const { _id: key } = await world.customer()
    const began = snapshot(now() - DAY, key, 'ACTIVE')
    await world.hear('STRIPE:sub_plans', began, failed(now() - DAY / 2))
    const starter = plans.get('starter')
    if (!starter) throw new Error('no plan')
    const stricter = new Map([...plans, ['starter', { ...starter, graceDays: 0 }]])
    const { worker } = await start({ plans: stricter })
    const blocked = async () => (await world.key(key)).blockedBecause
    await vi.waitFor(async () => expect(await blocked()).toContain('has been failing'), soon)
    await worker.stop()
    await start()
    await vi.waitFor(async () => expect(await blocked()).toBeNull(), soon)
  })

  test('passes over one that cannot be settled, and tries it again when the cause is gone', async () => {
    const customers = [await world.customer(), await world.customer(), await world.customer()]
    const endsAt = now() + DAY
    for (const [n, { _id }] of customers.entries()) {
      await world.hear(`STRIPE:sub_some${n}`, snapshot(now(), _id, 'ACTIVE', { endsAt }))
    }
    // Its customer is encrypted with a key that this process does not know.
    const foreign = createEncryption([{ id: 'gone', key: randomBytes(32) }], randomBytes)
    const broken = 'STRIPE:sub_some1'
    const customer = foreign.encrypt('cus_1', broken, 'customer')
    const named = { $set: { customer, customerHash: 'hash' } }
    await billingSubscriptions(world.db).updateOne({ _id: broken }, named)
    await start({ leaseMs: 200 })
    world.clock.now = endsAt
    const tiers = () => Promise.all(customers.map(async ({ _id }) => (await world.key(_id)).tier))
    await vi.waitFor(async () => expect(await tiers()).toEqual(['free', 'starter', 'free']), soon)
    await vi.waitFor(async () => expect(await settledBy('failed')).toBe(1), soon)
    const healed = { $set: { customer: null, customerHash: null } }
    await billingSubscriptions(world.db).updateOne({ _id: broken }, healed)
    world.clock.now += 201
    await vi.waitFor(async () => expect(await tiers()).toEqual(['free', 'free', 'free']), soon)
  })

  test('takes over what a process left that died in the middle', async () => {
    const { _id: key } = await world.customer()
    const endsAt = now() + DAY
    await world.hear('STRIPE:sub_left', snapshot(now(), key, 'ACTIVE', { endsAt }))
    world.clock.now = endsAt
    // As it stands after the claim of a process that never came back.
    const lease = { $set: { nextCheckAt: new Date(endsAt + 20_000) } }
    await billingSubscriptions(world.db).updateOne({ _id: 'STRIPE:sub_left' }, lease)
    expect(await world.chase()).toEqual({ settled: 0, failed: 0 })
    world.clock.now += 20_000
    expect(await world.chase()).toEqual({ settled: 1, failed: 0 })
    expect((await world.key(key)).tier).toBe('free')
  })

  test('says that it waits where MongoDB cannot be asked, and goes on by itself', async () => {
    const proxy = await startMongoProxy(world.database.uri)
    const { worker } = await start({ db: await connectThrough(proxy.uri) })
    proxy.cut()
    await vi.waitFor(() => expect(worker.readiness()).toContain('failed'), soon)
    proxy.restore()
    await vi.waitFor(() => expect(worker.readiness()).toBeNull(), soon)
    await worker.stop()
    await proxy.close()
  })
})
