import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { metricOf } from '../api.ts'
import { plan } from '../asked.ts'
import { headerOf, type MailServer, startMailServer } from '../outgoing/receivers.ts'
import { type CreatedKey, type Product, startProduct } from '../product.ts'
import { listenOverSse, listenOverWebSocket, type RecordListener } from '../record-listeners.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'

let server: TestServer
let redis: RedisClient
let database: TestDatabase
let product: Product
let post: MailServer
const listeners: RecordListener[] = []

beforeAll(async () => {
  ;[server, database, post] = await Promise.all([startRedis(), testDatabase(), startMailServer()])
  redis = connectRedis(server.url)
  const plansFile = join(server.dataDir, 'plans.json')
  writeFileSync(plansFile, JSON.stringify({ plans: [plan('free', 1_000), plan('tiny', 20)] }))
  product = await startProduct(
    { apis: 2, workers: 1 },
    {
      ...{ REDIS_URL: server.url, MONGODB_URI: database.uri, PLANS_FILE: plansFile },
      SMTP_URL: `smtp://127.0.0.1:${post.port}`,
    },
  )
}, 120_000)
afterAll(async () => {
  for (const listener of listeners) await listener.leave()
  redis.disconnect()
  await product.stop()
  await Promise.all([server.stop(), database.drop(), post.stop()])
})

/** Two units a call. */
async function call({ secret }: CreatedKey, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    const response = await fetch(`${product.apis[0]?.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': secret },
      body: JSON.stringify({ query: '{ a: countries { code } b: countries { code } }' }),
    })
    expect(response.status).toBe(200)
  }
}

test('calls that cross a limit are told to every subscriber and to the topic within seconds, once', async () => {
  const [key] = (await product.createKeys(1, 'tiny')) as [CreatedKey]
  const [first, second] = product.apis.map(({ url }) => url) as [string, string]
  const one = listenOverWebSocket(first, { apiKey: key.secret })
  const two = listenOverSse(second, { apiKey: key.secret })
  listeners.push(one, two)
  for (const url of [first, second]) {
    await vi.waitFor(async () => {
      expect(await metricOf(url, 'getcomplical_alert_subscribers')).toBe(1)
    }, 5_000)
  }
  const published = async () =>
    (await redis.xrange('customer-alerts', '-', '+')).map(([, [, event]]) =>
      JSON.parse(event ?? ''),
    )
  const took: number[] = []
  for (const [calls, count] of [
    [8, 1],
    [2, 2],
  ] as const) {
    await call(key, calls)
    const at = performance.now()
    await vi.waitFor(
      () => {
        for (const { heard } of [one, two]) expect(heard).toHaveLength(count)
      },
      { timeout: 10_000, interval: 10 },
    )
    took.push(Math.round(performance.now() - at))
  }
  console.log(`the last answer to an alert at every subscriber: ${took.join(' and ')} ms`)
  await vi.waitFor(async () => expect(await published()).toHaveLength(2), 5_000)
  const events = await published()
  expect(
    events.map(({ data }) => [data.level, data.used, data.monthlyLimit, data.apiKeyId]),
  ).toEqual([
    ['WARNING', 16, 20, key.id],
    ['EXCEEDED', 20, 20, key.id],
  ])
  for (const { heard } of [one, two]) {
    expect(heard.map(({ id, message }) => ({ id, message }))).toEqual(
      events.map(({ id, data }) => ({ id, message: data.message })),
    )
  }
})

/** Enough for one in a hundred to be one of them. */
const KEYS = 100

test('keys that cross a limit are told to their owners by mail within ten seconds, each once', async () => {
  const accounts = await Promise.all(
    Array.from({ length: 20 }, () => product.createKeys(5, 'tiny')),
  )
  const keys = accounts.flat()
  const crossed = new Map<string, number>()
  await Promise.all(
    keys.map(async (key) => {
      await call(key, 8)
      crossed.set(key.id, Date.now())
    }),
  )
  const mails = () =>
    post.mails.flatMap((mail) => {
      const [, id = ''] = /<(key_\w+)%3A/.exec(headerOf(mail, 'message-id') ?? '') ?? []
      const at = crossed.get(id)
      return at === undefined
        ? []
        : [{ id, took: mail.at - at, subject: headerOf(mail, 'subject') }]
    })
  await vi.waitFor(() => expect(mails().length).toBeGreaterThanOrEqual(KEYS), 15_000)
  expect(mails().map(({ id }) => id)).toHaveLength(KEYS)
  expect(new Set(mails().map(({ id }) => id)).size).toBe(KEYS)
  for (const { subject } of mails()) expect(subject).toMatch(/^gc_live_\w{4}: 80%/)
  const took = mails().map((mail) => mail.took)
  took.sort((a, b) => a - b)
  const at = (share: number) => took[Math.ceil(share * KEYS) - 1] ?? Number.NaN
  console.log(`the last answer to its mail, ${KEYS} keys: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`)
  expect(at(0.99)).toBeLessThan(10_000)
}, 90_000)
