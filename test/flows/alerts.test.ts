import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { AlertDoc } from '../../src/store/alerts.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { type Answer, dataOf, metricOf } from '../api.ts'
import { audience, startIssuer, type TestIssuer } from '../callers/issuer.ts'
import { type CreatedKey, type Product, startProduct } from '../product.ts'
import { raise } from '../raised-alerts.ts'
import {
  type Credentials,
  listenOverSse,
  listenOverWebSocket,
  type RecordListener,
} from '../record-listeners.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'

const soon = { timeout: 2_000, interval: 10 }
const seconds = { timeout: 15_000, interval: 50 }

let issuer: TestIssuer
let server: TestServer
let redis: RedisClient
let database: TestDatabase
let product: Product
let first: string
let second: string
/** Two keys of one account, and another's. */
let [own, sibling, foreign]: CreatedKey[] = []
let bearer: { authorization: string }
const listeners: RecordListener[] = []

beforeAll(async () => {
  ;[issuer, server, database] = await Promise.all([startIssuer(), startRedis(), testDatabase()])
  redis = connectRedis(server.url)
  product = await startProduct(
    { apis: 2, workers: 0 },
    {
      ...{ REDIS_URL: server.url, MONGODB_URI: database.uri },
      ...{ OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: audience },
    },
  )
  ;[first, second] = product.apis.map(({ url }) => url) as [string, string]
  ;[own, sibling] = await product.createKeys(2, 'pro')
  ;[foreign] = await product.createKeys(1, 'pro')
  const { userId } = (await database.db.collection('accounts').findOne({
    _id: own?.accountId as never,
  })) as unknown as { userId: string }
  bearer = { authorization: `Bearer ${await issuer.token({ sub: userId })}` }
}, 120_000)
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.leave()
  await nobodyListens()
})
afterAll(async () => {
  redis.disconnect()
  await product.stop()
  await Promise.all([issuer.close(), server.stop(), database.drop()])
})

function raiseFor(key: CreatedKey | undefined, message: string): Promise<AlertDoc> {
  const { id: apiKeyId, accountId } = key as CreatedKey
  return raise(database.db, { apiKeyId, accountId }, { message })
}

const keyOf = (key: CreatedKey | undefined) => ({ apiKey: key?.secret ?? '' })

/** However they left, their subscriptions have ended. */
async function nobodyListens(): Promise<void> {
  await vi.waitFor(async () => {
    for (const { url } of product.apis) {
      expect(await metricOf(url, 'getcomplical_alert_subscribers')).toBe(0)
    }
  }, seconds)
}

/** Settles once it is fed: the subscription of a process counts it. */
async function listening(
  listen: typeof listenOverSse,
  url: string,
  credentials: Credentials,
  after?: string,
): Promise<RecordListener> {
  const subscribers = () => metricOf(url, 'getcomplical_alert_subscribers')
  const before = await subscribers()
  const listener = listen(url, credentials, after)
  listeners.push(listener)
  await vi.waitFor(async () => expect(await subscribers()).toBe(before + 1), seconds)
  return listener
}

const heardBy = ({ heard }: RecordListener) => heard.map(({ message }) => message)

