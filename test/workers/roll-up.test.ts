import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLog } from '../../src/log.ts'
import { DAY, HOUR, startOfHour } from '../../src/rules/calendar-time.ts'
import {
  liveDatabaseKey,
  liveStream,
  partitionCount,
  partitionOf,
  usageStream,
} from '../../src/rules/partition.ts'
import { deployment } from '../../src/store/deployment.ts'
import { partitions } from '../../src/store/partitions.ts'
import { producers } from '../../src/store/producers.ts'
import { DAYS_LIVE_MS, HOURS_LIVE_MS, usageCells } from '../../src/store/usage-cells.ts'
import { decodeLiveTotals, type LiveTotals } from '../../src/streams/live-messages.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { createTableWriter, encodeBlob } from '../../src/streams/usage-codec.ts'
import type { UsageEvent } from '../../src/streams/usage-event.ts'
import { createRollUp, type RollUp } from '../../src/workers/roll-up-usage/roll-up.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'

let server: TestServer
let database: TestDatabase
let redis: RedisClient
const running: RollUp[] = []

beforeAll(async () => {
  server = await startRedis()
  redis = connectRedis(server.url)
  await new Promise((done) => redis.once('ready', done))
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})
beforeEach(async () => {
  await redis.flushall()
  database = await testDatabase()
  await register('p1')
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((rollUp) => rollUp.stop()))
  await database.drop()
})

const register = (_id: string) =>
  producers(database.db).insertOne({ _id, host: 'here', at: new Date(), seenAt: new Date() })

interface Running {
  rollUp: RollUp
  registry: Registry
  totals: LiveTotals[]
}

async function start(clock: () => number = Date.now): Promise<Running> {
  const registry = new Registry()
  const totals: LiveTotals[] = []
  const rollUp = createRollUp({
    ...{ db: database.db, redis, clock, registry, log: createLog('silent', 'test') },
    onCommitted: (committed) => totals.push(...committed),
  })
  await rollUp.start()
  running.push(rollUp)
  return { rollUp, registry, totals }
}

const key = 'key_1'
const p = partitionOf(key)

function event(change: Partial<UsageEvent> = {}): UsageEvent {
  return {
    ...{ apiKeyId: key, accountId: 'acc_1', tier: 'pro', at: Date.now() },
    ...{ endpoint: 'taxDates', units: 1, failed: 0, ...change },
  }
}

/** One blob: the frames from + 1 … to, each with these events. */
async function send(from: number, to: number, events: UsageEvent[], producer = 'p1', id = '*') {
  const writer = createTableWriter(events[0]?.at ?? 0)
  const frames = Array.from({ length: to - from }, (_, i) => {
    const flat: number[] = []
    for (const one of events) writer.add(flat, one)
    return { n: from + i + 1, events: flat }
  })
  const blob = encodeBlob({ producer, from, to, ...writer.table, frames })
  return redis.xadd(usageStream(p), id, 'b', blob)
}

const soon = { timeout: 8_000, interval: 20 }

async function month(): Promise<number> {
  const cell = await usageCells(database.db).months.findOne({ apiKeyId: key })
  return cell?.total ?? 0
}

async function metric(registry: Registry, name: string): Promise<number> {
  const found = await registry.getSingleMetric(`getcomplical_rollup_${name}`)?.get()
  return (found?.values ?? []).reduce((sum, { value }) => sum + value, 0)
}

/** Until everything sent so far has been read past. */
async function readThrough(id: string | null): Promise<void> {
  await expect
    .poll(async () => (await partitions(database.db).findOne({ _id: p }))?.pos, soon)
    .toBe(id)
}

