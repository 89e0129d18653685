import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { newFeedToken } from '../../src/callers/calendar-feed-token.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { calendarFeeds } from '../../src/store/calendar-feeds.ts'
import { connectRedis } from '../../src/streams/redis.ts'
import { type Answer, dataOf } from '../api.ts'
import { type CreatedKey, type Product, startProduct } from '../product.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'
import { calendarOf, parsedFeed } from './parsed-feed.ts'

let redis: TestServer
let database: TestDatabase
let product: Product
let key: CreatedKey

beforeAll(async () => {
  ;[redis, database] = await Promise.all([startRedis(), testDatabase()])
  const servers = { REDIS_URL: redis.url, MONGODB_URI: database.uri }
  const settings = { ...servers, PUBLIC_URL: 'https://tax.example.com', LOG_LEVEL: 'trace' }
  product = await startProduct({ apis: 2, workers: 0 }, settings)
  ;[key] = (await product.createKeys(1, 'pro')) as [CreatedKey]
})
afterAll(async () => {
  await product.stop()
  await Promise.all([redis.stop(), database.drop()])
})

interface Feed {
  id: string
  token: string
  url: string
}

async function createFeed(input: Record<string, unknown> = {}): Promise<Feed> {
  const answer = await product.administer(
    `mutation($input: CreateCalendarFeedInput!) {
      createCalendarFeed(input: $input) { url token feed { id } }
    }`,
    { input: { apiKeyId: key.id, name: 'Dates', countries: ['GB'], ...input } },
  )
  type Created = { url: string; token: string; feed: { id: string } }
  const { feed, ...shown } = dataOf<Created>(answer, 'createCalendarFeed')
  return { ...shown, ...feed }
}

/** From one of the two processes. */
function read(file: string, at = 0, init: RequestInit = {}): Promise<Response> {
  return fetch(`${product.apis[at]?.url}/calendar/${file}`, init)
}

