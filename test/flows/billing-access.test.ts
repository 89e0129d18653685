import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { readWorkerConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { billingNotices } from '../../src/store/billing-notices.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { startWorkers, type WorkerProcess } from '../../src/worker.ts'
import { dataOf, metricOf, startTestApi, type TestApi } from '../api.ts'
import { stripeSubscriptionOf, webhookSecret } from '../billing/signed-events.ts'
import { audience, startIssuer, type TestIssuer } from '../callers/issuer.ts'
import {
  type Credentials,
  listenOverSse,
  listenOverWebSocket,
  type RecordListener,
} from '../record-listeners.ts'

const soon = { timeout: 10_000, interval: 20 }
const second = () => Math.floor(Date.now() / 1_000)

let issuer: TestIssuer
let api: TestApi
let workers: WorkerProcess
let redis: RedisClient
let folder: string
const listeners: RecordListener<Change>[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'getcomplical-billing-'))
  const plan = (id: string, limit: number, more: object) => ({
    ...{ id, name: id, monthlyLimit: limit, requestsPerSecond: 1_000_000, overage: null },
    ...{ prices: { USD: '29.00' }, stripePriceIds: [], paddlePriceIds: [], ...more },
  })
  const overage = { per: 1_000, prices: { USD: '4.00' } }
  const plans = [
    plan('free', 1_000, {}),
    plan('starter', 10, { overage, stripePriceIds: ['price_starter_monthly'] }),
  ]
  writeFileSync(join(folder, 'plans.json'), JSON.stringify({ plans }))
  issuer = await startIssuer()
  api = await startTestApi({
    ...{ PLANS_FILE: join(folder, 'plans.json'), STRIPE_WEBHOOK_SECRETS: webhookSecret },
    ...{ OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: audience, LIMIT_UNMETERED_PER_SECOND: '1000' },
  })
  redis = connectRedis(api.redis.url)
  const config = readWorkerConfig({ ...api.environment, METRICS_PORT: '0' })
  const names = ['apply-billing-events', 'chase-payments', 'deliver-alerts', 'roll-up-usage']
  workers = await startWorkers(config, names, createLog('silent', 'test'))
  await workers.ready
})
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.leave()
})
afterAll(async () => {
  redis.disconnect()
  await workers.stop()
  await api.end()
  await issuer.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Change {
  id: string
  type: string
  apiKeyId: string
  tier: string
  blockedBecause: string | null
  because: string
  subscription: { status: string; pastDueSince: string | null } | null
}

const told = {
  field: 'subscriptionChanged',
  asked:
    'id type apiKeyId tier blockedBecause because subscription { provider status tier pastDueSince endsAt }',
}

async function customer() {
  const seeded = await api.seed('free')
  const account = await api.db.collection('accounts').findOne({ _id: seeded.accountId as never })
  const authorization = `Bearer ${await issuer.token({ sub: account?.userId })}`
  return { ...seeded, bearer: { authorization } }
}

async function listening(listen: typeof listenOverSse, credentials: Credentials, after?: string) {
  const subscribers = () => metricOf(api.url, 'getcomplical_billing_subscribers')
  const before = await subscribers()
  const listener = listen<Change>(api.url, credentials, after, told)
  listeners.push(listener)
  await vi.waitFor(async () => expect(await subscribers()).toBe(before + 1), soon)
  return listener
}

const typesOf = ({ heard }: RecordListener<Change>) => heard.map(({ type }) => type)
const call = (key: string) => api.ask('{ countries { code } }', { key })
const administer = (query: string) => api.ask(query, { key: api.adminApiKey })

const subscribed = ['SUBSCRIPTION_CHANGED', 'ACCESS_CHANGED']
const failing = ['SUBSCRIPTION_CHANGED', 'PAYMENT_FAILED']

describe('what happens to a subscription', () => {
  test('is told to its owner and its key, over WebSocket and SSE, live and to who was away', async () => {
    const [own, other] = [await customer(), await customer()]
    const [owner, key, stranger] = [
      await listening(listenOverWebSocket, own.bearer),
      await listening(listenOverSse, { apiKey: own.secret }),
      await listening(listenOverSse, other.bearer),
    ]
    const subscription = stripeSubscriptionOf(api.url, own.apiKeyId)
    const at = second() - 1_000
    expect(await subscription.updated(at)).toBe(200)
    await vi.waitFor(() => {
      for (const one of [owner, key]) expect(typesOf(one)).toEqual(subscribed)
    }, soon)
    expect(owner.heard[0]).toMatchObject({
      ...{ apiKeyId: own.apiKeyId, tier: 'starter', blockedBecause: null },
      because: 'Stripe sent customer.subscription.updated',
      subscription: { provider: 'STRIPE', status: 'ACTIVE', tier: 'starter', endsAt: null },
    })
    const seen = owner.heard.at(-1)?.id ?? ''
    await owner.leave()
    expect(await subscription.paymentFailed(at + 1)).toBe(200)
    await vi.waitFor(() => expect(typesOf(key)).toEqual([...subscribed, ...failing]), soon)
    const replays = [
      await listening(listenOverWebSocket, own.bearer, seen),
      await listening(listenOverSse, { apiKey: own.secret }, seen),
    ]
    expect(await subscription.paid(at + 2)).toBe(200)
    const received = ['SUBSCRIPTION_CHANGED', 'PAYMENT_RECEIVED']
    await vi.waitFor(() => {
      for (const one of replays) expect(typesOf(one)).toEqual([...failing, ...received])
    }, soon)
    expect(stranger.heard).toEqual([])
    // What is mailed is no change: a reminder stands in the topic alone.
    expect([owner, key, ...replays].flatMap(({ codes }) => codes)).toEqual([])
    const foreign = listenOverSse<Change>(api.url, other.bearer, seen, told)
    await foreign.ended
    expect(foreign.codes).toEqual(['BAD_USER_INPUT'])
  })

  test('stands in the topic billing-events under the same ids, numbered without a gap', async () => {
    const { apiKeyId, accountId } = await customer()
    const customerId = 'cus_planted_here'
    const subscription = stripeSubscriptionOf(api.url, apiKeyId, { customer: customerId })
    await subscription.updated(second() - 500)
    await subscription.paymentFailed(second() - 400)
    const notices = billingNotices(api.db).find({ accountId }).sort({ sequence: 1 })
    await vi.waitFor(async () => expect(await notices.clone().toArray()).toHaveLength(5), soon)
    const entries = () => redis.xrange('billing-events', '-', '+')
    const written = await notices.toArray()
    await vi.waitFor(async () => {
      const ids = (await entries()).map(([, [, event]]) => JSON.parse(event ?? '').id)
      expect(ids).toEqual(expect.arrayContaining(written.map(({ _id }) => _id)))
    }, soon)
    const all = await entries()
    expect(all.map(([id]) => id)).toEqual(all.map((_, n) => `${n + 1}-0`))
    const own = all
      .map(([, [, event]]) => JSON.parse(event ?? ''))
      .filter(({ data }) => data.accountId === accountId)
    const type = (name: string) => `com.getcomplical.billing.${name}.v1`
    expect(own.map((event) => [event.type, event.subject, event.data.sequence])).toEqual([
      [type('subscription-changed'), apiKeyId, 1],
      [type('access-changed'), apiKeyId, 2],
      [type('subscription-changed'), apiKeyId, 3],
      [type('payment-failed'), apiKeyId, 4],
      [type('payment-reminder'), apiKeyId, 5],
    ])
    expect(own[4].data).toMatchObject({
      ...{ accountId, apiKeyId, kind: 'reminder', provider: 'STRIPE', tier: 'starter' },
      endsAt: null,
    })
    const shown = JSON.stringify(all)
    for (const secret of [customerId, subscription.id]) expect(shown).not.toContain(secret)
  })
})

describe('a key whose payments fail', () => {
  const graceDays = (accountId: string, days: number | null) =>
    administer(
      `mutation { updateAccount(id: "${accountId}", input: { graceDays: ${days} }) { graceDays } }`,
    )

  test('is refused in words that say what to do when its days of grace are over, and served at once when the payment arrives', async () => {
    const own = await customer()
    const owner = await listening(listenOverSse, own.bearer)
    const subscription = stripeSubscriptionOf(api.url, own.apiKeyId)
    await subscription.updated(second() - 5_000)
    await subscription.paymentFailed(second() - 4_000)
    await vi.waitFor(() => expect(typesOf(owner)).toEqual([...subscribed, ...failing]), soon)
    expect((await call(own.secret)).status).toBe(200)

    await graceDays(own.accountId, 0)
    const refused = await vi.waitFor(async () => {
      const answer = await call(own.secret)
      expect(answer.status).toBe(403)
      return answer
    }, soon)
    const words =
      /^This API key is blocked\. The payment for the plan "starter" has been failing since \d{4}-\d\d-\d\d\. Pay it, or change the payment method, in the billing portal of your account: calls are served again as soon as the payment arrives\.$/
    expect(refused.errors?.[0]).toMatchObject({
      message: expect.stringMatching(words),
      extensions: { code: 'KEY_BLOCKED' },
    })
    const asked = await api.ask(
      `{ account { subscription { status } apiKeys { status blockedBecause billingStatus accessHistory(first: 1) {
        edges { node { because cause from { status } to { status billingStatus } } } } } } }`,
      { key: own.secret },
    )
    expect(dataOf(asked, 'account')).toMatchObject({
      subscription: { status: 'PAST_DUE' },
      apiKeys: [
        {
          ...{ status: 'BLOCKED', billingStatus: 'PAST_DUE' },
          blockedBecause: expect.stringContaining('billing portal'),
          accessHistory: {
            edges: [
              {
                node: {
                  because: 'An administrator changed the days of grace of the account.',
                  ...{ cause: 'ADMIN', from: { status: 'ACTIVE' } },
                  to: { status: 'BLOCKED', billingStatus: 'PAST_DUE' },
                },
              },
            ],
          },
        },
      ],
    })

    const began = performance.now()
    expect(await subscription.paid(second())).toBe(200)
    await vi.waitFor(async () => expect((await call(own.secret)).status).toBe(200), {
      ...{ timeout: 5_000, interval: 5 },
    })
    console.log(`served ${Math.round(performance.now() - began)} ms after the payment`)
    await vi.waitFor(
      () =>
        expect(typesOf(owner).slice(4)).toEqual([
          ...['ACCESS_CHANGED', 'SUBSCRIPTION_CHANGED', 'PAYMENT_RECEIVED', 'ACCESS_CHANGED'],
        ]),
      soon,
    )
  })

  test('mails its owner once a step: hostile names stay text, at the address he has by then, also where he wants no alerts', async () => {
    const own = await customer()
    const hostile = `<img src=x onerror=alert(1)> "&' https://evil.example`
    const edit = `mutation ($id: ID!, $name: String!) { updateApiKey(id: $id, input: { name: $name }) { id } }`
    await api.ask(edit, { key: api.adminApiKey, variables: { id: own.apiKeyId, name: hostile } })
    await api.ask(
      `mutation { updateChannel(id: "ch_${own.accountId}", input: { enabled: false }) { id } }`,
      { headers: own.bearer },
    )
    await api.ask(`mutation { updateAccount(input: { email: "new.payer@example.org" }) { id } }`, {
      headers: own.bearer,
    })
    const subscription = stripeSubscriptionOf(api.url, own.apiKeyId)
    await subscription.updated(second() - 5_000)
    await subscription.paymentFailed(second() - 4_000)
    const sent = () => mailsTo('new.payer@example.org')
    await vi.waitFor(() => expect(sent()).toHaveLength(1), soon)
    await graceDays(own.accountId, 0)
    await vi.waitFor(() => expect(sent()).toHaveLength(2), soon)
    const subjects = sent().map((mail) => /^Subject: gc_live_.{4}: (.*?)\r?$/m.exec(mail)?.[1])
    expect(subjects.toSorted()).toEqual([
      'calls are refused until the payment arrives',
      'the payment for your plan has failed',
    ])
    for (const mail of sent()) {
      const [text = '', html = ''] = mail.split('Content-Type: text/html')
      expect(text).toContain(hostile)
      expect(html).not.toContain('<img')
      expect(html).toContain('&lt;img src')
      expect(html).toContain('it is about the payment for your')
    }
    // Who owes nothing any more hears nothing more.
    await subscription.paid(second())
    await vi.waitFor(async () => expect((await call(own.secret)).status).toBe(200), soon)
    await graceDays(own.accountId, null)
    expect(sent()).toHaveLength(2)
  })

  function mailsTo(address: string): string[] {
    const mails = join(api.environment.DATA_DIR ?? '', 'mail')
    return readdirSync(mails)
      .sort()
      .map((name) => readFileSync(join(mails, name), 'utf8'))
      .filter((mail) => new RegExp(`^To: .*${address}`, 'm').test(mail))
  }
})

describe('a subscription that was booked to end', () => {
  test('ends by itself within seconds of its instant, as the API shows', async () => {
    const own = await customer()
    const endsAt = second() + 3
    const subscription = stripeSubscriptionOf(api.url, own.apiKeyId)
    await subscription.updated(second() - 10, { cancelAt: endsAt })
    const shown = async () => {
      const query = '{ account { apiKeys { tier billingStatus subscription { endsAt } } } }'
      const { apiKeys } = dataOf<{ apiKeys: { tier: string; billingStatus: string }[] }>(
        await api.ask(query, { key: own.secret }),
        'account',
      )
      return apiKeys[0]
    }
    await vi.waitFor(async () => expect(await shown()).toMatchObject({ tier: 'starter' }), soon)
    expect(await shown()).toMatchObject({
      billingStatus: 'ACTIVE',
      subscription: { endsAt: new Date(endsAt * 1_000).toISOString().replace('.000', '') },
    })
    const ended = { tier: 'free', billingStatus: 'CANCELED' }
    await vi.waitFor(async () => expect(await shown()).toMatchObject(ended), soon)
    expect(Date.now() / 1_000).toBeGreaterThanOrEqual(endsAt)
    console.log(`ended ${Math.round(Date.now() - endsAt * 1_000)} ms after its instant`)
  })
})

describe('a cap on what is billed above the limit', () => {
  test('is exact, says so, and can be raised at once', async () => {
    const { apiKeyId, secret, bearer } = await customer()
    await administer(`mutation { setTier(apiKeyId: "${apiKeyId}", tier: "starter") { tier } }`)
    const cap = (units: number | null) =>
      api.ask(
        `mutation { setOverageCap(apiKeyId: "${apiKeyId}", units: ${units}) { overageCap } }`,
        {
          headers: bearer,
        },
      )
    const burst = async (calls: number) => {
      const answers = await Promise.all(Array.from({ length: calls }, () => call(secret)))
      return answers.filter(({ status }) => status === 200).length
    }
    expect(dataOf(await cap(0), 'setOverageCap')).toEqual({ overageCap: 0 })
    expect(await burst(15)).toBe(10)
    await cap(7)
    expect(await burst(15)).toBe(7)
    const refused = await call(secret)
    expect([refused.status, refused.errors?.[0]?.message]).toEqual([
      429,
      expect.stringMatching(
        /^This request does not fit into the 10 units of the plan and the overage cap of 7 units \(setOverageCap\) of this month, of which 17 are used\./,
      ),
    ])
    expect(refused.extensions?.usage).toMatchObject({ units: 0, used: 17, limit: 10, remaining: 0 })
    await cap(3)
    expect(await burst(5)).toBe(0)
    await cap(null)
    expect(await burst(5)).toBe(5)
  })
})