describe('cells', () => {
  test('hold units, failures and endpoints of an hour, its day and its month, and who they are of', async () => {
    const at = Date.now()
    await send(0, 1, [
      event({ at, units: 2 }),
      event({ at, endpoint: 'countries', failed: 1 }),
      event({ at, endpoint: 'obligations', units: 0, failed: 3 }),
    ])
    await start()
    await expect.poll(month, soon).toBe(3)
    const { hours, days, months } = usageCells(database.db)
    const shared = { apiKeyId: key, accountId: 'acc_1', tier: 'pro', total: 3, failed: 4 }
    const endpoints = { taxDates: 2, countries: 1 }
    const iso = new Date(at).toISOString()
    expect(await hours.find().toArray()).toEqual([
      {
        ...{ ...shared, endpoints, _id: `${key}:${iso.slice(0, 13)}` },
        ...{ at: new Date(startOfHour(at)), expiresAt: new Date(startOfHour(at) + HOURS_LIVE_MS) },
      },
    ])
    const day = new Date(iso.slice(0, 10))
    expect(await days.find().toArray()).toEqual([
      {
        ...{ ...shared, endpoints, _id: `${key}:${iso.slice(0, 10)}` },
        ...{ at: day, expiresAt: new Date(day.getTime() + DAYS_LIVE_MS) },
      },
    ])
    expect(await months.find().toArray()).toEqual([
      { ...shared, endpoints, _id: `${key}:${iso.slice(0, 7)}`, at: new Date(iso.slice(0, 7)) },
    ])
  })

  test('are those of the event’s own time at the edge of a month, and take the newest tier', async () => {
    const edge = Date.UTC(2026, 9, 1)
    await send(0, 1, [
      event({ at: edge, tier: 'enterprise' }),
      event({ at: edge - 1, tier: 'free' }),
      event({ at: edge + DAY, tier: 'starter' }),
    ])
    await start(() => edge + DAY)
    await expect.poll(month, soon).toBeGreaterThan(0)
    const cells = await usageCells(database.db).months.find().sort({ _id: 1 }).toArray()
    expect(cells.map(({ _id, total, tier }) => [_id, total, tier])).toEqual([
      [`${key}:2026-09`, 1, 'free'],
      [`${key}:2026-10`, 2, 'starter'],
    ])
  })

  test('an expired hour is not brought back by a late event; its day and month are written', async () => {
    const at = Date.now() - 100 * DAY
    await send(0, 1, [event({ at })])
    await start()
    await expect.poll(month, soon).toBe(1)
    const { hours, days } = usageCells(database.db)
    expect(await hours.countDocuments()).toBe(0)
    expect((await days.findOne())?.expiresAt?.getTime()).toBeLessThan(at + DAYS_LIVE_MS + 1)
  })

  test('an endpoint that could not be a field name does not hold up its partition', async () => {
    await send(0, 1, [
      event({ endpoint: 'a.b' }),
      event({ endpoint: '$c' }),
      event({ endpoint: '' }),
    ])
    await start()
    await expect.poll(month, soon).toBe(3)
    const cell = await usageCells(database.db).months.findOne()
    expect(cell?.endpoints).toEqual({ a_b: 1, _c: 1, _: 1 })
  })
})

describe('the watermark', () => {
  test('counts a frame once, however often and in whatever cuts it arrives', async () => {
    await start()
    await send(0, 3, [event()])
    await send(0, 3, [event()])
    await send(0, 5, [event()])
    await send(3, 5, [event()])
    await readThrough(await send(2, 6, [event()]))
    expect(await month()).toBe(6)
  })

  test('a blob after a gap is passed over and not counted; what comes for it later is', async () => {
    const { registry } = await start()
    await send(0, 1, [event()])
    await readThrough(await send(2, 4, [event()]))
    expect(await month()).toBe(1)
    expect(await metric(registry, 'gaps_total')).toBe(1)
    const stored = await partitions(database.db)
      .find({ gaps: { $gt: 0 } })
      .toArray()
    expect(stored.map(({ gaps }) => gaps)).toEqual([1])
    await readThrough(await send(1, 4, [event()]))
    expect(await month()).toBe(4)
  })

  test('ignores a producer that is not registered, and one that was pruned', async () => {
    const { registry } = await start()
    await send(0, 1, [event()])
    await readThrough(await send(0, 7, [event()], 'stranger'))
    expect(await month()).toBe(1)
    expect(await metric(registry, 'unknown_producer_blobs_total')).toBe(1)
    await producers(database.db).deleteMany()
    const wm = async () => (await partitions(database.db).findOne({ _id: p }))?.wm
    await expect.poll(wm, { timeout: 15_000 }).toEqual({})
    await readThrough(await send(0, 1, [event()]))
    expect(await month()).toBe(1)
  }, 30_000)

  test('passes over what it cannot read, and goes on', async () => {
    const { registry } = await start()
    await redis.xadd(usageStream(p), '*', 'b', Buffer.from([0xc1, 1, 2]))
    await redis.xadd(usageStream(p), '*', 'other', 'x')
    await readThrough(await send(0, 1, [event()]))
    expect(await month()).toBe(1)
    expect(await metric(registry, 'undecodable_blobs_total')).toBe(2)
  })
})

