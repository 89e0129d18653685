import { Registry } from 'prom-client'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest'
import { type AlertDoc, createAlertIndexes } from '../../src/store/alerts.ts'
import { alertTopic } from '../../src/streams/alert-topic.ts'
import { createRecordReader, type RecordReader } from '../../src/streams/record-reader.ts'
import type { RecordSubscriber } from '../../src/streams/record-subscriber.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { plantKey, silent } from '../asked.ts'
import { connectThrough } from '../callers/seeded-callers.ts'
import { raise } from '../raised-alerts.ts'
import {
  startMongod,
  startRedis,
  type TestDatabase,
  type TestServer,
  testDatabase,
} from '../servers.ts'

const own = { accountId: 'acc_a', apiKeyId: 'key_a' }
const sibling = { accountId: 'acc_a', apiKeyId: 'key_a2' }
const foreign = { accountId: 'acc_b', apiKeyId: 'key_b' }
const account = { accountId: 'acc_a', apiKeyId: null }
const soon = { timeout: 5_000, interval: 10 }

let server: TestServer
let redis: RedisClient
let database: TestDatabase
let registry: Registry
let reader: RecordReader<AlertDoc>

beforeAll(async () => {
  ;[server, database] = await Promise.all([startRedis(), testDatabase()])
  redis = connectRedis(server.url)
})
beforeEach(async () => {
  await vi.waitFor(() => redis.flushall())
  await database.db.dropDatabase()
  await createAlertIndexes(database.db)
  for (const key of [own, sibling, foreign])
    await plantKey(database.db, key.apiKeyId, key.accountId)
  registry = new Registry()
  reader = createRecordReader(alertTopic, { db: database.db, redis, log: silent, registry })
  reader.start()
})
afterEach(() => reader.stop())
afterAll(async () => {
  redis.disconnect()
  await server.stop()
  await database.drop()
})

/** Takes all that comes from now on, as fast as it comes. */
function listen(subscriber: RecordSubscriber<AlertDoc>): string[] {
  const heard: string[] = []
  void (async () => {
    for await (const { message } of subscriber) heard.push(message)
  })()
  return heard
}

async function take(subscriber: RecordSubscriber<AlertDoc>): Promise<string | undefined> {
  return (await subscriber.next()).value?.message
}

async function raiseMany(count: number, key = own): Promise<AlertDoc[]> {
  const raised: AlertDoc[] = []
  while (raised.length < count) {
    raised.push(await raise(database.db, key, { message: `number ${raised.length + 1}` }))
  }
  return raised
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_one, index) => `number ${from + index}`)
const subscribers = async () =>
  (await registry.getSingleMetric('getcomplical_alert_subscribers')?.get())?.values[0]?.value

