import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import type { ExecutionResult } from 'graphql'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLog } from '../../src/log.ts'
import { createProviders } from '../../src/outgoing/providers.ts'
import { type BillingFact, FACT_RANK } from '../../src/rules/billing/fact.ts'
import { DAY, HOUR } from '../../src/rules/calendar-time.ts'
import { accessHistory } from '../../src/store/access-history.ts'
import { accounts } from '../../src/store/accounts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { billingFacts } from '../../src/store/billing-facts.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { jobRuns } from '../../src/store/job-runs.ts'
import { reconciliations } from '../../src/store/reconciliations.ts'
import { createSettleTools, settleSubscription } from '../../src/store/settle-subscription.ts'
import { createReconcileNow } from '../../src/workers/reconcile-subscriptions/reconcile-now.ts'
import {
  createReconcileSubscriptions,
  type ReconcileSubscriptions,
} from '../../src/workers/reconcile-subscriptions/reconcile-subscriptions.ts'
import { account, ask, contextOf, plan, plantKey } from '../asked.ts'
import { paddleSubscription } from '../billing/paddle-events.ts'
import { type PaddleStandIn, startPaddleStandIn } from '../billing/paddle-stand-in.ts'
import { stripeSubscription } from '../billing/stripe-events.ts'
import { type StripeStandIn, startStripeStandIn } from '../billing/stripe-stand-in.ts'
import { codeOf } from '../resolvers/two-accounts.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'

const start = Date.UTC(2026, 10, 10, 3, 0, 5, 700)
const created = start / 1_000 - 864_000.7
const periodEnd = created + 2_592_000
let now = start
let database: TestDatabase
let stripe: StripeStandIn
let paddle: PaddleStandIn
let registry: Registry
let published = 0
let lines: string[]
const running: ReconcileSubscriptions[] = []

const encryption = createEncryption([{ id: 'k1', key: randomBytes(32) }], randomBytes)
const priced = (id: string) => ({
  ...plan(id, 10_000),
  ...{ stripePriceIds: [`price_${id}_monthly`], paddlePriceIds: [`pri_${id}_monthly`] },
})
const plans = new Map([plan('free', 1_000), priced('starter'), priced('pro')].map((p) => [p.id, p]))

beforeAll(async () => {
  ;[database, stripe, paddle] = await Promise.all([
    testDatabase(),
    startStripeStandIn(() => now),
    startPaddleStandIn(() => now),
  ])
  await createIndexes(database.db)
})
afterAll(() => Promise.all([database.drop(), stripe.stop(), paddle.stop()]))

beforeEach(async () => {
  const { db } = database
  const names = ['accounts', 'apiKeys', 'billingFacts', 'billingSubscriptions', 'jobRuns']
  for (const name of [
    ...names,
    'reconciliations',
    'accessHistory',
    'billingNotices',
    'deliveries',
  ]) {
    await db.collection(name).deleteMany({})
  }
  await accounts(db).insertMany([account('acc_a'), account('acc_b')])
  await plantKey(db, 'key_a', 'acc_a')
  now = start
  for (const standIn of [stripe, paddle]) {
    standIn.subscriptions.clear()
    standIn.calls.length = 0
  }
  registry = new Registry()
  lines = []
  published = 0
})
afterEach(() => Promise.all(running.splice(0).map((one) => one.stop())))

function tools({ only }: { only?: 'STRIPE' | 'PADDLE' } = {}) {
  const sink = new Writable({
    write(line, _encoding, done) {
      lines.push(String(line))
      done()
    },
  })
  return {
    ...{ db: database.db, plans, encryption, clock: () => now },
    customerHash: (customer: string) => `hash-of-${customer}`,
    onCorrected() {
      published += 1
    },
    log: createLog('trace', 'test', sink),
    providers: createProviders({
      ...{ fetch, clock: () => now, registry: new Registry(), timeoutMs: 1_000 },
      stripe: only === 'PADDLE' ? null : { key: stripe.key, apiBase: stripe.url },
      paddle: only === 'STRIPE' ? null : { key: paddle.key, apiBase: paddle.url },
    }),
  }
}

