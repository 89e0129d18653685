import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { type AlertListener, listenOverSse, listenOverWebSocket } from '../alert-listeners.ts'
import { metricOf } from '../api.ts'
import { plan } from '../asked.ts'
import { headerOf, type MailServer, startMailServer } from '../outgoing/receivers.ts'
import { type CreatedKey, type Product, startProduct } from '../product.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'

let server: TestServer
let redis: RedisClient
let database: TestDatabase
let product: Product
let post: MailServer
const listeners: AlertListener[] = []

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

test('keys that cross a limit are told to their owners by mail within ten seconds, each once', async () => {
  const accounts = await Promise.all(Array.from({ length: 5 }, () => product.createKeys(5, 'tiny')))
  const keys = accounts.flat()
  const mailsOf = ({ secret }: CreatedKey) =>
    post.mails.filter((mail) => headerOf(mail, 'subject')?.includes(secret.slice(0, 12)))
  const took = await Promise.all(
    keys.map(async (key) => {
      await call(key, 8)
      const at = Date.now()
      await vi.waitFor(() => expect(mailsOf(key)).toHaveLength(1), 10_000)
      return (mailsOf(key)[0]?.at ?? 0) - at
    }),
  )
  took.sort((a, b) => a - b)
  console.log(`the last answer to its mail: median ${took[12]} ms, slowest of 25 ${took.at(-1)} ms`)
  for (const key of keys) {
    const [mail, ...others] = mailsOf(key)
    expect(others).toEqual([])
    expect(mail && headerOf(mail, 'subject')).toMatch(/80 ?%/)
  }
}, 60_000)
