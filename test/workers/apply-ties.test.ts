import { randomBytes } from 'node:crypto'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { readWorkerConfig } from '../../src/config.ts'
import { createProviderHttp } from '../../src/outgoing/provider-http.ts'
import { createProviderMetrics } from '../../src/outgoing/provider-metrics.ts'
import { createStripeClient } from '../../src/outgoing/stripe-client.ts'
import { billingFacts } from '../../src/store/billing-facts.ts'
import { billingInbox, keepInInbox } from '../../src/store/billing-inbox.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { startWorkers } from '../../src/worker.ts'
import {
  type ApplyBillingEvents,
  createApplyBillingEvents,
} from '../../src/workers/apply-billing-events/apply-billing-events.ts'
import { plans, silent } from '../asked.ts'
import type { WireFault } from '../billing/provider-wire.ts'
import { type StripeEvent, stripeEvent, stripeSubscription } from '../billing/stripe-events.ts'
import { type StripeStandIn, startStripeStandIn } from '../billing/stripe-stand-in.ts'
import { startRedis, type TestDatabase, testDatabase } from '../servers.ts'

const TIMEOUT_MS = 300
const second = 1_795_000_100
const encryptionKey = randomBytes(32)
const encryption = createEncryption([{ id: 'k1', key: encryptionKey }], randomBytes)

let database: TestDatabase
let stripe: StripeStandIn
let worker: ApplyBillingEvents

beforeAll(async () => {
  ;[database, stripe] = await Promise.all([testDatabase(), startStripeStandIn()])
  await createIndexes(database.db)
})
afterAll(() => Promise.all([database.drop(), stripe.stop()]))

beforeEach(async () => {
  const { db } = database
  await billingInbox(db).deleteMany({})
  await billingFacts(db).deleteMany({})
  await billingSubscriptions(db).deleteMany({})
  stripe.calls.length = 0
  const registry = new Registry()
  const client = createStripeClient({
    access: { key: stripe.key, apiBase: stripe.url },
    ask: createProviderHttp({ fetch, clock: Date.now }),
    metrics: createProviderMetrics(registry),
    timeoutMs: TIMEOUT_MS,
  })
  worker = createApplyBillingEvents({
    ...{ db: database.db, plans, encryption, clock: Date.now, log: silent, registry, live: false },
    customerHash: (customer) => customer,
    fetchSubscription: async (id) => (await client.subscriptions([id])).get(id),
    onApplied() {},
    pollMs: 20,
  })
})
afterEach(() => worker.stop())

async function receive(event: StripeEvent): Promise<void> {
  const _id = `STRIPE:${event.id}`
  await keepInInbox(database.db, {
    ...{ _id, provider: 'STRIPE', eventId: event.id, type: event.type, contentHash: event.id },
    ...{ receivedAt: new Date(), raw: encryption.encrypt(JSON.stringify(event), _id, 'raw') },
  })
}

/** Two events of one second that contradict each other; the larger id says `active`, Stripe itself `past_due`. */
async function statusAfterTie(start = () => worker.start()): Promise<unknown> {
  const updated = 'customer.subscription.updated'
  stripe.subscriptions.set('sub_1', stripeSubscription({ status: 'past_due' }))
  await receive(stripeEvent('evt_b', updated, second, stripeSubscription({ status: 'active' })))
  await receive(stripeEvent('evt_a', updated, second, stripeSubscription({ status: 'past_due' })))
  start()
  await vi.waitFor(
    async () => {
      const left = await billingInbox(database.db).countDocuments({ status: 'PENDING' })
      expect(left).toBe(0)
    },
    { timeout: 10_000, interval: 30 },
  )
  return (await billingSubscriptions(database.db).findOne({ _id: 'STRIPE:sub_1' }))?.state?.status
}

test('with a secret key set, of several events of one second the subscription itself decides', async () => {
  const redis = await startRedis()
  const config = readWorkerConfig({
    ...{ REDIS_URL: redis.url, MONGODB_URI: database.uri, METRICS_PORT: '0' },
    ...{ STRIPE_SECRET_KEY: stripe.key, STRIPE_API_BASE: stripe.url },
    ENCRYPTION_KEYS: `k1:${encryptionKey.toString('base64')}`,
    API_KEY_PEPPER: randomBytes(32).toString('base64'),
  })
  const workers = await startWorkers(config, ['apply-billing-events'], silent)
  await workers.ready
  expect(await statusAfterTie(() => {})).toBe('PAST_DUE')
  expect(stripe.calls.map(({ path }) => path)).toEqual(['/v1/subscriptions/sub_1'])
  await workers.stop()
  await redis.stop()
})

test.each<[string, WireFault]>([
  ['fails', { reply: { status: 500 } }],
  ['hangs', 'hang'],
  ['answers nonsense', { nonsense: '{"id":"sub_1","status":7}' }],
])(
  'where Stripe %s ranks and ids decide, and the event is applied all the same',
  async (_what, fault) => {
    stripe.fail(() => true, fault)
    expect(await statusAfterTie()).toBe('ACTIVE')
    expect(stripe.faultsLeft()).toBe(0)
    expect(await billingInbox(database.db).countDocuments({ attempts: { $gt: 0 } })).toBe(0)
  },
)
