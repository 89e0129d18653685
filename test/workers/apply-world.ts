import { hash, randomBytes } from 'node:crypto'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import shipped from '../../plans.json' with { type: 'json' }
import { createLog } from '../../src/log.ts'
import { type BillingProvider, providerId } from '../../src/rules/billing/fact.ts'
import type { Plans } from '../../src/rules/plan.ts'
import { readPlanFile } from '../../src/rules/plan-file.ts'
import { accounts } from '../../src/store/accounts.ts'
import { type ApiKeyDoc, apiKeys } from '../../src/store/api-keys.ts'
import { billingInbox, type InboxDoc, keepInInbox } from '../../src/store/billing-inbox.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { createCustomerHash } from '../../src/store/customer-hash.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { createApplyMetrics } from '../../src/workers/apply-billing-events/apply-metrics.ts'
import {
  type ApplySlot,
  type ApplySlotOptions,
  createApplySlot,
} from '../../src/workers/apply-billing-events/apply-slot.ts'
import type { PaddleEvent } from '../billing/paddle-events.ts'
import type { StripeEvent } from '../billing/stripe-events.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'

export const NOW = Date.UTC(2026, 10, 25, 12)

/** The worker of billing events with the hands of a test on its clock; each test begins with an empty database. */
export interface ApplyWorld {
  readonly database: TestDatabase
  /** The clock, ms. */
  at: number
  readonly metrics: ReturnType<typeof createApplyMetrics>
  /** A key with an account of its own, unless one is given. */
  seed(more?: Partial<ApiKeyDoc>): Promise<string>
  key(id: string): Promise<ApiKeyDoc>
  /** As the web hook stores it. */
  receive(event: StripeEvent | PaddleEvent): Promise<string>
  /** What one worker would do; more of them are at once with others. */
  slot(more?: Partial<ApplySlotOptions>): ApplySlot
  /** Until nothing is due any more. */
  applyAll(slot?: ApplySlot): Promise<void>
  event(id: string): Promise<InboxDoc>
  statusOf(subscription: string): Promise<string | null | undefined>
}

export function useApplyWorld(): ApplyWorld {
  let database: TestDatabase
  const plans = planOf()
  const encryption = createEncryption([{ id: 'k1', key: randomBytes(32) }], randomBytes)
  const customerHash = createCustomerHash(randomBytes(32))
  let made = 0
  const world: ApplyWorld = {
    get database() {
      return database
    },
    at: NOW,
    metrics: createApplyMetrics(new Registry()),
    async seed(more = {}) {
      made += 1
      const accountId = more.accountId ?? `acc_${made}`
      if (more.accountId === undefined) {
        const [email, userId] = [`${made}@example.com`, `user_${made}`]
        const owner = { _id: accountId, name: 'Test', email, userId, currency: 'USD' }
        await accounts(database.db).insertOne({ ...owner, createdAt: new Date(NOW) })
      }
      const key: ApiKeyDoc = {
        ...{ _id: `key_${made}`, accountId, name: 'Test', prefix: `gc_live_${made}`, lastFour: '' },
        ...{ secrets: [{ hash: `${made}` }], tier: 'free', blockedBecause: null, revokedAt: null },
        ...{ alertsEnabled: true, createdAt: new Date(NOW), ...more },
      }
      await apiKeys(database.db).insertOne(key)
      return key._id
    },
    async key(id) {
      const found = await apiKeys(database.db).findOne({ _id: id })
      if (!found) throw new Error(`there is no ${id}`)
      return found
    },
    async receive(event) {
      const isPaddle = 'event_id' in event
      const provider: BillingProvider = isPaddle ? 'PADDLE' : 'STRIPE'
      const [eventId, type] = isPaddle ? [event.event_id, event.event_type] : [event.id, event.type]
      const body = JSON.stringify(event)
      const _id = providerId(provider, eventId)
      await keepInInbox(database.db, {
        ...{ _id, provider, eventId, type, receivedAt: new Date(world.at) },
        contentHash: hash('sha256', body, 'base64url'),
        raw: encryption.encrypt(body, _id, 'raw'),
      })
      return _id
    },
    slot: (more = {}) =>
      createApplySlot({
        ...{ db: database.db, plans, encryption, customerHash, live: false },
        ...{ clock: () => world.at, log: createLog('silent', 'test'), fetchSubscription: null },
        ...{ metrics: world.metrics, owner: 'test', leaseMs: 30_000, random: () => 0 },
        ...{ onSettled() {}, ...more },
      }),
    async applyAll(slot = world.slot()) {
      while (await slot.applyNext());
      await slot.end()
    },
    async event(id) {
      const found = await billingInbox(database.db).findOne({ _id: id })
      if (!found) throw new Error(`there is no ${id}`)
      return found
    },
    async statusOf(subscription) {
      const found = await billingSubscriptions(database.db).findOne({ _id: subscription })
      return found?.state?.status
    },
  }
  beforeAll(async () => {
    database = await testDatabase()
    await createIndexes(database.db)
  })
  beforeEach(async () => {
    world.at = NOW
    const written = /^(billing|provider|accessHistory|accounts|apiKeys|deliveries|channels)/
    const collections = await database.db.collections()
    const touched = collections.filter(({ collectionName }) => written.test(collectionName))
    await Promise.all(touched.map((one) => one.deleteMany({})))
  })
  afterAll(() => database.drop())
  return world
}

function planOf(): Plans {
  const read = readPlanFile(shipped)
  if ('plans' in read) return read.plans
  throw new Error('the shipped plans are wrong')
}
