import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { AnnouncedChange } from '../../src/rules/tax/tax-date-change.ts'
import { createTaxHistory, type GrowingTaxHistory } from '../../src/rules/tax/tax-history.ts'
import { loadTaxData } from '../../src/store/tax-data.ts'
import { readTaxDateChanges } from '../../src/store/tax-date-changes.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { createTaxDateChanges, type TaxDateChanges } from '../../src/streams/tax-date-changes.ts'
import { taxDateTopic } from '../../src/streams/tax-date-topic.ts'
import { silent } from '../asked.ts'
import { change } from '../rules/tax/announced.ts'
import { shippedDirectory } from '../rules/tax/shipped-data.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'

const data = loadTaxData(shippedDirectory)
const shipped = [...data.countries.values()].flatMap(({ shippedChanges }) => shippedChanges).length
const soon = { timeout: 1_000, interval: 10 }
const fromMongo = { timeout: 5_000, interval: 20 }

/** What one API process has of it. */
interface Process {
  history: GrowingTaxHistory
  changes: TaxDateChanges
  redis: RedisClient
  stop(): Promise<void>
}

let database: TestDatabase
let server: TestServer
let redis: RedisClient
let now = 0
let started: Process[] = []

beforeAll(async () => {
  ;[database, server] = await Promise.all([testDatabase(), startRedis()])
  redis = connectRedis(server.url)
})
beforeEach(async () => {
  await vi.waitFor(() => redis.flushall())
  await database.db.dropDatabase()
  now = Date.parse('2026-12-01T12:00:00Z')
})
afterEach(async () => {
  for (const one of started) await one.stop()
  started = []
})
afterAll(async () => {
  redis.disconnect()
  await Promise.all([server.stop(), database.drop()])
})

async function start(redisUrl = server.url): Promise<Process> {
  const clock = () => now
  const own = connectRedis(redisUrl)
  const history = createTaxHistory(data, clock)
  const registry = new Registry()
  const options = { db: database.db, redis: own, history, clock, log: silent, registry }
  const changes = createTaxDateChanges(options)
  await changes.start()
  const stop = async () => {
    await changes.stop()
    own.disconnect()
  }
  const process_ = { history, changes, redis: own, stop }
  started.push(process_)
  return process_
}

const away = () => start('redis://127.0.0.1:1')

function announced(dueDate: string, reason = 'announced for the test'): AnnouncedChange {
  const period = { obligationId: 'au-bas-q-self', periodEnd: '2026-12-31' }
  const { id: _, enteredAt: __, ...rest } = change({ ...period, effect: 'MOVED', dueDate, reason })
  return rest
}

/** Everything that a subscriber received so far. */
async function listen({ changes }: Process, after: number | null = null) {
  const subscriber = await changes.subscribe(() => true, after)
  const heard: number[] = []
  const done = (async () => {
    for await (const { id } of subscriber) heard.push(Number(id))
  })()
  return { heard, done, leave: () => subscriber.return() }
}

const upTo = (count: number) => Array.from({ length: count }, (_one, index) => index + 1)

async function published() {
  const entries = await redis.xrange(taxDateTopic.name, '-', '+')
  return entries.map(([id, fields]) => ({ id, event: JSON.parse(fields[1] ?? '') }))
}

async function expectAllPublished(): Promise<void> {
  const held = await readTaxDateChanges(database.db, 0)
  const found = await published()
  expect(found.map(({ id }) => id)).toEqual(held.map(({ id }) => `${id}-0`))
  expect(found.map(({ event }) => event.data.change.reason)).toEqual(held.map((one) => one.reason))
}

describe('a change that one process enters', () => {
  test('is in force there at once, and elsewhere within a second', async () => {
    const [here, there] = [await start(), await start()]
    const { heard } = await listen(there)
    const entered = await here.changes.announce(announced('2027-03-15'), 'admin')
    expect(entered).toMatchObject({ id: String(shipped + 1), enteredAt: now })
    expect(here.history.datesOf(entered)[0]?.dueDate).toBe('2027-03-15')
    await vi.waitFor(() => expect(heard).toEqual([shipped + 1]), soon)
    expect(there.history.datesOf(entered)[0]?.dueDate).toBe('2027-03-15')
  })

  test('reaches a process without Redis from MongoDB', async () => {
    const [here, there] = [await start(), await away()]
    const { heard } = await listen(there)
    await here.changes.announce(announced('2027-03-15'), 'admin')
    await vi.waitFor(() => expect(heard).toEqual([shipped + 1]), fromMongo)
  })

  test('that died before it published, is published by another', async () => {
    const there = await start()
    const { heard } = await listen(there)
    const here = await away()
    await here.changes.announce(announced('2027-03-15'), 'admin')
    await here.stop()
    await vi.waitFor(expectAllPublished, fromMongo)
    expect(heard).toEqual([shipped + 1])
  })

  test('is refused when another has just entered the same, though this one has not heard of it', async () => {
    const [here, there] = [await away(), await away()]
    const same = announced('2027-03-15')
    const both = [here, there].map(({ changes }) => changes.announce(same, 'admin'))
    const outcomes = await Promise.allSettled(both)
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const refused = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    expect(refused.reason.message).toContain(`change ${shipped + 1} says the same`)
  })

  test('waits for those that were asked for before it, instead of conflicting with them', async () => {
    const here = await start()
    const asked = upTo(20).map((index) =>
      here.changes.announce(announced('2027-03-15', `reason ${index}`), 'admin'),
    )
    const ids = (await Promise.all(asked)).map(({ id }) => Number(id))
    expect(ids).toEqual(upTo(20).map((index) => shipped + index))
  })

  test('is known by its day ever after', async () => {
    const here = await start()
    await here.changes.announce(announced('2027-03-15'), 'admin')
    now += 86_400_000
    const later = await here.changes.announce(announced('2027-03-16'), 'admin')
    const dueOn = (day: string) =>
      [...(here.history.asKnownOn(day).countries.get('AU')?.datesByYear.get(2027) ?? [])].find(
        ({ taxDate }) => taxDate.id === here.history.datesOf(later)[0]?.id,
      )?.taxDate.dueDate
    expect(['2026-11-30', '2026-12-01', '2026-12-02'].map(dueOn)).toEqual([
      ...['2027-03-02', '2027-03-15', '2027-03-16'],
    ])
  })
})

