import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import type { ExecutionResult } from 'graphql'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { createLog } from '../../src/log.ts'
import { createProviders } from '../../src/outgoing/providers.ts'
import { DAY, HOUR } from '../../src/rules/calendar-time.ts'
import type { Plan } from '../../src/rules/plan.ts'
import { accounts } from '../../src/store/accounts.ts'
import { type ApiKeyDoc, apiKeys } from '../../src/store/api-keys.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { checkouts } from '../../src/store/checkouts.ts'
import { createEncryption, type Encryption } from '../../src/store/encryption.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { account, ask, asOwner, contextOf, plan, plantKey } from '../asked.ts'
import { type PaddleStandIn, startPaddleStandIn } from '../billing/paddle-stand-in.ts'
import { plantSubscription } from '../billing/planted-subscription.ts'
import { type StripeStandIn, startStripeStandIn } from '../billing/stripe-stand-in.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'
import { codeOf } from './two-accounts.ts'

const start = Date.UTC(2026, 10, 10, 12)
let now = start
let database: TestDatabase
let stripe: StripeStandIn
let paddle: PaddleStandIn
let encryption: Encryption
let lines: string[]
let deps: Parameters<typeof contextOf>[1]

const starter: Plan = {
  ...{ ...plan('starter', 10_000), prices: { USD: '29.00', JPY: '4500' } },
  overage: { per: 1_000, prices: { USD: '4.00', JPY: '600' } },
  ...{ stripePriceIds: ['price_new', 'price_old'], paddlePriceIds: ['pri_starter'] },
  stripeOveragePriceId: 'price_calls',
}
const pro: Plan = {
  ...plan('pro', 100_000),
  prices: { USD: '99.00' },
  stripePriceIds: ['price_pro'],
}
const plans = new Map([plan('free', 1_000), starter, pro].map((one) => [one.id, one]))

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
  await checkouts(db).deleteMany({})
  await billingSubscriptions(db).deleteMany({})
  await apiKeys(db).deleteMany({})
  await accounts(db).deleteMany({})
  await accounts(db).insertMany([account('acc_a'), account('acc_b')])
  await plantKey(db, 'key_a', 'acc_a')
  now = start
  for (const standIn of [stripe, paddle]) standIn.calls.length = 0
  stripe.sessions.length = 0
  encryption = createEncryption([{ id: 'k1', key: randomBytes(32) }], randomBytes)
  lines = []
  const sink = new Writable({
    write(line, _encoding, done) {
      lines.push(String(line))
      done()
    },
  })
  const log = createLog('trace', 'test', sink)
  deps = {
    ...{ db, plans, encryption, log, clock: () => now, publicUrl: 'https://tax.example.com' },
  }
  useProviders()
})

function useProviders({ timeoutMs = 400, keys = { stripe: true, paddle: true } } = {}): void {
  deps.providers = createProviders({
    ...{ fetch, clock: () => now, registry: new Registry(), timeoutMs },
    stripe: keys.stripe ? { key: stripe.key, apiBase: stripe.url } : null,
    paddle: keys.paddle ? { key: paddle.key, apiBase: paddle.url } : null,
  })
}

const mutation = `mutation ($apiKeyId: ID!, $tier: String!, $provider: BillingProvider!) {
  createCheckout(apiKeyId: $apiKeyId, tier: $tier, provider: $provider) { url provider tier expiresAt }
}`
const portal = `mutation ($apiKeyId: ID!) { billingPortal(apiKeyId: $apiKeyId) { url provider } }`

type Result = ExecutionResult<Record<string, unknown>>

function checkout(more: Record<string, string> = {}, caller: Caller = asOwner('acc_a')) {
  const variables = { apiKeyId: 'key_a', tier: 'starter', provider: 'STRIPE', ...more }
  return ask(mutation, contextOf(caller, deps), variables)
}

function urlOf(result: Result): string {
  const made = result.data?.createCheckout as { url: string } | null
  if (made) return made.url
  throw new Error(JSON.stringify(result.errors?.map((error) => error.originalError ?? error)))
}

const wordsOf = (result: Result) => result.errors?.[0]?.message

