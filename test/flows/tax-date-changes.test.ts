import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { readTaxDateChanges } from '../../src/store/tax-date-changes.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import {
  announceMutation,
  announcement,
  type ChangeListener,
  listenToChanges,
  listenToChangesOverSse,
} from '../announcing.ts'
import { type Answer, dataOf } from '../api.ts'
import { type ApiProcess, startApiProcess } from '../api-process.ts'
import { type Product, startProduct } from '../product.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'

const second = { timeout: 1_000, interval: 10 }
const seconds = { timeout: 15_000, interval: 50 }

let server: TestServer
let redis: RedisClient
let database: TestDatabase
let product: Product
let first: ApiProcess
let other: ApiProcess
let key: string
const listeners: ChangeListener[] = []
const extra: ApiProcess[] = []
let day = 0

beforeAll(async () => {
  ;[server, database] = await Promise.all([startRedis(), testDatabase()])
  redis = connectRedis(server.url)
  const settings = { REDIS_URL: server.url, MONGODB_URI: database.uri }
  product = await startProduct({ apis: 2, workers: 0 }, settings)
  const [one, two] = product.apis
  if (!one || !two) throw new Error('not started')
  ;[first, other] = [one, two]
  key = (await product.createKeys(1, 'enterprise'))[0]?.secret ?? ''
})
beforeEach(() => vi.waitFor(expectStreamComplete, seconds))
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.leave()
  for (const process_ of extra.splice(0)) process_.remove()
})
afterAll(async () => {
  redis.disconnect()
  await product.stop()
  await Promise.all([server.stop(), database.drop()])
})

async function post(
  { url }: ApiProcess,
  apiKey: string,
  body: { query: string; variables?: object },
): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
    body: JSON.stringify(body),
  })
  const answer = (await response.json()) as Omit<Answer, 'status' | 'headers'>
  return { ...answer, status: response.status, headers: response.headers }
}

interface Announced {
  id: string
  dueDate: string
  reason: string
}

/** Another day each time, so that each is news. */
async function announce(at: ApiProcess, changed: object = {}): Promise<Announced> {
  day = (day % 28) + 1
  const input = announcement({ dueDate: `2027-04-${String(day).padStart(2, '0')}`, ...changed })
  const admin = first.environment.ADMIN_API_KEY ?? ''
  const answer = await post(at, admin, { query: announceMutation, variables: { input } })
  return dataOf<Announced>(answer, 'announceTaxDateChange')
}

async function dueDate(at: ApiProcess, asKnownOn?: string): Promise<string | undefined> {
  const query = `query ($asKnownOn: Date) {
    taxDates(country: AU, from: "2027-01-01", to: "2027-12-31", obligationIds: ["au-bas-q-self"], asKnownOn: $asKnownOn) {
      edges { node { id dueDate } }
    }
  }`
  const answer = await post(at, key, { query, variables: { asKnownOn } })
  type Page = { edges: { node: { id: string; dueDate: string } }[] }
  const { edges } = dataOf<Page>(answer, 'taxDates')
  return edges.find(({ node }) => node.id === 'au-bas-q-self:2026-12-31')?.node.dueDate
}

/** A listener that has begun: it has received what was entered before. */
async function listening(
  listen: typeof listenToChanges,
  at: ApiProcess,
  after: string,
): Promise<ChangeListener> {
  const listener = listen(at.url, key, { after })
  listeners.push(listener)
  const newest = Number((await readTaxDateChanges(database.db, 0)).at(-1)?.id)
  await vi.waitFor(() => {
    expect(Number(listener.heard.at(-1)?.id ?? after)).toBeGreaterThanOrEqual(newest)
  }, seconds)
  return listener
}

const idsOf = ({ heard }: ChangeListener) => heard.map(({ id }) => Number(id))

async function expectStreamComplete(): Promise<void> {
  const held = await readTaxDateChanges(database.db, 0)
  const entries = await redis.xrange('tax-date-changes', '-', '+')
  expect(held.length).toBeGreaterThan(0)
  expect(entries.map(([id]) => id)).toEqual(held.map((_one, index) => `${index + 1}-0`))
  const events = entries.map(([, fields]) => JSON.parse(fields[1] ?? ''))
  expect(events.map(({ data }) => data.change.reason)).toEqual(held.map(({ reason }) => reason))
}

async function expectHeardAll(listener: ChangeListener): Promise<void> {
  const held = await readTaxDateChanges(database.db, 0)
  expect(idsOf(listener)).toEqual(held.map(({ id }) => Number(id)))
}