describe('a feed', () => {
  test('is made for a key, and read from any process without more than its address', async () => {
    const name = 'Dates, all; "mine" \\ é'
    const { url, token } = await createFeed({ name, countries: ['AU', 'GB'] })
    expect(token).toMatch(/^gc_cal_[0-9A-Za-z]{49}$/)
    expect(url).toBe(`https://tax.example.com/calendar/${token}.ics`)
    const responses = await Promise.all([read(`${token}.ics`, 0), read(`${token}.ics`, 1)])
    const bodies = await Promise.all(responses.map((response) => response.text()))
    expect(bodies[0]).toBe(bodies[1])
    for (const { status, headers } of responses) {
      expect(status).toBe(200)
      expect(headers.get('content-type')).toBe('text/calendar; charset=utf-8')
      expect(headers.get('content-disposition')).toBe('inline; filename="tax-dates.ics"')
      expect(headers.get('cache-control')).toBe('private, no-cache')
      expect(headers.get('etag')).toBe(responses[0]?.headers.get('etag'))
      expect(headers.get('ratelimit')).toBeNull()
    }
    const events = [...parsedFeed(bodies[0] ?? '').values()]
    expect(new Set(events.map(({ categories }) => categories[1]))).toEqual(new Set(['AU', 'GB']))
    expect(calendarOf(bodies[0] ?? '')).toMatchObject({ name, 'WR-CALNAME': name })
  })

  test('shows what was chosen', async () => {
    const chosen = { categories: ['VAT_GST'], taxpayers: ['COMPANY'], actions: ['FILE_AND_PAY'] }
    const { token } = await createFeed({ countries: ['AU'], regions: ['AU-VIC'], ...chosen })
    const events = [...parsedFeed(await (await read(`${token}.ics`)).text()).values()]
    expect(events.length).toBeGreaterThan(5)
    for (const { summary, categories } of events) {
      expect(categories).toEqual(['VAT_GST', 'AU'])
      expect(summary).toMatch(/, file and pay$/)
    }
  })

  test('that has not changed is 304 without a body, whatever list of tags it stands in', async () => {
    const { token } = await createFeed()
    const first = await read(`${token}.ics`)
    const etag = first.headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]+"$/)
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, `"a,b" , W/${etag},"z"`, '*']) {
      const response = await read(`${token}.ics`, 1, { headers: { 'if-none-match': tag } })
      expect([response.status, await response.text()]).toEqual([304, ''])
      expect(response.headers.get('etag')).toBe(etag)
      expect(response.headers.get('content-length')).toBeNull()
    }
    for (const tag of ['"other"', etag.slice(1, -1), '', '"*"']) {
      const response = await read(`${token}.ics`, 0, { headers: { 'if-none-match': tag } })
      expect([tag, response.status]).toEqual([tag, 200])
    }
  })

  test('answers HEAD like GET, and no other method', async () => {
    const { token } = await createFeed()
    const got = await read(`${token}.ics`)
    const head = await read(`${token}.ics`, 0, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const length = String(Buffer.byteLength(await got.text()))
    expect(head.headers.get('content-length')).toBe(length)
    expect(head.headers.get('etag')).toBe(got.headers.get('etag'))
    for (const method of ['POST', 'PUT', 'DELETE', 'PROPFIND']) {
      const response = await read(`${token}.ics`, 0, { method })
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET'])
      expect(await response.text()).not.toContain(token)
    }
  })

  test('costs no units', async () => {
    const { token } = await createFeed()
    const used = async () => {
      const response = await fetch(`${product.apis[0]?.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': key.secret },
        body: '{"query":"{ countries { code } }"}',
      })
      return ((await response.json()) as Answer).extensions?.usage?.used
    }
    expect(await used()).toBe(1)
    expect((await read(`${token}.ics`)).status).toBe(200)
    expect(await used()).toBe(2)
  })
})

describe('what is no feed’s address', () => {
  test('is not found, and said without repeating it', async () => {
    const { token } = await createFeed()
    const files = [
      ...[`${token}`, `${token}.ICS`, `${token}.ics.ics`, ` ${token}.ics`, `${token}/x.ics`],
      ...[`${token.slice(0, -1)}0.ics`, `${token.toLowerCase()}.ics`, `${token}%00.ics`],
      ...[`${token}%0d%0a.ics`, '.ics', '%2e%2e%2f.ics', '%ff.ics', 'x.ics', '$gt.ics'],
      ...[`${newFeedToken((size) => new Uint8Array(size))}.ics`, `${key.secret}.ics`],
      `${'x'.repeat(8_000)}.ics`,
    ]
    for (const file of files) {
      const response = await read(file)
      const body = await response.text()
      expect([file, response.status]).toEqual([file, 404])
      expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
      expect(JSON.parse(body)).toMatchObject({ code: 'NOT_FOUND', status: 404 })
      expect(body).not.toContain(token.slice(8, 40))
    }
    const long = await read(`${'x'.repeat(100_000)}.ics`)
    expect(long.status).toBe(431)
    expect((await read(`${token}%2Eics`)).status).toBe(200)
  })

  test('nor that of a revoked feed, in any process, within a second', async () => {
    const { id, token } = await createFeed()
    const statuses = () =>
      Promise.all([0, 1].map(async (at) => (await read(`${token}.ics`, at)).status))
    expect(await statuses()).toEqual([200, 200])
    await product.administer('mutation($id: ID!) { revokeCalendarFeed(id: $id) { id } }', { id })
    expect(await statuses()).toEqual([404, 404])
  })

  test('nor that of a revoked key; a blocked one is told', async () => {
    const [other] = (await product.createKeys(1, 'pro')) as [CreatedKey]
    const { token } = await createFeed({ apiKeyId: other.id })
    const blocked = (blockedBecause: string | null) =>
      apiKeys(database.db).updateOne({ _id: other.id }, { $set: { blockedBecause } })
    const answer = async () => {
      const response = await read(`${token}.ics`, 1)
      return [response.status, response.ok ? '' : ((await response.json()) as Problem).code]
    }
    expect(await answer()).toEqual([200, ''])
    await blocked('payment overdue')
    expect(await answer()).toEqual([403, 'KEY_BLOCKED'])
    await blocked(null)
    expect(await answer()).toEqual([200, ''])
    await product.administer('mutation($id: ID!) { revokeApiKey(id: $id) { id } }', {
      id: other.id,
    })
    expect(await answer()).toEqual([404, 'NOT_FOUND'])
  })
})

interface Problem {
  code: string
}

test('sixty reads an hour are answered over all processes, 304 and HEAD among them', async () => {
  const { token } = await createFeed()
  const { token: another } = await createFeed()
  const statuses: number[] = []
  for (let count = 0; count < 60; count += 1) {
    const init = { method: count % 3 ? 'GET' : 'HEAD', headers: { 'if-none-match': '*' } }
    statuses.push((await read(`${token}.ics`, count % 2, init)).status)
  }
  expect(new Set(statuses)).toEqual(new Set([304]))
  for (const at of [0, 1]) {
    const refused = await read(`${token}.ics`, at)
    expect(refused.status).toBe(429)
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(3_500)
    expect(wait).toBeLessThanOrEqual(3_600)
    expect(await refused.json()).toMatchObject({ code: 'RATE_LIMITED' })
  }
  expect((await read(`${another}.ics`)).status).toBe(200)
})

test('no token is in the database, in Redis or in a log', async () => {
  const { id, token } = await createFeed()
  await read(`${token}.ics`)
  await read(`${token}.ics`, 0, { method: 'POST' })
  await read(`${token}x.ics`)
  const lines = () => product.apis.map((api) => api.log()).join('')
  await vi.waitFor(() => expect(lines()).toContain('/calendar/:file'))
  const stored: string[] = []
  for (const { name } of await database.db.listCollections().toArray()) {
    stored.push(JSON.stringify(await database.db.collection(name).find().toArray()))
  }
  const client = connectRedis(redis.url)
  await vi.waitFor(async () => stored.push(JSON.stringify(await client.keys('*'))))
  client.disconnect()
  expect(stored.at(-1)).toContain(`calendar-reads:${id}`)
  const hidden = token.slice(8, -4)
  for (const text of [lines(), ...stored]) expect(text.includes(hidden)).toBe(false)
  expect(await calendarFeeds(database.db).findOne({ _id: id })).toMatchObject({
    tokenHash: expect.stringMatching(/^[\w-]{43}$/),
    lastFour: token.slice(-4),
  })
})