function worker(more: { mostPages?: number; leaseMs?: number; registry?: Registry } = {}) {
  const made = createReconcileSubscriptions({ ...tools(), registry, ...more })
  running.push(made)
  return made
}

/** What an event said long ago, settled as its worker does. */
async function heard(
  id: string,
  says: Partial<BillingFact['says']> = {},
  apiKey = 'key_a',
  customer: string | null = 'cus_1',
) {
  const { db } = database
  const subscription = `STRIPE:${id}`
  const at = created * 1_000
  await billingFacts(db).insertOne({
    ...{ _id: `STRIPE:evt_${id}`, subscription, at, micros: 0, rank: FACT_RANK.created },
    ...{ eventId: `evt_${id}`, type: 'test', link: { apiKey, userId: null } },
    says: {
      ...{ kind: 'snapshot', status: 'ACTIVE', unpaid: false, priceIds: ['price_starter_monthly'] },
      ...{ currentPeriodEnd: periodEnd * 1_000, endsAt: null, startedAt: at, ...says },
    } as BillingFact['says'],
  })
  const cause = { cause: 'test', because: 'it is a test', happenedAt: at }
  const named = customer === null ? null : { id: customer, hash: `hash-of-STRIPE:${customer}` }
  const about = { provider: 'STRIPE' as const, _id: subscription, customer: named }
  await db.client.withSession((session) =>
    session.withTransaction(() =>
      settleSubscription(createSettleTools({ ...tools(), now }), about, cause, session),
    ),
  )
}

function atStripe(id: string, more: Parameters<typeof stripeSubscription>[0] = {}) {
  const about = { id, created, currentPeriodEnd: periodEnd, metadata: { api_key: 'key_a' } }
  stripe.subscriptions.set(id, stripeSubscription({ ...about, ...more }))
}

const recorded = () => reconciliations(database.db).find().sort({ subscription: 1 }).toArray()
const tierOf = async (id = 'key_a') => (await apiKeys(database.db).findOne({ _id: id }))?.tier

