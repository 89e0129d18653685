import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { liveStream, partitionOf } from '../../src/rules/partition.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { usageCells } from '../../src/store/usage-cells.ts'
import { encodeLiveTotals, type LiveTotals, liveField } from '../../src/streams/live-messages.ts'
import { createLiveReader, type LiveReader } from '../../src/streams/live-reader.ts'
import type { LiveState } from '../../src/streams/live-state.ts'
import type { LiveSubscriber } from '../../src/streams/live-subscriber.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { plantKey, silent } from '../asked.ts'
import { liveTotals } from '../live-totals.ts'
import { plantUsage } from '../planted-usage.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'

let database: TestDatabase
let server: TestServer
/** The reader's connection, and one for what the roll-up would write. */
let redis: RedisClient
let writer: RedisClient
let registry: Registry
let reader: LiveReader
let version = 0
let now = 0

const own = { accountId: 'acc_a', apiKeyId: 'key_first' }

beforeAll(async () => {
  database = await testDatabase()
  server = await startRedis()
  redis = connectRedis(server.url)
  writer = connectRedis(server.url)
})
afterAll(async () => {
  redis.disconnect()
  writer.disconnect()
  await server.stop()
  await database.drop()
})

beforeEach(async () => {
  await vi.waitFor(() => writer.flushall(), { timeout: 10_000 })
  await database.db.dropDatabase()
  now = Date.parse('2026-11-22T12:30:00Z')
  version = 100
  registry = new Registry()
  reader = createLiveReader({ db: database.db, redis, clock: () => now, log: silent, registry })
  reader.start()
  await plantKey(database.db, 'key_first', 'acc_a')
  await plantKey(database.db, 'key_second', 'acc_a')
  await plantKey(database.db, 'key_foreign', 'acc_b')
})
afterEach(() => reader.stop())

/** One live message, as the partition's owner writes it after a commit. */
async function commit(...totals: LiveTotals[]): Promise<void> {
  version += 1
  const [first] = totals
  const stream = liveStream(partitionOf(first?.apiKeyId ?? ''))
  await writer.xadd(stream, `${version}-0`, liveField, encodeLiveTotals(totals))
}

interface Collected {
  subscriber: LiveSubscriber
  states: (LiveState & { at: number })[]
  totals(apiKeyId?: string): number[]
}

/** A consumer that takes everything at once. */
function collect(apiKeyId: string | null = null, accountId = 'acc_a'): Collected {
  const subscriber = reader.subscribe({ accountId, apiKeyId })
  const states: Collected['states'] = []
  void (async () => {
    for await (const state of subscriber) states.push({ ...state, at: performance.now() })
  })()
  const totals = (only = 'key_first') =>
    states.filter((one) => one.totals.apiKeyId === only).map((one) => one.totals.monthTotal)
  return { subscriber, states, totals }
}

async function gauge(): Promise<number> {
  const { values } = (await registry.getSingleMetric('getcomplical_live_subscribers')?.get()) ?? {}
  return values?.[0]?.value ?? Number.NaN
}

/** Settles once the reader has passed what was in the streams. */
async function settled(collected: Collected, total: number): Promise<void> {
  await vi.waitFor(() => expect(collected.totals().at(-1)).toBe(total), { timeout: 10_000 })
}

describe('from roll-up to subscribers', () => {
  test('a message reaches those who listen to its key or account, and nobody else', async () => {
    const [all, one] = [collect(), collect('key_first')]
    const [sibling, foreign] = [collect('key_second'), collect(null, 'acc_b')]
    await commit(liveTotals({ monthTotal: 3 }), liveTotals({ apiKeyId: 'key_x', monthTotal: 1 }))
    await settled(all, 3)
    await settled(one, 3)
    await commit(liveTotals({ apiKeyId: 'key_second', monthTotal: 8 }))
    await vi.waitFor(() => expect(sibling.totals('key_second')).toEqual([8]))
    await vi.waitFor(() => expect(all.totals('key_second')).toEqual([8]))
    expect(foreign.states).toEqual([])
    expect(all.states[0]).toMatchObject({ tier: 'free' })
  })

  test('of five hundred roll-ups within seconds at most ten a second arrive, the last one surely', async () => {
    const fast = collect()
    const began = performance.now()
    for (let total = 1; total <= 500; total++) await commit(liveTotals({ monthTotal: total }))
    await settled(fast, 500)
    const seconds = (performance.now() - began) / 1_000
    expect(fast.states.length).toBeLessThanOrEqual(seconds * 10 + 2)
    expect(fast.totals()).toEqual([...fast.totals()].sort((a, b) => a - b))
  })

  test('an older message after a newer one sends nothing', async () => {
    const one = collect()
    await commit(liveTotals({ monthTotal: 5 }))
    await settled(one, 5)
    await commit(liveTotals({ monthTotal: 4 }))
    await commit(liveTotals({ monthTotal: 6 }))
    await settled(one, 6)
    expect(one.totals()).toEqual([5, 6])
  })

  test('a new month begins below the old one, and the old one is over', async () => {
    const one = collect()
    const [november, december] = [now, Date.parse('2026-12-01T00:00:01Z')]
    await commit(liveTotals({ at: november, monthTotal: 900 }))
    await settled(one, 900)
    await commit(liveTotals({ at: december, monthTotal: 1 }))
    await settled(one, 1)
    await commit(liveTotals({ at: november, monthTotal: 901 }))
    await commit(liveTotals({ at: december, monthTotal: 2 }))
    await settled(one, 2)
    expect(one.totals()).toEqual([900, 1, 2])
  })

  test('what was written before the first subscription is not replayed beyond its last state', async () => {
    for (let total = 1; total <= 50; total++) await commit(liveTotals({ monthTotal: total }))
    const one = collect()
    await commit(liveTotals({ monthTotal: 51 }))
    await settled(one, 51)
    expect(one.totals().length).toBeLessThanOrEqual(2)
  })

  test('a key that is created while somebody listens is included', async () => {
    const one = collect()
    await commit(liveTotals({ monthTotal: 1 }))
    await settled(one, 1)
    await plantKey(database.db, 'key_new', 'acc_a', { tier: 'starter' })
    await commit(liveTotals({ apiKeyId: 'key_new', monthTotal: 4 }))
    await vi.waitFor(() => expect(one.totals('key_new')).toEqual([4]), { timeout: 5_000 })
    expect(one.states.at(-1)?.tier).toBe('starter')
  })

  test('a change of plan is known within seconds', async () => {
    const one = collect()
    await commit(liveTotals({ monthTotal: 1 }))
    await settled(one, 1)
    await apiKeys(database.db).updateOne({ _id: 'key_first' }, { $set: { tier: 'enterprise' } })
    let total = 1
    await vi.waitFor(
      async () => {
        total += 1
        await commit(liveTotals({ monthTotal: total }))
        await settled(one, total)
        expect(one.states.at(-1)?.tier).toBe('enterprise')
      },
      { timeout: 5_000, interval: 200 },
    )
  })

  test('a message that this release cannot read is passed over', async () => {
    const one = collect()
    await commit(liveTotals({ monthTotal: 1 }))
    await settled(one, 1)
    const stream = liveStream(partitionOf('key_first'))
    version += 1
    await writer.xadd(stream, `${version}-0`, liveField, Buffer.from([0xc1, 1, 2]))
    version += 1
    await writer.xadd(stream, `${version}-0`, 'other', 'field')
    await commit(liveTotals({ monthTotal: 2 }))
    await settled(one, 2)
  })
})