describe('a checkout', () => {
  test('at Stripe sells the plan and what it meters, in the account’s currency, for this key', async () => {
    await accounts(database.db).updateOne({ _id: 'acc_a' }, { $set: { currency: 'JPY' } })
    const { data } = await checkout()
    expect(data?.createCheckout).toEqual({
      url: stripe.sessions[0]?.url,
      ...{ provider: 'STRIPE', tier: 'starter', expiresAt: '2026-11-10T13:00:00Z' },
    })
    const back = 'https://tax.example.com/dashboard/billing?apiKey=key_a&checkout='
    expect(stripe.sessions[0]?.params).toMatchObject({
      ...{ 'line_items[0][price]': 'price_new', 'line_items[1][price]': 'price_calls' },
      ...{ currency: 'jpy', customer_email: 'acc_a@example.com', client_reference_id: 'key_a' },
      ...{ success_url: `${back}success`, cancel_url: `${back}cancelled` },
      ...{ 'metadata[api_key]': 'key_a', 'metadata[user_id]': 'user-acc_a' },
      'subscription_data[metadata][api_key]': 'key_a',
      'subscription_data[metadata][user_id]': 'user-acc_a',
    })
  })

  test('at Paddle is a transaction for this key', async () => {
    expect(urlOf(await checkout({ provider: 'PADDLE' }))).toMatch(/_ptxn=txn_/)
    expect(paddle.transactions.at(-1)).toMatchObject({
      ...{ custom_data: { api_key: 'key_a', user_id: 'user-acc_a' }, currency_code: 'USD' },
      items: [{ price: { id: 'pri_starter' } }],
    })
  })

  test('asked for again within its life is the same, and another after it or for another plan', async () => {
    const first = urlOf(await checkout())
    now += 54 * 60_000
    expect(urlOf(await checkout())).toBe(first)
    expect(urlOf(await checkout({ tier: 'pro' }))).not.toBe(first)
    now += 2 * 60_000
    expect(urlOf(await checkout())).not.toBe(first)
    expect(stripe.sessions).toHaveLength(3)
  })

  test('begins anew where the account pays in another currency meanwhile', async () => {
    const first = urlOf(await checkout())
    await accounts(database.db).updateOne({ _id: 'acc_a' }, { $set: { currency: 'JPY' } })
    expect(urlOf(await checkout())).not.toBe(first)
  })

  test.each(['STRIPE', 'PADDLE'])(
    'asked for by twenty at once is made once (%s)',
    async (provider) => {
      const before = paddle.transactions.length
      const answers = await Promise.all(Array.from({ length: 20 }, () => checkout({ provider })))
      expect(new Set(answers.map(urlOf)).size).toBe(1)
      expect(stripe.calls.length + paddle.calls.length).toBe(1)
      expect(stripe.sessions.length + paddle.transactions.length - before).toBe(1)
    },
  )

  test('begins anew after a subscription came of it and ended: its address is paid', async () => {
    const first = urlOf(await checkout())
    await plantSubscription(database.db, encryption, 'STRIPE:sub_gone', {
      ...{ apiKeyId: 'key_a', accountId: 'acc_a', customer: null },
      state: { status: 'CANCELED', endsAt: now },
    })
    const second = urlOf(await checkout())
    expect(second).toBe(stripe.sessions[1]?.url)
    expect(second).not.toBe(first)
    expect(urlOf(await checkout())).toBe(second)
  })

  test('whose answer was lost is found again under its idempotency key', async () => {
    stripe.fail(() => true, 'after', 'hang')
    expect(codeOf(await checkout())).toBe('UNAVAILABLE')
    expect(codeOf(await checkout())).toBe('UNAVAILABLE')
    now += 1_000
    expect(urlOf(await checkout())).toBe(stripe.sessions[0]?.url)
    expect(stripe.sessions).toHaveLength(1)
  })

  test('that failed with an answer begins anew: Stripe gives an answer again, a 500 too', async () => {
    stripe.fail(() => true, { late: { status: 500 } })
    expect(codeOf(await checkout())).toBe('UNAVAILABLE')
    expect(urlOf(await checkout())).toBe(stripe.sessions[1]?.url)
    const [first, second] = stripe.calls.map(({ headers }) => headers['idempotency-key'])
    expect(first).not.toBe(second)
  })

  test('over which a process died is made by the next one, under the same idempotency key', async () => {
    await checkout()
    const { db } = database
    const dead = { owner: 'dead', until: new Date(Date.now() - 1) }
    await checkouts(db).updateMany({}, { $set: { url: null, lease: dead } })
    expect(urlOf(await checkout())).toBe(stripe.sessions[0]?.url)
    expect(stripe.sessions).toHaveLength(1)
  })

  test('goes on under another encryption key, and then anew', async () => {
    const first = urlOf(await checkout())
    deps.encryption = createEncryption([{ id: 'k2', key: randomBytes(32) }], randomBytes)
    const second = urlOf(await checkout())
    expect(second).not.toBe(first)
    expect(urlOf(await checkout())).toBe(second)
  })

  test('is for the customer who paid for this key before, and not for that of another key', async () => {
    const { db } = database
    const ended = { status: 'CANCELED' as const, endsAt: now - DAY }
    await plantSubscription(db, encryption, 'STRIPE:sub_other', {
      ...{ apiKeyId: 'key_other', accountId: 'acc_a', customer: 'cus_other' },
    })
    await checkout()
    expect(stripe.sessions[0]?.params).not.toHaveProperty('customer')
    const about = { apiKeyId: 'key_a', accountId: 'acc_a' }
    await plantSubscription(db, encryption, 'STRIPE:sub_1', {
      ...{ ...about, customer: 'cus_first', state: { ...ended, startedAt: now - 90 * DAY } },
    })
    await plantSubscription(db, encryption, 'STRIPE:sub_2', {
      ...{ ...about, customer: 'cus_last', state: { ...ended, startedAt: now - 60 * DAY } },
    })
    await checkout()
    expect(stripe.sessions[1]?.params).toMatchObject({ customer: 'cus_last' })
    expect(stripe.sessions[1]?.params).not.toHaveProperty('customer_email')
  })
})