describe('the stream', () => {
  test('holds nothing that is committed, and remembers its last id all the same', async () => {
    const { registry } = await start()
    await send(0, 1, [event()])
    await readThrough(await send(1, 2, [event()]))
    await expect.poll(() => redis.xlen(usageStream(p)), soon).toBe(0)
    await readThrough(await send(2, 3, [event()]))
    expect(await month()).toBe(3)
    expect(await metric(registry, 'stream_regressions_total')).toBe(0)
  })

  test('that was emptied and begins again below the position is read from its start', async () => {
    const { registry } = await start()
    await readThrough(await send(0, 1, [event()], 'p1', '9999999999999-5'))
    await redis.flushall()
    await readThrough(await send(0, 2, [event()]))
    expect(await month()).toBe(2)
    expect(await metric(registry, 'stream_regressions_total')).toBeGreaterThan(0)
  })

  test('larger than one read is counted whole', async () => {
    for (let n = 0; n < 1_200; n++) void send(n, n + 1, [event()])
    await start()
    await expect.poll(month, soon).toBe(1_200)
  })
})

describe('live totals', () => {
  async function live(): Promise<{ id: string; totals: LiveTotals[] }[]> {
    const found = await redis.xrangeBuffer(liveStream(p), '-', '+')
    return found.map(([id, [, message = Buffer.alloc(0)]]) => ({
      id: id.toString(),
      totals: decodeLiveTotals(message) ?? [],
    }))
  }

  test('follow each commit, under its version, with what MongoDB holds, to the hook and the stream', async () => {
    const { totals } = await start()
    await readThrough(await send(0, 2, [event({ units: 2, failed: 1 })]))
    await readThrough(await send(2, 3, [event({ endpoint: 'countries' })]))
    const last = totals.at(-1)
    expect(last).toMatchObject({ apiKeyId: key, accountId: 'acc_1' })
    expect(last).toMatchObject({ hourTotal: 5, dayTotal: 5, monthTotal: 5, hourFailed: 2 })
    await expect.poll(async () => (await live()).at(-1)?.totals, soon).toEqual([last])
    const { version } = (await partitions(database.db).findOne({ _id: p })) ?? {}
    expect((await live()).at(-1)?.id).toBe(`${version}-0`)
  })

  test('of another worker go on where the first one stopped', async () => {
    const first = await start()
    await readThrough(await send(0, 3, [event()]))
    await first.rollUp.stop()
    const second = await start()
    await readThrough(await send(3, 4, [event()]))
    expect(second.totals.at(-1)).toMatchObject({ hourTotal: 4, dayTotal: 4, monthTotal: 4 })
  })

  test('of a late event show the current hour, not the old one', async () => {
    const { totals } = await start()
    await readThrough(await send(0, 1, [event({ at: Date.now() - 60 * DAY })]))
    const last = totals.at(-1)
    expect(last).toMatchObject({ hourTotal: 0, monthTotal: 0 })
    expect(Date.now() - (last?.at ?? 0)).toBeLessThan(5_000)
    await readThrough(await send(1, 2, [event({ at: Date.now() + HOUR })]))
    expect(totals.at(-1)).toMatchObject({ hourTotal: 1, hour: startOfHour(Date.now() + HOUR) })
  })

  test('begin anew when the stream is numbered by another database', async () => {
    await redis.xadd(liveStream(p), '999999-0', 'b', 'old')
    await redis.set(liveDatabaseKey(p), 'another')
    await start()
    await send(0, 1, [event()])
    await expect.poll(async () => (await live()).at(-1)?.totals[0]?.monthTotal, soon).toBe(1)
    expect((await live()).map(({ id }) => id)).not.toContain('999999-0')
  })
})

describe('partitions', () => {
  const shares = async () => {
    const docs = await partitions(database.db)
      .find({ owner: { $ne: null } })
      .toArray()
    const byOwner = Map.groupBy(docs, ({ owner }) => owner)
    return [...byOwner.values()].map(({ length }) => length).sort((a, b) => a - b)
  }

  test('spread evenly when workers come, and go at once to the others when one stops', async () => {
    const first = await start()
    await expect.poll(shares, soon).toEqual([partitionCount])
    await start()
    await expect.poll(shares, soon).toEqual([8, 8])
    await start()
    await expect.poll(shares, soon).toEqual([4, 6, 6])
    await first.rollUp.stop()
    await expect.poll(shares, { timeout: 2_000, interval: 20 }).toEqual([8, 8])
  }, 30_000)

  test('are counted up to the last event before a stop', async () => {
    const { rollUp } = await start()
    await expect.poll(shares, soon).toEqual([partitionCount])
    await send(0, 5, [event()])
    await rollUp.stop()
    expect(await month()).toBe(5)
    expect(await shares()).toEqual([])
    const doc = await partitions(database.db).findOne({ _id: p })
    expect(doc?.lsid).toBeUndefined()
  })

  test('of a database with another number of them stop the start', async () => {
    await deployment(database.db).insertOne({ _id: 'deployment', partitions: 8, databaseId: 'x' })
    await expect(start()).rejects.toThrow('8 partitions')
  })
})