describe('a subscription to alerts', () => {
  test('without a place to begin tells what comes, and nothing from before', async () => {
    await raiseMany(3)
    const heard = listen(await reader.subscribe(account, null))
    await raise(database.db, own, { message: 'one' })
    await raise(database.db, sibling, { message: 'two' })
    await raise(database.db, foreign, { message: 'of another' })
    await vi.waitFor(() => expect(heard).toEqual(['one', 'two']), soon)
  })

  test('begins with what was raised since, in the order of the account, and goes on live', async () => {
    const [, second] = await raiseMany(5)
    const heard = listen(await reader.subscribe(account, second?._id ?? ''))
    await vi.waitFor(() => expect(heard).toEqual(numbers(3, 5)), soon)
    await raise(database.db, own, { message: 'live' })
    await vi.waitFor(() => expect(heard).toEqual([...numbers(3, 5), 'live']), soon)
  })

  test('of one key tells that key alone', async () => {
    const first = await raise(database.db, own, { message: 'one' })
    await raise(database.db, sibling, { message: 'of its sibling' })
    const heard = listen(await reader.subscribe(own, first._id))
    await raise(database.db, own, { message: 'two' })
    await raise(database.db, sibling, { message: 'of its sibling again' })
    await raise(database.db, own, { message: 'three' })
    await vi.waitFor(() => expect(heard).toEqual(['two', 'three']), soon)
  })

  test('never tells of levels that were passed', async () => {
    const heard = listen(await reader.subscribe(account, null))
    const passed = [{ _id: 'passed', level: 'WARNING', percent: 80 }] as const
    const jumped = { level: 'EXCEEDED', message: 'jumped' } as const
    const first = await raise(database.db, own, jumped, { passed })
    const replayed = listen(await reader.subscribe(account, first._id))
    await raise(database.db, own, { message: 'after it' }, { passed: [{ ...passed[0], _id: 'b' }] })
    await vi.waitFor(() => expect(heard).toEqual(['jumped', 'after it']), soon)
    await vi.waitFor(() => expect(replayed).toEqual(['after it']), soon)
  })

  test('comes from as far as it likes: what is beyond the memory is read, each once', async () => {
    const live = listen(await reader.subscribe(account, null))
    const all = await raiseMany(250)
    const far = listen(await reader.subscribe(account, all[0]?._id ?? ''))
    const key = listen(await reader.subscribe(own, all[9]?._id ?? ''))
    await vi.waitFor(() => expect(live).toEqual(numbers(1, 250)), soon)
    await vi.waitFor(() => expect(far).toEqual(numbers(2, 250)), soon)
    await vi.waitFor(() => expect(key).toEqual(numbers(11, 250)), soon)
  })

  test('may be slow: meanwhile it holds no queue, and then misses none', async () => {
    const slow = await reader.subscribe(account, null)
    const quick = listen(await reader.subscribe(account, null))
    const first = take(slow)
    await raiseMany(230)
    expect(await first).toBe('number 1')
    await vi.waitFor(() => expect(quick).toHaveLength(230), soon)
    const rest: (string | undefined)[] = []
    while (rest.length < 229) rest.push(await take(slow))
    expect(rest).toEqual(numbers(2, 230))
  })

  test('answers who asks for several at once one after the other', async () => {
    const subscriber = await reader.subscribe(account, null)
    const asked = [take(subscriber), take(subscriber), take(subscriber)]
    await raiseMany(2)
    expect(await Promise.all(asked.slice(0, 2))).toEqual(numbers(1, 2))
    await subscriber.return()
    expect(await asked[2]).toBeUndefined()
  })

  test('tells each once when many raise at the same time', async () => {
    const heard = listen(await reader.subscribe(account, null))
    const raised = await Promise.all(
      Array.from({ length: 40 }, (_one, n) => raise(database.db, n % 2 === 0 ? own : sibling)),
    )
    const inOrder = raised.sort((a, b) => a.sequence - b.sequence).map(({ message }) => message)
    await vi.waitFor(() => expect(heard).toHaveLength(40), soon)
    expect(heard).toEqual(inOrder)
  })

  test.each([
    ['that never was', account, 'nothing'],
    ['of another account', account, 'foreign'],
    ['of a sibling, to an API key', own, 'sibling'],
    ['that is a mark', account, 'mark'],
    ['that is an operator', account, '{"$gt":""}'],
  ])('is refused after an alert %s', async (_what, scope, id) => {
    const passed = [{ _id: 'mark', level: 'WARNING', percent: 80 }] as const
    await raise(database.db, own, { level: 'EXCEEDED' }, { passed })
    await raise(database.db, foreign, { _id: 'foreign' })
    await raise(database.db, sibling, { _id: 'sibling' })
    await expect(reader.subscribe(scope, id)).rejects.toThrow('after: there is no such alert')
    expect(await subscribers()).toBe(0)
  })

  test('ends for who leaves while nothing happens, and with the process', async () => {
    const [leaving, staying] = [
      await reader.subscribe(account, null),
      await reader.subscribe(own, null),
    ]
    const waits = [leaving.next(), staying.next()]
    expect(await subscribers()).toBe(2)
    await leaving.return()
    expect(await waits[0]).toEqual({ done: true, value: undefined })
    expect(await subscribers()).toBe(1)
    await reader.stop()
    expect(await waits[1]).toEqual({ done: true, value: undefined })
    expect(await staying.next()).toEqual({ done: true, value: undefined })
    expect(await subscribers()).toBe(0)
  })
})

describe('what wakes subscriptions', () => {
  test('is the end of the topic, long before MongoDB is asked by itself', async () => {
    const heard = listen(await reader.subscribe(account, null))
    const took: number[] = []
    for (let n = 1; n <= 5; n++) {
      const alert = await raise(database.db, own, { message: `number ${n}` })
      const at = performance.now()
      await redis.xadd(alertTopic.topic.name, `${n}-0`, 'event', JSON.stringify({ id: alert._id }))
      await vi.waitFor(() => expect(heard).toHaveLength(n), { timeout: 5_000, interval: 2 })
      took.push(performance.now() - at)
    }
    expect(took.sort((a, b) => a - b)[2]).toBeLessThan(400)
    expect(heard).toEqual(numbers(1, 5))
  })

  test('without Redis is MongoDB itself, every second', async () => {
    const away = connectRedis('redis://127.0.0.1:1')
    const own_ = { db: database.db, redis: away, log: silent, registry: new Registry() }
    const alone = createRecordReader(alertTopic, own_)
    onTestFinished(async () => {
      await alone.stop()
      away.disconnect()
    })
    alone.start()
    const heard = listen(await alone.subscribe(account, null))
    await raiseMany(3)
    await vi.waitFor(() => expect(heard).toEqual(numbers(1, 3)), { timeout: 2_500, interval: 10 })
  })

  test('outlasts a MongoDB that is away: a replay goes on where it stood', async () => {
    const mongod = await startMongod()
    const db = await connectThrough(mongod.url)
    const log = Object.assign(Object.create(silent), { warn: vi.fn() })
    const patient = createRecordReader(alertTopic, { db, redis, log, registry: new Registry() })
    onTestFinished(async () => {
      await patient.stop()
      await mongod.stop()
    })
    await createAlertIndexes(db)
    await plantKey(db, 'key_a', 'acc_a')
    const all: AlertDoc[] = []
    while (all.length < 210) all.push(await raise(db, own, { message: `number ${all.length + 1}` }))
    patient.start()
    const subscriber = await patient.subscribe(account, all[0]?._id ?? '')
    const heard = [await take(subscriber)]
    await mongod.kill()
    const rest = listen(subscriber)
    await vi.waitFor(() => expect(log.warn).toHaveBeenCalledOnce(), soon)
    expect(rest).toHaveLength(99)
    await mongod.start()
    await vi.waitFor(() => expect([...heard, ...rest]).toEqual(numbers(2, 210)), {
      timeout: 20_000,
    })
    await raise(db, own, { message: 'number 211' })
    await vi.waitFor(() => expect(rest.at(-1)).toBe('number 211'), { timeout: 20_000 })
  })
})