describe('no checkout is made', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['of a plan that there is not', { tier: 'gold' }, /no such plan; choose one of starter, pro/],
    ['of a plan that costs nothing', { tier: 'free' }, /"free" costs nothing; choose one/],
    [
      'where that provider does not sell it',
      { tier: 'pro', provider: 'PADDLE' },
      /not sold by Paddle/,
    ],
  ])('%s', async (_what, choice, words) => {
    const result = await checkout(choice)
    expect(codeOf(result)).toBe('BAD_USER_INPUT')
    expect(wordsOf(result)).toMatch(words)
  })

  test('in a currency that the plan has no price in', async () => {
    await accounts(database.db).updateOne({ _id: 'acc_a' }, { $set: { currency: 'KWD' } })
    expect(wordsOf(await checkout())).toMatch(/no price in KWD.*it has USD, JPY/)
  })

  test('for a revoked key, or at a provider that is not set up', async () => {
    useProviders({ keys: { stripe: false, paddle: true } })
    expect(wordsOf(await checkout())).toMatch(/Stripe is not set up/)
    await apiKeys(database.db).updateOne({ _id: 'key_a' }, { $set: { revokedAt: new Date(now) } })
    expect(wordsOf(await checkout({ provider: 'PADDLE' }))).toMatch(/was revoked/)
  })

  test.each(['TRIALING', 'ACTIVE', 'PAST_DUE', 'PAUSED'] as const)(
    'for a key whose subscription is %s: the portal changes that one',
    async (status) => {
      const about = { apiKeyId: 'key_a', accountId: 'acc_a', state: { status } }
      await plantSubscription(database.db, encryption, 'PADDLE:sub_1', about)
      expect(wordsOf(await checkout())).toMatch(/billingPortal/)
      const ends = { $set: { 'state.endsAt': now - 1 } }
      await billingSubscriptions(database.db).updateOne({ _id: 'PADDLE:sub_1' }, ends)
      expect(urlOf(await checkout())).toBe(stripe.sessions[0]?.url)
    },
  )

  test('by anybody but the owner and the admin; to others there is no such key', async () => {
    expect(codeOf(await checkout({}, asOwner('acc_b')))).toBe('NOT_FOUND')
    expect(codeOf(await checkout({ apiKeyId: '{"$gt":""}' }))).toBe('NOT_FOUND')
    expect(urlOf(await checkout({}, { kind: 'admin' }))).toMatch(/^https:/)
  })
})

test('a failing provider is told in plain words, and nothing of what it said', async () => {
  const said = { error: { code: 'resource_missing', message: 'No such price for cus_secret' } }
  stripe.fail(() => true, { reply: { status: 400, body: said } })
  const refused = await checkout()
  expect(wordsOf(refused)).toBe(
    'Stripe does not accept this the way it is set up here. It has been reported.',
  )
  stripe.fail(() => true, { reply: { status: 429, headers: { 'retry-after': '17' } } })
  const limited = await checkout()
  expect(limited.errors?.[0]?.originalError).toMatchObject({ code: 'UNAVAILABLE', retryAfter: 17 })
  await checkout()
  const stored = JSON.stringify(await checkouts(database.db).find().toArray())
  const everything = [stored, ...lines, JSON.stringify([refused, limited])].join('\n')
  expect(everything).toContain('resource_missing')
  expect(everything).not.toMatch(/cus_secret|sk_test|pdl_sdbx|checkout\.stripe\.com/)
})