describe('slow consumers', () => {
  test('a thousand that never ask do not disturb one that does, and hold one state each', async () => {
    const slow = Array.from({ length: 1_000 }, () =>
      reader.subscribe({ accountId: 'acc_a', apiKeyId: null }),
    )
    const fast = collect()
    await commit(liveTotals({ monthTotal: 1 }))
    await settled(fast, 1)
    const delays: number[] = []
    for (let total = 2; total <= 40; total++) {
      const began = performance.now()
      await commit(liveTotals({ monthTotal: total }))
      await settled(fast, total)
      delays.push((fast.states.at(-1)?.at ?? 0) - began)
    }
    // The gap of 100 ms, a tick of 25 ms, and a busy test machine.
    expect(delays.sort((a, b) => a - b)[Math.floor(delays.length / 2)]).toBeLessThan(250)
    const held = await Promise.all(slow.map((subscriber) => subscriber.next()))
    expect(new Set(held.map(({ value }) => value?.totals.monthTotal))).toEqual(new Set([40]))
    expect(await gauge()).toBe(1_001)
    for (const subscriber of slow) await subscriber.return()
    expect(await gauge()).toBe(1)
  })
})

describe('leaving', () => {
  test('who leaves while parked is gone at once', async () => {
    const one = collect()
    expect(await gauge()).toBe(1)
    await one.subscriber.return()
    expect(await gauge()).toBe(0)
  })

  test('stopping the reader ends every subscription', async () => {
    const parked = reader.subscribe({ accountId: 'acc_a', apiKeyId: null }).next()
    await reader.stop()
    expect(await parked).toEqual({ done: true, value: undefined })
  })
})

describe('without Redis', () => {
  test('usage still moves from MongoDB, and from the streams again once Redis is back', async () => {
    const one = collect()
    await commit(liveTotals({ monthTotal: 1 }))
    await settled(one, 1)
    await server.kill('SIGKILL')
    await expect(redis.ping()).rejects.toThrow()
    await plantUsage(database.db, [{ ...own, at: now, units: 7 }])
    const began = performance.now()
    await settled(one, 7)
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(one.states.at(-1)?.totals).toMatchObject({ hourTotal: 7, dayTotal: 7, monthTotal: 7 })

    await server.start()
    await vi.waitFor(() => writer.ping(), { timeout: 10_000 })
    await vi.waitFor(() => redis.ping(), { timeout: 10_000 })
    // No cells for these: only the stream can bring them. A stale one first.
    await commit(liveTotals({ monthTotal: 6 }))
    await commit(liveTotals({ monthTotal: 20 }))
    await settled(one, 20)
    expect(one.totals()).toEqual([1, 7, 20])
  })

  test('a stream that lost its entries and begins with lower ids is followed again', async () => {
    const one = collect()
    version = 90_000
    await commit(liveTotals({ monthTotal: 1 }))
    await settled(one, 1)
    await writer.flushall()
    version = 5
    await commit(liveTotals({ monthTotal: 2 }))
    await settled(one, 2)
    await commit(liveTotals({ monthTotal: 3 }))
    await settled(one, 3)
  })

  test('a commit whose message never came is found in MongoDB', async () => {
    const one = collect()
    await plantUsage(database.db, [{ ...own, at: now, units: 2 }])
    await settled(one, 2)
    await plantUsage(database.db, [{ ...own, at: now, failed: 1, units: 0 }])
    await plantUsage(database.db, [{ ...own, at: now, units: 3 }])
    await settled(one, 5)
    expect((await usageCells(database.db).months.findOne({}))?.total).toBe(5)
  })
})
