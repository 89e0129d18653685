import slotOf from 'cluster-key-slot'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { type Topic, type TopicEntry, topicDatabaseKey } from '../../src/streams/topic.ts'
import { createTopicPublisher } from '../../src/streams/topic-publisher.ts'
import { startRedis, type TestServer } from '../servers.ts'

const topic: Topic = { name: 'things-that-happen' }
let server: TestServer
let redis: RedisClient
let another: RedisClient

beforeAll(async () => {
  server = await startRedis()
  ;[redis, another] = [connectRedis(server.url), connectRedis(server.url)]
})
beforeEach(() => vi.waitFor(() => redis.flushall()))
afterAll(async () => {
  redis.disconnect()
  another.disconnect()
  await server.stop()
})

/** A source of events 1 … count, which may grow. */
function source(count: number, say = (number: number) => `event ${number}`) {
  const made = { count }
  const after = (number: number, limit: number): TopicEntry[] =>
    Array.from({ length: Math.min(made.count - number, limit) }, (_one, index) => {
      const own = number + 1 + index
      return { number: own, event: say(own) }
    })
  return { made, newest: async () => made.count, after }
}

const publisher = (of: ReturnType<typeof source>, client = redis, databaseId = 'db-1') =>
  createTopicPublisher({ redis: client, topic, databaseId, source: of })

const stream = async () =>
  (await redis.xrange(topic.name, '-', '+')).map(([id, fields]) => [id, ...fields])
const numbers = async () => (await redis.xrange(topic.name, '-', '+')).map(([id]) => id)
const upTo = (count: number) => Array.from({ length: count }, (_one, index) => `${index + 1}-0`)

describe('a topic', () => {
  test('gets every event once, with its number as id, however often it is published', async () => {
    const of = source(3)
    const { publish } = publisher(of)
    expect([await publish(), await publish()]).toEqual([3, 0])
    of.made.count = 4
    expect(await publish()).toBe(1)
    expect(await stream()).toEqual(
      [1, 2, 3, 4].map((number) => [`${number}-0`, 'event', `event ${number}`]),
    )
  })

  test('of nothing is published without harm', async () => {
    expect(await publisher(source(0)).publish()).toBe(0)
    expect(await numbers()).toEqual([])
  })

  test('is filled by several at once without a gap and without doubles', async () => {
    const of = source(700)
    const [one, two] = [publisher(of), publisher(of, another)]
    const appended = await Promise.all([one.publish(), two.publish(), one.publish()])
    expect(appended.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(700)
    expect(await numbers()).toEqual(upTo(700))
  })

  test('is filled again when Redis was emptied, also in the midst of it', async () => {
    const of = source(500)
    let emptied = 0
    const emptying = {
      ...of,
      after(number: number, limit: number) {
        if (number === 200 && emptied++ === 0) void another.flushall()
        return of.after(number, limit)
      },
    }
    await publisher(of).publish()
    await redis.flushall()
    await publisher(emptying).publish()
    expect(emptied).toBe(2)
    expect(await numbers()).toEqual(upTo(500))
  })

  test('goes on after what Redis lost at its end', async () => {
    const of = source(5)
    await publisher(of).publish()
    await redis.del(topic.name)
    for (const number of [1, 2, 3]) await redis.xadd(topic.name, `${number}-0`, 'event', 'kept')
    expect(await publisher(of).publish()).toBe(2)
    expect((await stream()).map(([, , event]) => event)).toEqual([
      ...['kept', 'kept', 'kept'],
      ...['event 4', 'event 5'],
    ])
  })

  test('begins anew for another database, whose numbers mean something else', async () => {
    await publisher(source(9, () => 'of the first')).publish()
    await publisher(
      source(2, () => 'of the second'),
      redis,
      'db-2',
    ).publish()
    expect((await stream()).map(([, , event]) => event)).toEqual(['of the second', 'of the second'])
    expect(await redis.get(topicDatabaseKey(topic))).toBe('db-2')
  })

  test('begins anew when the database was set back to an earlier state', async () => {
    await publisher(source(9, () => 'lost')).publish()
    const of = source(4, () => 'restored')
    await publisher(of).publish()
    expect((await stream()).map(([, , event]) => event)).toEqual(Array(4).fill('restored'))
  })

  test('keeps trimmed what was trimmed', async () => {
    const of = source(5)
    await publisher(of).publish()
    await redis.xtrim(topic.name, 'MAXLEN', 0)
    of.made.count = 6
    expect(await publisher(of).publish()).toBe(1)
    expect(await numbers()).toEqual(['6-0'])
  })

  test('is not published while Redis is away, which its caller hears', async () => {
    const away = connectRedis('redis://127.0.0.1:1')
    await expect(publisher(source(1), away).publish()).rejects.toThrow()
    away.disconnect()
  })

  test('has both its keys on one node of a cluster', () => {
    expect(slotOf(topicDatabaseKey(topic))).toBe(slotOf(topic.name))
  })
})