describe('a change that is announced to one process', () => {
  test('is told by the other within a second, over WebSocket and SSE, and answered there', async () => {
    const socket = await listening(listenToChanges, other, '0')
    const sse = await listening(listenToChangesOverSse, other, '0')
    const { id, dueDate: moved } = await announce(first)
    await vi.waitFor(() => {
      for (const { heard } of [socket, sse]) {
        expect(heard.at(-1)).toMatchObject({ id, taxDates: [{ dueDate: moved }] })
      }
    }, second)
    expect([await dueDate(first), await dueDate(other)]).toEqual([moved, moved])
    await expectHeardAll(socket)
    await expectHeardAll(sse)
  })

  test('is what the API says today; yesterday it said what the rules say', async () => {
    const { dueDate: moved } = await announce(first)
    const [today, yesterday] = [0, 86_400_000].map((ago) =>
      new Date(Date.now() - ago).toISOString().slice(0, 10),
    )
    expect(await dueDate(first, today)).toBe(moved)
    expect(await dueDate(first, yesterday)).toBe('2027-03-02')
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
    await expect(dueDate(first, tomorrow)).rejects.toThrow('BAD_USER_INPUT')
  })
})

describe('changes that come with the data', () => {
  test('are said from the day on which they came into it, and not before', async () => {
    const query = `query ($asKnownOn: Date) {
      taxDates(country: DE, from: "2024-01-01", to: "2024-12-31", obligationIds: ["de-jahr"], asKnownOn: $asKnownOn) {
        edges { node { dueDate shiftedBy changes { reason } } }
      }
    }`
    const answers = ['2026-11-21', '2026-11-22'].map(async (asKnownOn) => {
      const answer = await post(first, key, { query, variables: { asKnownOn } })
      type Node = { dueDate: string; changes: object[] }
      return dataOf<{ edges: { node: Node }[] }>(answer, 'taxDates').edges.map(({ node }) => [
        node.dueDate,
        node.changes.length,
      ])
    })
    expect(await Promise.all(answers)).toEqual([[['2024-07-31', 0]], [['2024-09-02', 1]]])
  })
})

describe('announced at two processes at once', () => {
  test('changes are numbered in one order, none is lost and none told twice', async () => {
    const sse = await listening(listenToChangesOverSse, first, '0')
    const before = idsOf(sse).length
    const writers = [first, other].flatMap((at, writer) =>
      [1, 2].map(async (lane) => {
        const own: Announced[] = []
        for (let n = 1; n <= 5; n++) {
          own.push(await announce(at, { reason: `writer ${writer}, lane ${lane}, number ${n}` }))
        }
        return own
      }),
    )
    const late = await listening(listenToChanges, other, String(before))
    const answered = (await Promise.all(writers)).flat()
    expect(answered.map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_one, index) => before + 1 + index),
    )
    await vi.waitFor(() => expectHeardAll(sse), second)
    await vi.waitFor(() => expect(idsOf(late)).toEqual(idsOf(sse).slice(before)), second)
    const byId = new Map(answered.map(({ id, reason }) => [id, reason]))
    expect(late.heard.map(({ id, reason }) => [id, reason])).toEqual(
      late.heard.map(({ id }) => [id, byId.get(id)]),
    )
    await vi.waitFor(expectStreamComplete, second)
  })
})

describe('when Redis', () => {
  test('was emptied, subscriptions go on, a replay is whole, and the stream is filled again', async () => {
    const socket = await listening(listenToChanges, other, '0')
    await redis.flushall()
    const { id } = await announce(first)
    await vi.waitFor(() => expect(socket.heard.at(-1)?.id).toBe(id), second)
    await expectHeardAll(await listening(listenToChangesOverSse, first, '0'))
    await vi.waitFor(expectStreamComplete, seconds)
    await redis.flushall()
    await vi.waitFor(expectStreamComplete, seconds)
    await expectHeardAll(socket)
  })

  test('is away, an announcement is taken and told within seconds, and the stream is whole when it is back', async () => {
    const socket = await listening(listenToChanges, other, '0')
    await server.kill('SIGKILL')
    try {
      const announced = await announce(first)
      expect(await dueDate(first)).toBe(announced.dueDate)
      await vi.waitFor(() => expect(socket.heard.at(-1)?.id).toBe(announced.id), {
        timeout: 5_000,
        interval: 20,
      })
    } finally {
      await server.start()
    }
    await vi.waitFor(expectStreamComplete, seconds)
    const { id } = await announce(other)
    await vi.waitFor(() => expect(socket.heard.at(-1)?.id).toBe(id), seconds)
    await expectHeardAll(socket)
  })
})

describe('an announcer that is killed', () => {
  test('between its commit and the stream loses nothing: another process publishes', async () => {
    const socket = await listening(listenToChanges, other, '0')
    // It reaches MongoDB and no Redis, so that it can commit and never publish.
    const { PORT: _, DATA_DIR: __, ...same }: Record<string, string> = first.environment
    const doomed = await startApiProcess({ ...same, REDIS_URL: 'redis://127.0.0.1:1' })
    extra.push(doomed)
    await doomed.ready()
    const { id } = await announce(doomed)
    doomed.child.kill('SIGKILL')
    await doomed.exit
    await vi.waitFor(() => expect(socket.heard.at(-1)?.id).toBe(id), seconds)
    await vi.waitFor(expectStreamComplete, seconds)
    await expectHeardAll(socket)
  })
})
