import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { DAY } from '../../src/rules/calendar-time.ts'
import { alerts } from '../../src/store/alerts.ts'
import { connectDatabase, type Database } from '../../src/store/database.ts'
import { deployment } from '../../src/store/deployment.ts'
import { alertTopic } from '../../src/streams/alert-topic.ts'
import { createRecordPublisher, type RecordPublisher } from '../../src/streams/record-publisher.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { plantKey, silent } from '../asked.ts'
import { raise } from '../raised-alerts.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'

const own = { accountId: 'acc_a', apiKeyId: 'key_a' }
const foreign = { accountId: 'acc_b', apiKeyId: 'key_b' }
const soon = { timeout: 10_000, interval: 20 }

let server: TestServer
let redis: RedisClient
let database: TestDatabase
let others: Database[]
let now: number
const publishers: RecordPublisher[] = []

beforeAll(async () => {
  ;[server, database] = await Promise.all([startRedis(), testDatabase()])
  redis = connectRedis(server.url)
  others = await Promise.all([1, 2, 3].map(() => connectDatabase({ uri: database.uri })))
})
beforeEach(async () => {
  await vi.waitFor(() => redis.flushall())
  await database.db.dropDatabase()
  now = Date.now()
  await plantKey(database.db, 'key_a', 'acc_a')
  await plantKey(database.db, 'key_b', 'acc_b')
})
afterEach(async () => {
  for (const publisher of publishers.splice(0)) await publisher.stop()
})
afterAll(async () => {
  redis.disconnect()
  await Promise.all(others.map((other) => other.close()))
  await server.stop()
  await database.drop()
})

async function publisher(db = database.db, client = redis): Promise<RecordPublisher> {
  const registry = new Registry()
  const made = createRecordPublisher(alertTopic, {
    db,
    redis: client,
    clock: () => now,
    log: silent,
    registry,
  })
  publishers.push(made)
  await made.start()
  return made
}

const entries = () => redis.xrange('customer-alerts', '-', '+')
const events = async () => (await entries()).map(([, fields]) => JSON.parse(fields[1] ?? ''))
const messages = async () => (await events()).map(({ data }) => data.message)
const upTo = (count: number) => Array.from({ length: count }, (_one, index) => `${index + 1}-0`)