describe('the billing portal', () => {
  async function subscribed(id: string, status: 'ACTIVE' | 'CANCELED', customer: string | null) {
    const { db } = database
    const provider = id.startsWith('STRIPE') ? 'STRIPE' : 'PADDLE'
    const about = { apiKeyId: 'key_a', accountId: 'acc_a', customer, state: { status } }
    await plantSubscription(db, encryption, id, about)
    const dates = { startedAt: new Date(now), endsAt: null }
    const billing = { status, subscription: id, provider, ...dates } as ApiKeyDoc['billing']
    if (billing) await apiKeys(db).updateOne({ _id: 'key_a' }, { $set: { billing } })
  }
  const opened = (caller: Caller = asOwner('acc_a')) =>
    ask(portal, contextOf(caller, deps), { apiKeyId: 'key_a' })

  test('is Stripe’s for the customer of the subscription', async () => {
    await subscribed('STRIPE:sub_1', 'ACTIVE', 'cus_1')
    expect((await opened()).data?.billingPortal).toEqual({
      ...{ provider: 'STRIPE', url: expect.stringMatching(/^https:\/\/billing\.stripe\.com\//) },
    })
    const sent = new URLSearchParams(stripe.calls[0]?.body)
    expect(Object.fromEntries(sent)).toEqual({
      ...{ customer: 'cus_1', return_url: 'https://tax.example.com/dashboard/billing' },
    })
  })

  test('is Paddle’s, of a subscription that has ended without naming it', async () => {
    await subscribed('PADDLE:sub_1', 'ACTIVE', 'ctm_1')
    await opened()
    await billingSubscriptions(database.db).deleteMany({})
    await subscribed('PADDLE:sub_1', 'CANCELED', 'ctm_1')
    expect((await opened()).data?.billingPortal).toMatchObject({ provider: 'PADDLE' })
    expect(paddle.calls.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
      ['/customers/ctm_1/portal-sessions', { subscription_ids: ['sub_1'] }],
      ['/customers/ctm_1/portal-sessions', {}],
    ])
  })

  test('is told to be there where its provider may be asked', async () => {
    await subscribed('STRIPE:sub_1', 'ACTIVE', 'cus_1')
    const shown = async () => {
      const query = '{ account { subscription { hasPortal } } }'
      return (await ask(query, contextOf(asOwner('acc_a'), deps))).data?.account
    }
    expect(await shown()).toEqual({ subscription: { hasPortal: true } })
    useProviders({ keys: { stripe: false, paddle: true } })
    expect(await shown()).toEqual({ subscription: { hasPortal: false } })
  })

  test('is not there without a subscription, for others, or while the provider is away', async () => {
    expect(wordsOf(await opened())).toMatch(/no subscription; createCheckout/)
    await subscribed('STRIPE:sub_1', 'ACTIVE', null)
    expect(codeOf(await opened())).toBe('UNAVAILABLE')
    await billingSubscriptions(database.db).deleteMany({})
    await subscribed('STRIPE:sub_1', 'ACTIVE', 'cus_1')
    stripe.fail(() => true, 'hang')
    expect(codeOf(await opened())).toBe('UNAVAILABLE')
    expect(codeOf(await opened(asOwner('acc_b')))).toBe('NOT_FOUND')
    useProviders({ keys: { stripe: false, paddle: true } })
    expect(wordsOf(await opened())).toMatch(/Stripe is not set up/)
  })
})

describe('a plan names who sells it', () => {
  const sellers = async (currency: string) => {
    const owner = { kind: 'account' as const, payer: null }
    const caller = { ...owner, account: { ...account('acc_a'), currency } }
    const { data } = await ask('{ plans { id soldBy } }', contextOf(caller, deps))
    const listed = data?.plans as { id: string; soldBy: string[] }[]
    return listed.map(({ id, soldBy }) => `${id}: ${soldBy.join()}`)
  }

  test('in the currency of the account, where the plan has a price at all', async () => {
    expect(await sellers('USD')).toEqual(['free: ', 'starter: STRIPE,PADDLE', 'pro: STRIPE'])
    expect(await sellers('JPY')).toEqual(['free: ', 'starter: STRIPE,PADDLE', 'pro: '])
    expect(await sellers('CHF')).toEqual(['free: ', 'starter: ', 'pro: '])
  })

  test('of the providers that this server may ask', async () => {
    useProviders({ keys: { stripe: false, paddle: true } })
    expect(await sellers('USD')).toEqual(['free: ', 'starter: PADDLE', 'pro: '])
  })
})

test('what was begun goes by itself an hour later', async () => {
  await checkout()
  const [kept] = await checkouts(database.db).find().toArray()
  expect(kept?.expiresAt).toEqual(new Date(start + HOUR))
  const indexes = await checkouts(database.db).indexes()
  expect(indexes).toContainEqual(expect.objectContaining({ expireAfterSeconds: 0 }))
})