describe('a night', () => {
  test('in which both say the same leaves nothing', async () => {
    await heard('sub_1')
    atStripe('sub_1')
    expect(await worker().reconcileDue()).toEqual([
      'reconcile-subscriptions:STRIPE:2026-11-10',
      'reconcile-subscriptions:PADDLE:2026-11-10',
    ])
    expect(await recorded()).toEqual([])
    expect(await billingFacts(database.db).countDocuments()).toBe(1)
  })

  test.each<[string, Parameters<typeof stripeSubscription>[0], string[], object]>([
    [
      'a cancellation',
      { status: 'canceled', endedAt: created + 1_000 },
      ['status', 'endsAt'],
      { tier: 'free' },
    ],
    ['a failed payment', { status: 'past_due' }, ['status'], { tier: 'starter' }],
    [
      'what was given up',
      { status: 'unpaid' },
      ['status', 'unpaid'],
      { blockedBecause: /given up/ },
    ],
    ['an upgrade', { price: 'price_pro_monthly' }, ['tier'], { tier: 'pro' }],
    ['a renewal', { currentPeriodEnd: periodEnd + 1 }, ['currentPeriodEnd'], { tier: 'starter' }],
    ['a booked end', { cancelAtPeriodEnd: true }, ['endsAt'], { tier: 'starter' }],
  ])('finds %s that was not heard of, and corrects it', async (_what, there, fields, key) => {
    await heard('sub_1')
    atStripe('sub_1', there)
    await worker().reconcileDue()
    const [found, ...others] = await recorded()
    expect(others).toEqual([])
    expect(found).toMatchObject({
      ...{ subscription: 'STRIPE:sub_1', kind: 'DIFFERS', fields, corrected: true },
      ...{ apiKeyId: 'key_a', accountId: 'acc_a', createdAt: new Date(now) },
    })
    const blockedBecause = 'blockedBecause' in key ? expect.stringMatching(/given up/) : null
    expect(await apiKeys(database.db).findOne({ _id: 'key_a' })).toMatchObject({
      ...{ tier: 'starter', ...key, blockedBecause },
    })
    expect(await registry.metrics()).toContain(
      'reconciliation_differences_total{provider="STRIPE",corrected="yes"} 1',
    )
    expect(lines.join('')).toContain('says something else of a subscription')
    // The next night there is nothing left to find.
    now += DAY
    await worker({ registry: new Registry() }).reconcileDue()
    expect(await recorded()).toHaveLength(1)
  })

  test('corrects by a fact of the second before it asked: what happens then or later counts more', async () => {
    await heard('sub_1')
    atStripe('sub_1', { status: 'past_due' })
    await worker().reconcileDue()
    const fact = await billingFacts(database.db).findOne({ type: 'fetched' })
    expect(fact).toMatchObject({ at: Math.floor(start / 1_000) * 1_000 - 1_000, rank: 5 })
    const [last] = await accessHistory(database.db).find().sort({ n: -1 }).limit(1).toArray()
    expect(last).toMatchObject({ cause: fact?._id, because: 'Stripe was asked and said so' })
  })

  test('leaves alone what changed while it asked', async () => {
    await heard('sub_1')
    const { db } = database
    await billingFacts(db).updateMany({}, { $set: { at: Math.floor(start / 1_000) * 1_000 } })
    atStripe('sub_1', { status: 'past_due' })
    await worker().reconcileDue()
    expect(await recorded()).toEqual([])
  })

  test('learns who pays where no event had said it', async () => {
    await heard('sub_1', {}, 'key_a', null)
    atStripe('sub_1')
    await worker().reconcileDue()
    expect(await recorded()).toEqual([])
    const doc = await billingSubscriptions(database.db).findOne({ _id: 'STRIPE:sub_1' })
    expect(doc?.customerHash).toBe('hash-of-STRIPE:cus_1')
  })

  test('cannot bring back what has ended, and says so each time', async () => {
    await heard('sub_1', { status: 'CANCELED', endsAt: created * 1_000 })
    atStripe('sub_1')
    await worker().reconcileDue()
    expect(await recorded()).toMatchObject([{ kind: 'DIFFERS', corrected: false }])
    expect(await registry.metrics()).toContain('{provider="STRIPE",corrected="no"} 1')
    now += DAY
    await worker({ registry: new Registry() }).reconcileDue()
    expect(await recorded()).toHaveLength(2)
    expect(await billingFacts(database.db).countDocuments()).toBe(1)
  })

  test('records what its provider does not know, and changes nothing', async () => {
    await heard('sub_gone')
    await worker().reconcileDue()
    expect(await recorded()).toMatchObject([
      { subscription: 'STRIPE:sub_gone', kind: 'UNKNOWN_THERE', theirs: null, corrected: false },
    ])
    expect(await tierOf()).toBe('starter')
  })

  test('writes down the end of what ended as it was booked, and tells nobody', async () => {
    await heard('sub_1', { endsAt: start - HOUR })
    atStripe('sub_1', { status: 'canceled', endedAt: start / 1_000 - 3_600.7 })
    await worker().reconcileDue()
    expect(await recorded()).toEqual([])
    const { db } = database
    expect((await billingSubscriptions(db).findOne({}))?.state?.status).toBe('CANCELED')
  })

  test('finds subscriptions that name a key here and were never heard of, at both providers', async () => {
    await plantKey(database.db, 'key_b', 'acc_b')
    atStripe('sub_new', { price: 'price_pro_monthly', customer: 'cus_secret' })
    atStripe('sub_foreign', { metadata: { api_key: 'key_nowhere' } })
    atStripe('sub_nameless', { metadata: {} })
    atStripe('sub_waiting', { status: 'incomplete' })
    atStripe('sub_never', { status: 'incomplete_expired' })
    const customData = { api_key: 'key_b', user_id: 'user-acc_b' }
    paddle.subscriptions.set('sub_p', paddleSubscription({ id: 'sub_p', customData }))
    await worker().reconcileDue()
    expect(await recorded()).toMatchObject([
      { subscription: 'PADDLE:sub_p', kind: 'UNHEARD', apiKeyId: 'key_b', corrected: true },
      { subscription: 'STRIPE:sub_new', kind: 'UNHEARD', apiKeyId: 'key_a', corrected: true },
    ])
    expect(await tierOf()).toBe('pro')
    expect(await tierOf('key_b')).toBe('starter')
    const doc = await billingSubscriptions(database.db).findOne({ _id: 'STRIPE:sub_new' })
    expect(doc?.customerHash).toBe('hash-of-STRIPE:cus_secret')
    expect(doc?.customer && encryption.decrypt(doc.customer, doc._id, 'customer')).toBe(
      'cus_secret',
    )
    expect(`${JSON.stringify(await recorded())}${lines.join('')}`).not.toContain('cus_secret')
  })

  test('is done once by any number of processes, and again the next night', async () => {
    for (let n = 0; n < 30; n++) {
      await heard(`sub_${n}`, {}, `key_none_${n}`)
      atStripe(`sub_${n}`, { metadata: {} })
    }
    const workers = Array.from({ length: 4 }, () => worker({ registry: new Registry() }))
    const ended = await Promise.all(workers.map((one) => one.reconcileDue()))
    expect(ended.flat().sort()).toEqual([
      'reconcile-subscriptions:PADDLE:2026-11-10',
      'reconcile-subscriptions:STRIPE:2026-11-10',
    ])
    const asked = stripe.calls.filter(({ path }) => path.startsWith('/v1/subscriptions/'))
    expect(asked).toHaveLength(30)
    now += 23 * HOUR
    expect((await worker({ registry: new Registry() }).reconcileDue()).length).toBe(0)
    now += HOUR
    expect((await worker({ registry: new Registry() }).reconcileDue()).length).toBe(2)
  })

  test('that was missed is made up at any later hour', async () => {
    now = start + 15 * HOUR
    await heard('sub_1')
    atStripe('sub_1', { status: 'past_due' })
    const made = worker()
    made.start()
    await expect.poll(recorded, { timeout: 10_000 }).toHaveLength(1)
  })

  test('goes on where a failure or a dead process left it', async () => {
    for (let n = 100; n < 130; n++) {
      await heard(`sub_${n}`, {}, `key_none_${n}`)
      atStripe(`sub_${n}`, { metadata: {} })
    }
    stripe.fail(({ path }) => path.endsWith('sub_127'), { reply: { status: 503 } })
    await expect(worker().reconcileDue()).rejects.toThrow(/Stripe cannot be asked right now/)
    // Stripe's failure did not keep Paddle from being asked.
    const ended = { finishedAt: { $exists: true } }
    expect(await jobRuns(database.db).countDocuments(ended)).toBe(1)
    stripe.calls.length = 0
    await worker({ registry: new Registry() }).reconcileDue()
    const asked = stripe.calls.map(({ path }) => path)
    expect(asked).not.toContain('/v1/subscriptions/sub_124')
    expect(asked).toContain('/v1/subscriptions/sub_127')
    expect(await jobRuns(database.db).countDocuments(ended)).toBe(2)
  })

  test('lists no more than it may, and the next night goes on there', async () => {
    for (let n = 0; n < 250; n++) {
      atStripe(`sub_${String(n).padStart(3, '0')}`, { metadata: {}, created: created - n })
    }
    await worker({ mostPages: 2 }).reconcileDue()
    now += DAY
    stripe.calls.length = 0
    await worker({ mostPages: 2, registry: new Registry() }).reconcileDue()
    const lists = stripe.calls.map(({ query }) => query.get('starting_after'))
    expect(lists).toEqual(['sub_199'])
  })

  test('asks nobody without a key of his', async () => {
    const none = createReconcileSubscriptions({ ...tools({ only: 'PADDLE' }), registry })
    expect(await none.reconcileDue()).toEqual(['reconcile-subscriptions:PADDLE:2026-11-10'])
    expect(stripe.calls).toEqual([])
  })

  test('says where an answer is nonsense, and goes on', async () => {
    await heard('sub_1')
    await heard('sub_2', {}, 'key_none')
    atStripe('sub_2', { metadata: {}, status: 'past_due' })
    const nonsense = '{"id":"sub_1","status":"cus_secret"}'
    stripe.fail(({ path }) => path.endsWith('sub_1'), { nonsense })
    await worker().reconcileDue()
    expect(await recorded()).toMatchObject([
      { subscription: 'STRIPE:sub_1', kind: 'UNREADABLE', theirs: null, corrected: false },
      { subscription: 'STRIPE:sub_2', kind: 'DIFFERS', corrected: true },
    ])
    expect(`${lines.join('')}${JSON.stringify(await recorded())}`).not.toContain('cus_secret')
  })
})

