import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFeedReads, type FeedReads, READS_AN_HOUR } from '../../src/streams/feed-reads.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { startRedis, type TestServer } from '../servers.ts'

const HOUR = 3_600_000

let server: TestServer
let redis: RedisClient
let clients: RedisClient[]
beforeAll(async () => {
  server = await startRedis()
  clients = [connectRedis(server.url), connectRedis(server.url)]
  redis = clients[0] as RedisClient
  await vi.waitFor(() => Promise.all(clients.map((client) => client.ping())))
})
afterAll(async () => {
  for (const client of clients) client.disconnect()
  await server.stop()
})

const never = () => Promise.reject(new Error('this clock is not to be asked')) as unknown as number

async function takeAll(reads: FeedReads, feedId: string, count: number): Promise<number[]> {
  const waits: number[] = []
  while (waits.length < count) waits.push(await reads.take(feedId))
  return waits
}

describe('reads of one feed, on Redis’ clock', () => {
  test('are sixty an hour, of all processes together, however many ask at once', async () => {
    const processes = clients.map((client) => createFeedReads(client, never))
    const waits = await Promise.all(
      Array.from({ length: 100 }, (_, at) => processes[at % 2]?.take('feed_all') ?? 0),
    )
    expect(waits.filter((wait) => wait === 0)).toHaveLength(READS_AN_HOUR)
    for (const wait of waits) if (wait > 0) expect(wait).toBeGreaterThan(HOUR - 60_000)
    expect(await processes[0]?.take('feed_other')).toBe(0)
  })

  test('come back one by one, an hour after each', async () => {
    const reads = createFeedReads(redis, never)
    const [seconds] = await redis.time()
    const now = Number(seconds) * 1_000
    // The oldest three were 59:50 to 60:10 ago, the others just now.
    const instants = [...Array<number>(57).fill(now), now - HOUR + 10_000, now - HOUR - 10_000]
    await redis.rpush('calendar-reads:feed_old', ...instants, now - HOUR - 20_000)
    expect(await takeAll(reads, 'feed_old', 2)).toEqual([0, 0])
    const wait = await reads.take('feed_old')
    expect(wait).toBeGreaterThan(5_000)
    expect(wait).toBeLessThanOrEqual(10_000)
    expect(await redis.llen('calendar-reads:feed_old')).toBe(READS_AN_HOUR)
  })

  test('leave nothing behind', async () => {
    await createFeedReads(redis, never).take('feed_once')
    const left = await redis.pttl('calendar-reads:feed_once')
    expect(left).toBeGreaterThan(HOUR - 60_000)
    expect(left).toBeLessThanOrEqual(HOUR)
  })

  test('wait an hour at most, also where the clock went back', async () => {
    const [seconds] = await redis.time()
    const ahead = Array<number>(READS_AN_HOUR).fill(Number(seconds) * 1_000 + 5 * HOUR)
    await redis.rpush('calendar-reads:feed_ahead', ...ahead)
    expect(await createFeedReads(redis, never).take('feed_ahead')).toBe(HOUR)
  })
})

test('while Redis is away each process counts alone, and forgets what is older than an hour', async () => {
  const away = connectRedis('redis://127.0.0.1:1')
  let now = Date.parse('2026-11-22T12:00:00Z')
  const reads = createFeedReads(away, () => now)
  expect(new Set(await takeAll(reads, 'feed_a', READS_AN_HOUR))).toEqual(new Set([0]))
  expect(await reads.take('feed_a')).toBe(HOUR)
  expect(await reads.take('feed_b')).toBe(0)
  now += HOUR - 1
  expect(await reads.take('feed_a')).toBe(1)
  now += 1
  expect(await takeAll(reads, 'feed_a', 1)).toEqual([0])
  away.disconnect()
})