describe('the topic customer-alerts', () => {
  test('tells an alert in CloudEvents, with the id that it has in the API', async () => {
    const { publish } = await publisher()
    const alert = await raise(database.db, own, { level: 'CRITICAL', percent: 95, used: 951 })
    publish()
    await vi.waitFor(async () => expect(await entries()).toHaveLength(1), soon)
    const { databaseId } = (await deployment(database.db).findOne({})) ?? {}
    expect(await events()).toEqual([
      {
        ...{ specversion: '1.0', type: 'com.getcomplical.alert.raised.v1', id: alert._id },
        source: `/databases/${databaseId}/customer-alerts`,
        ...{ time: alert.raisedAt.toISOString(), subject: 'key_a' },
        datacontenttype: 'application/json',
        data: {
          ...{ ...own, sequence: 1, level: 'CRITICAL', month: alert.month, used: 951 },
          ...{ monthlyLimit: 1_000, percent: 95, message: alert.message },
          ...{ raisedAt: alert.raisedAt.toISOString(), muted: false },
        },
      },
    ])
    expect((await entries())[0]?.[1][0]).toBe('event')
  })

  test('tells what is muted, and nothing of levels that were passed', async () => {
    await plantKey(database.db, 'key_quiet', 'acc_a', { alertsEnabled: false })
    await publisher()
    const passed = [{ _id: 'key_quiet:passed', level: 'WARNING', percent: 80 }] as const
    await raise(database.db, { ...own, apiKeyId: 'key_quiet' }, {}, { passed })
    await raise(database.db, own)
    await vi.waitFor(async () => expect(await entries()).toHaveLength(2), soon)
    expect((await events()).map(({ data }) => data.muted)).toEqual([true, false])
    expect(await alerts(database.db).findOne({ _id: 'key_quiet:passed' })).not.toHaveProperty(
      'topicNumber',
    )
  })

  test('finds what was raised by a process that died before it could publish', async () => {
    const early = await raise(database.db, own)
    await publisher()
    await vi.waitFor(async () => expect(await messages()).toEqual([early.message]), soon)
    const late = await raise(database.db, foreign)
    await vi.waitFor(
      async () => expect(await messages()).toEqual([early.message, late.message]),
      soon,
    )
  })

  test('is filled by several processes at once, each alert once and numbered without a gap', async () => {
    const all = await Promise.all(others.map(({ db }) => publisher(db)))
    const count = 230
    const raising = others.map(async ({ db }, at) => {
      const key = { accountId: `acc_${at}`, apiKeyId: `key_${at}` }
      await plantKey(db, key.apiKeyId, key.accountId)
      for (let n = at; n < count; n += others.length) {
        await raise(db, key, { message: `number ${n}` })
        if (n % 7 === 0) all[(at + n) % all.length]?.publish()
      }
    })
    await Promise.all(raising)
    await vi.waitFor(async () => expect(await entries()).toHaveLength(count), soon)
    expect((await entries()).map(([id]) => id)).toEqual(upTo(count))
    const told = await messages()
    expect(new Set(told).size).toBe(count)
    expect(await alerts(database.db).countDocuments({ unpublishedSince: { $ne: null } })).toBe(0)
  })

  test('is filled again when Redis was emptied, and when it lost the end', async () => {
    await publisher()
    for (let n = 1; n <= 5; n++) await raise(database.db, own, { message: `number ${n}` })
    await vi.waitFor(async () => expect(await entries()).toHaveLength(5), soon)
    const before = await events()
    await redis.flushall()
    await vi.waitFor(async () => expect(await events()).toEqual(before), soon)
    await redis.del('customer-alerts')
    await redis.xadd('customer-alerts', '1-0', 'event', JSON.stringify(before[0]))
    await vi.waitFor(async () => expect(await events()).toEqual(before), soon)
  })

  test('keeps 30 days, also when it is filled again', async () => {
    const old = { now: now - 31 * DAY }
    for (let n = 1; n <= 3; n++) await raise(database.db, own, { message: `old ${n}` }, old)
    await raise(database.db, own, { message: 'new' })
    await publisher()
    await vi.waitFor(async () => expect(await messages()).toEqual(['new']), soon)
    expect((await entries()).map(([id]) => id)).toEqual(['4-0'])
    now += 29 * DAY
    await raise(database.db, own, { message: 'newer' }, { now })
    await vi.waitFor(async () => expect(await messages()).toEqual(['new', 'newer']), soon)
    now += 2 * DAY
    await vi.waitFor(async () => expect(await messages()).toEqual(['newer']), soon)
    await redis.flushall()
    await vi.waitFor(async () => expect(await messages()).toEqual(['newer']), soon)
  })

  test('waits for a Redis that is away, and is whole when it is back', async () => {
    const { publish } = await publisher()
    const first = await raise(database.db, own)
    await vi.waitFor(async () => expect(await messages()).toEqual([first.message]), soon)
    await server.kill('SIGKILL')
    const meanwhile = await raise(database.db, own)
    publish()
    await server.start()
    await vi.waitFor(
      async () => expect(await messages()).toEqual([first.message, meanwhile.message]),
      soon,
    )
  })

  test('begins anew for another database', async () => {
    const gone = await publisher()
    await raise(database.db, own, { message: 'of the first' })
    await vi.waitFor(async () => expect(await messages()).toEqual(['of the first']), soon)
    await gone.stop()
    await database.db.dropDatabase()
    await plantKey(database.db, 'key_a', 'acc_a')
    await raise(database.db, own, { message: 'of the second' })
    await publisher()
    await vi.waitFor(async () => expect(await messages()).toEqual(['of the second']), soon)
  })
})