describe('on demand', () => {
  const mutation = `mutation ($dryRun: Boolean!, $provider: BillingProvider, $after: String) {
    reconcileSubscriptions(dryRun: $dryRun, provider: $provider, after: $after) {
      dryRun checked next differences { subscription kind fields corrected ours { status } theirs { status endsAt } }
    }
  }`
  const query = `query ($first: Int, $after: String) { reconciliations(first: $first, after: $after) {
    totalCount edges { node { id subscription provider kind corrected createdAt } } pageInfo { endCursor hasNextPage }
  } }`
  type Result = ExecutionResult<Record<string, unknown>>

  function asked(
    source: string,
    variables = {},
    caller: Parameters<typeof contextOf>[0] = { kind: 'admin' },
  ) {
    const made = tools()
    const deps = { ...made, reconcileNow: createReconcileNow(made) }
    return ask(source, contextOf(caller, deps), variables) as Promise<Result>
  }

  test('a dry run tells the same and changes nothing; a real one corrects', async () => {
    await heard('sub_1')
    atStripe('sub_1', { cancelAtPeriodEnd: true, status: 'past_due' })
    const difference = {
      ...{ subscription: 'STRIPE:sub_1', kind: 'DIFFERS', fields: ['status', 'endsAt'] },
      ours: { status: 'ACTIVE' },
      theirs: {
        status: 'PAST_DUE',
        endsAt: new Date(periodEnd * 1_000).toISOString().replace('.000', ''),
      },
    }
    const dry = await asked(mutation, { dryRun: true })
    expect(dry.data?.reconcileSubscriptions).toEqual({
      ...{
        dryRun: true,
        checked: 1,
        next: null,
        differences: [{ ...difference, corrected: false }],
      },
    })
    expect(await recorded()).toEqual([])
    expect(await billingFacts(database.db).countDocuments()).toBe(1)
    expect(published).toBe(0)
    const real = await asked(mutation, { dryRun: false, provider: 'STRIPE' })
    expect(real.data?.reconcileSubscriptions).toMatchObject({
      differences: [{ ...difference, corrected: true }],
    })
    expect(published).toBe(1)
    expect((await asked(query)).data?.reconciliations).toMatchObject({
      ...{ totalCount: 1, edges: [{ node: { subscription: 'STRIPE:sub_1', corrected: true } }] },
    })
  })

  test('wants a place of its own, and a provider that is there', async () => {
    expect(codeOf(await asked(mutation, { dryRun: true, after: 'x' }))).toBe('BAD_USER_INPUT')
    stripe.fail(() => true, { reply: { status: 500 } })
    await heard('sub_1')
    expect(codeOf(await asked(mutation, { dryRun: true }))).toBe('UNAVAILABLE')
  })

  test('differences are listed newest first, in pages', async () => {
    for (let n = 0; n < 5; n++) {
      await heard(`sub_${n}`, {}, `key_none_${n}`)
      now += 1_000
      await asked(mutation, { dryRun: false, provider: 'STRIPE' })
    }
    const first = (await asked(query, { first: 4 })).data?.reconciliations as {
      totalCount: number
      edges: { node: { id: string } }[]
      pageInfo: { endCursor: string; hasNextPage: boolean }
    }
    expect(first).toMatchObject({ totalCount: 15, pageInfo: { hasNextPage: true } })
    const rest = await asked(query, { first: 500, after: first.pageInfo.endCursor })
    expect(rest.data?.reconciliations).toMatchObject({ edges: { length: 11 } })
    expect(codeOf(await asked(query, { first: 1, after: 'x' }))).toBe('BAD_USER_INPUT')
  })
})