async function ask(headers: Record<string, string>, query: string): Promise<Answer> {
  const response = await fetch(`${first}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  })
  const body = (await response.json()) as Omit<Answer, 'status' | 'headers'>
  return { ...body, status: response.status, headers: response.headers }
}

const codeOf = ({ errors }: Answer) => errors?.[0]?.extensions.code

describe('an alert', () => {
  test('is told by every process, over WebSocket and SSE, to its key and its account alone', async () => {
    const whole = [
      await listening(listenOverWebSocket, first, bearer),
      await listening(listenOverSse, second, bearer),
    ]
    const ofKey = [
      await listening(listenOverWebSocket, second, keyOf(own)),
      await listening(listenOverSse, first, keyOf(own)),
    ]
    const others = [await listening(listenOverSse, second, keyOf(foreign))]
    await raiseFor(own, 'one')
    await raiseFor(foreign, 'of another')
    await raiseFor(sibling, 'two')
    await vi.waitFor(() => {
      for (const listener of whole) expect(heardBy(listener)).toEqual(['one', 'two'])
      for (const listener of ofKey) expect(heardBy(listener)).toEqual(['one'])
      for (const listener of others) expect(heardBy(listener)).toEqual(['of another'])
    }, soon)
  })

  test('is told to who reconnects with the id of the last one, wherever that is, exactly once', async () => {
    const before = await listening(listenOverWebSocket, first, bearer)
    const seen = await raiseFor(own, 'seen')
    await vi.waitFor(() => expect(heardBy(before)).toEqual(['seen']), soon)
    await before.leave()
    await nobodyListens()
    const missed = ['missed 1', 'missed 2', 'missed 3']
    for (const message of missed) await raiseFor(sibling, message)
    const replays = [
      await listening(listenOverWebSocket, second, bearer, seen._id),
      await listening(listenOverSse, first, bearer, seen._id),
    ]
    const ofKey = await listening(listenOverSse, second, keyOf(own), seen._id)
    await raiseFor(own, 'live')
    await vi.waitFor(() => {
      for (const replay of replays) expect(heardBy(replay)).toEqual([...missed, 'live'])
      expect(heardBy(ofKey)).toEqual(['live'])
    }, soon)
  })

  test('is told while Redis is away, and afterwards; the topic is whole when it is back', async () => {
    const listener = await listening(listenOverSse, second, bearer)
    await raiseFor(own, 'before')
    await vi.waitFor(() => expect(heardBy(listener)).toEqual(['before']), soon)
    await server.kill('SIGKILL')
    await raiseFor(own, 'while away')
    await vi.waitFor(() => expect(heardBy(listener)).toEqual(['before', 'while away']), {
      timeout: 5_000,
      interval: 20,
    })
    await server.start()
    await raiseFor(own, 'after')
    await vi.waitFor(() => expect(heardBy(listener).at(-1)).toBe('after'), seconds)
    expect(heardBy(listener)).toHaveLength(3)
    const published = async () =>
      (await redis.xrange('customer-alerts', '-', '+')).map(([, [, event]]) =>
        JSON.parse(event ?? ''),
      )
    const raised = await database.db.collection('alerts').find().toArray()
    await vi.waitFor(async () => {
      const ids = (await published()).map(({ id }) => id)
      expect(ids.toSorted()).toEqual(raised.map(({ _id }) => String(_id)).toSorted())
    }, seconds)
  })

  test('is told no more to a key that is revoked', async () => {
    const [doomed] = await product.createKeys(1, 'pro')
    const listener = await listening(listenOverSse, first, keyOf(doomed))
    await product.administer(`mutation { revokeApiKey(id: "${doomed?.id}") { status } }`)
    await listener.ended
    expect(listener.codes).toEqual(['UNAUTHENTICATED'])
  })
})

describe('a subscription', () => {
  const unknown: [string, unknown][] = [
    ['that never was', 'nothing'],
    ['that is empty', ''],
    ['that is an operator', '{"$gt":""}'],
    ['that is a query', { $gt: '' }],
    ['of 20 kB', 'x'.repeat(20_000)],
    ['with a NUL', 'a\u0000b'],
  ]
  test.each(unknown)('after an id %s is refused, and is fed by nobody', async (_what, after) => {
    for (const listen of [listenOverWebSocket, listenOverSse]) {
      const listener = listen(first, bearer, after)
      await listener.ended
      expect([listener.codes, listener.heard]).toEqual([['BAD_USER_INPUT'], []])
    }
    expect(await metricOf(first, 'getcomplical_alert_subscribers')).toBe(0)
  })

  test('after another’s alert is refused in the same words', async () => {
    const { _id } = await raiseFor(foreign, 'of another')
    const ofSibling = await raiseFor(sibling, 'of a sibling')
    for (const [credentials, id] of [
      [bearer, _id],
      [keyOf(own), _id],
      [keyOf(own), ofSibling._id],
    ] as const) {
      const listener = listenOverSse(first, credentials, id)
      await listener.ended
      expect(listener.codes).toEqual(['BAD_USER_INPUT'])
    }
  })

  test('is not open to the admin key, nor to nobody', async () => {
    const admin = product.apis[0]?.environment.ADMIN_API_KEY ?? ''
    const refused = listenOverSse(first, { apiKey: admin })
    await refused.ended
    expect(refused.codes).toEqual(['FORBIDDEN'])
    const anonymous = await fetch(`${first}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { alertRaised { id } }' }),
    })
    expect([anonymous.status, await anonymous.text()]).toEqual([
      401,
      expect.stringContaining('"code":"UNAUTHENTICATED"'),
    ])
  })

  test('ends with the client that leaves', async () => {
    for (const listen of [listenOverWebSocket, listenOverSse]) {
      await (await listening(listen, second, bearer)).leave()
      await nobodyListens()
    }
  })
})

describe('acknowledging', () => {
  const mutation = (id: string) => `mutation { acknowledgeAlert(id: "${id}") { acknowledgedAt } }`

  test('is the owner’s and the admin’s to do, not a key’s', async () => {
    const { _id } = await raiseFor(own, 'to be seen to')
    const asKey = await ask({ 'x-api-key': own?.secret ?? '' }, mutation(_id))
    expect([asKey.status, codeOf(asKey)]).toEqual([403, 'FORBIDDEN'])
    const asOwner = await ask(bearer, mutation(_id))
    const asAdmin = await product.administer(mutation(_id))
    expect(dataOf(asAdmin, 'acknowledgeAlert')).toEqual(dataOf(asOwner, 'acknowledgeAlert'))
    const { _id: another } = await raiseFor(foreign, 'not theirs')
    expect(codeOf(await ask(bearer, mutation(another)))).toBe('NOT_FOUND')
    expect(codeOf(await ask(bearer, mutation(randomBytes(8).toString('hex'))))).toBe('NOT_FOUND')
  })

  test('costs no units, nor does reading', async () => {
    const answer = await ask(
      { 'x-api-key': own?.secret ?? '' },
      '{ alerts(first: 1) { totalCount edges { node { id } } } }',
    )
    expect(answer.extensions?.usage).toBeUndefined()
    expect(dataOf<{ totalCount: number }>(answer, 'alerts').totalCount).toBeGreaterThan(0)
  })
})