describe('the stream', () => {
  test('holds CloudEvents with the change, and its dates before and after', async () => {
    const here = await start()
    await here.changes.announce(announced('2027-03-15'), 'admin')
    await vi.waitFor(expectAllPublished, soon)
    const { event } = (await published()).at(-1) ?? { event: null }
    expect(event).toMatchObject({
      specversion: '1.0',
      id: String(shipped + 1),
      source: expect.stringMatching(/^\/databases\/[0-9a-f-]{36}\/tax-date-changes$/),
      type: 'com.getcomplical.tax-date.changed.v1',
      time: '2026-12-01T12:00:00.000Z',
      subject: 'au-bas-q-self:2026-12-31',
      datacontenttype: 'application/json',
      data: {
        change: {
          ...{ id: String(shipped + 1), country: 'AU', effect: 'MOVED', dueDate: '2027-03-15' },
          source: { name: 'a notice', url: 'https://example.org/notice', readOn: '2026-11-22' },
          enteredAt: '2026-12-01T12:00:00.000Z',
        },
        before: [{ id: 'au-bas-q-self:2026-12-31', dueDate: '2027-03-02' }],
        after: [{ id: 'au-bas-q-self:2026-12-31', dueDate: '2027-03-15', region: null }],
      },
    })
  })

  test('is whole again after Redis was emptied, and goes on', async () => {
    const [here, there] = [await start(), await start()]
    const { heard } = await listen(there)
    await here.changes.announce(announced('2027-03-15'), 'admin')
    await vi.waitFor(expectAllPublished, soon)
    await redis.flushall()
    await vi.waitFor(expectAllPublished, fromMongo)
    await redis.flushall()
    await here.changes.announce(announced('2027-03-16'), 'admin')
    await vi.waitFor(() => expect(heard).toEqual([shipped + 1, shipped + 2]), soon)
    await vi.waitFor(expectAllPublished, fromMongo)
  })

  test('of another database is replaced, though its ids are far ahead', async () => {
    await redis.set('topic-database:{tax-date-changes}', 'another')
    await redis.xadd(taxDateTopic.name, '9000-0', 'event', '{}')
    const [here, there] = [await start(), await start()]
    const { heard } = await listen(there)
    await here.changes.announce(announced('2027-03-15'), 'admin')
    await vi.waitFor(() => expect(heard).toEqual([shipped + 1]), soon)
    await vi.waitFor(expectAllPublished, soon)
  })
})

describe('a subscription', () => {
  test('gets everything since an id and then what comes, each once and in order', async () => {
    const processes = [await start(), await start()]
    const [here, there] = processes
    if (!here || !there) throw new Error('not started')
    const listeners: Awaited<ReturnType<typeof listen>>[] = []
    const announcing = processes.map(async ({ changes }, writer) => {
      for (const n of upTo(15)) {
        await changes.announce(announced('2027-03-15', `${writer}:${n}`), 'admin')
        if (n % 5 === 0) {
          listeners.push(await listen(here, 0), await listen(there, shipped))
        }
      }
    })
    await Promise.all(announcing)
    const all = upTo(shipped + 30)
    await vi.waitFor(() => {
      for (const { heard } of listeners) expect(heard.length).toBeGreaterThanOrEqual(30)
      for (const { heard } of listeners) expect(heard).toEqual(all.slice(-heard.length))
      expect(listeners.map(({ heard }) => heard.length).sort((a, b) => a - b)).toEqual([
        ...Array(6).fill(30),
        ...Array(6).fill(shipped + 30),
      ])
    }, soon)
    await vi.waitFor(expectAllPublished, soon)
  })

  test('after the newest waits; after what is not there yet is refused', async () => {
    const here = await start()
    const { heard } = await listen(here, shipped)
    expect(heard).toEqual([])
    await expect(listen(here, shipped + 1)).rejects.toThrow(`the newest change is ${shipped}`)
  })

  test('after an id that another process has told of, which this one has not read', async () => {
    const [here, there] = [await away(), await away()]
    await here.changes.announce(announced('2027-03-15'), 'admin')
    const { heard } = await listen(there, shipped + 1)
    await here.changes.announce(announced('2027-03-16'), 'admin')
    await vi.waitFor(() => expect(heard).toEqual([shipped + 2]), fromMongo)
  })

  test('ends when the process stops', async () => {
    const here = await start()
    const { done } = await listen(here)
    await here.stop()
    await done
  })
})
