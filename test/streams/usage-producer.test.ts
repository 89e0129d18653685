import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLog } from '../../src/log.ts'
import { partitionCount, partitionOf, usageStream } from '../../src/rules/partition.ts'
import { ensurePartitions, partitions } from '../../src/store/partitions.ts'
import { producers } from '../../src/store/producers.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { type Blob, decodeBlob, eventsOf } from '../../src/streams/usage-codec.ts'
import type { UsageEvent } from '../../src/streams/usage-event.ts'
import { createUsageProducer, type UsageProducer } from '../../src/streams/usage-producer.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'

let server: TestServer
let database: TestDatabase
let redis: RedisClient
let dataDir: string
const started: UsageProducer[] = []

beforeAll(async () => {
  server = await startRedis()
  database = await testDatabase()
  redis = connectRedis(server.url)
  await new Promise((done) => redis.once('ready', done))
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
  await database.drop()
})
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-producer-'))
  await redis.flushall()
  await Promise.all([producers(database.db).deleteMany(), partitions(database.db).deleteMany()])
  await ensurePartitions(database.db)
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((producer) => producer.stop(0)))
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(clock = Date.now): Promise<{ producer: UsageProducer; registry: Registry }> {
  const registry = new Registry()
  const log = createLog('silent', 'test')
  const options = { dataDir, db: database.db, redis, clock, log, registry }
  const producer = createUsageProducer(options)
  await producer.start()
  started.push(producer)
  return { producer, registry }
}

const event = (i: number, apiKeyId = `key_${i}`): UsageEvent => ({
  ...{ apiKeyId, accountId: 'acc_1', tier: 'pro', at: Date.now() },
  ...{ endpoint: 'taxDates', units: 1, failed: 0 },
})

interface Sent {
  partition: number
  id: string
  blob: Blob
}

async function sent(): Promise<Sent[]> {
  const all: Sent[] = []
  for (let partition = 0; partition < partitionCount; partition++) {
    for (const [id, fields] of await redis.xrangeBuffer(usageStream(partition), '-', '+')) {
      const blob = decodeBlob(fields[1] ?? Buffer.alloc(0))
      if (blob) all.push({ partition, id: id.toString(), blob })
    }
  }
  return all
}

const countEvents = (blobs: readonly Sent[]) =>
  blobs.flatMap(({ blob }) => blob.frames.flatMap((frame) => eventsOf(blob, frame.events))).length

/** How far the blobs of the key's partition reach that were sent after its first `skip`, from frame 0 on without a gap. */
async function reachedFromZero(apiKeyId: string, skip: number): Promise<number> {
  const all = (await sent()).filter(({ partition }) => partition === partitionOf(apiKeyId))
  return all.slice(skip).reduce((to, { blob }) => (blob.from <= to ? Math.max(to, blob.to) : to), 0)
}

/** What a roll-up would do: counts everything that is in the streams. */
async function commitAll(): Promise<void> {
  for (const { partition, id, blob } of await sent()) {
    await partitions(database.db).updateOne(
      { _id: partition },
      { $set: { pos: id, [`wm.${blob.producer}`]: blob.to }, $inc: { version: 1 } },
    )
  }
}

async function metric(registry: Registry, name: string): Promise<number> {
  const found = await registry.getSingleMetric(`getcomplical_${name}`)?.get()
  return (found?.values ?? []).reduce((sum, { value }) => sum + value, 0)
}

const soon = { timeout: 5_000, interval: 20 }
const spools = () => readdirSync(join(dataDir, 'spool'))

describe('a producer', () => {
  test('registers, then sends each event once to the partition of its key, frames in order', async () => {
    const { producer } = await start()
    const keys = Array.from({ length: 60 }, (_, i) => `key_${i}`)
    for (const key of keys) await producer.spool.append([event(1, key)])
    await expect.poll(async () => countEvents(await sent()), soon).toBe(60)
    expect(await producers(database.db).countDocuments()).toBe(1)
    const last = new Map<number, number>()
    for (const { partition, blob } of await sent()) {
      expect(blob.from).toBe(last.get(partition) ?? 0)
      last.set(partition, blob.to)
      for (const key of blob.who.filter((word) => word.startsWith('key_'))) {
        expect(partitionOf(key)).toBe(partition)
      }
    }
  })

  test('sends nothing again to a worker that is only slow', async () => {
    const { producer, registry } = await start()
    for (let i = 0; i < 50; i++) await producer.spool.append([event(i)])
    await expect.poll(async () => countEvents(await sent()), soon).toBe(50)
    // Three checks later.
    await expect.poll(() => metric(registry, 'usage_outstanding_bytes'), soon).toBeGreaterThan(0)
    await new Promise((done) => setTimeout(done, 1_600))
    expect(countEvents(await sent())).toBe(50)
    expect(await metric(registry, 'usage_go_backs_total')).toBe(0)
  })

  test('counts the age of what waits from its own frame, not from the last one of its partition', async () => {
    let ahead = 0
    const { producer, registry } = await start(() => Date.now() + ahead)
    for (const key of ['key_rare', 'key_other']) await producer.spool.append([event(1, key)])
    await expect.poll(async () => countEvents(await sent()), soon).toBe(2)
    await commitAll()
    await expect.poll(() => metric(registry, 'usage_outstanding_bytes'), soon).toBe(0)
    ahead = 120_000
    await producer.spool.append([event(2, 'key_rare')])
    await expect.poll(() => metric(registry, 'usage_outstanding_bytes'), soon).toBeGreaterThan(0)
    expect(await metric(registry, 'spool_oldest_uncommitted_seconds')).toBeLessThan(10)
  })

  test('sends again from the watermark what Redis lost, and says so', async () => {
    const { producer, registry } = await start()
    for (let i = 0; i < 50; i++) await producer.spool.append([event(i)])
    await expect.poll(async () => countEvents(await sent()), soon).toBe(50)
    await commitAll()
    for (let i = 50; i < 90; i++) await producer.spool.append([event(i)])
    await expect.poll(async () => countEvents(await sent()), soon).toBe(90)
    await redis.flushall()
    await expect.poll(async () => countEvents(await sent()), soon).toBe(40)
    expect(await metric(registry, 'usage_go_backs_total')).toBeGreaterThan(0)
    for (const { partition, blob } of await sent()) {
      const doc = await partitions(database.db).findOne({ _id: partition })
      expect(blob.from).toBe(doc?.wm[blob.producer] ?? 0)
    }
  })

  test('sends again what the roll-up passed over because of a gap before it', async () => {
    const { producer, registry } = await start()
    await producer.spool.append([event(1, 'key_a')])
    await expect.poll(async () => (await sent()).length, soon).toBe(1)
    const [first] = await sent()
    if (!first) throw new Error('nothing sent')
    // The worker read on past it without counting: position and version moved, the watermark did not.
    const moved = { $set: { pos: first.id }, $inc: { version: 1 } }
    await partitions(database.db).updateOne({ _id: first.partition }, moved)
    await expect.poll(async () => (await sent()).length, soon).toBe(2)
    expect((await sent()).map(({ blob }) => [blob.from, blob.to])).toEqual([
      [0, 1],
      [0, 1],
    ])
    expect(await metric(registry, 'usage_go_backs_total')).toBe(1)
  })

  test('goes on answering while Redis is away, and sends it all afterwards', async () => {
    const { producer } = await start()
    await producer.spool.append([event(0)])
    await expect.poll(async () => countEvents(await sent()), soon).toBe(1)
    await server.kill('SIGKILL')
    for (let i = 1; i <= 200; i++) await producer.spool.append([event(i)])
    expect(producer.readiness()).toBeNull()
    await server.start()
    await expect.poll(() => sent().then(countEvents, () => -1), soon).toBe(201)
  })

  test('keeps at most its window in Redis while nobody commits, and the rest on the disk', async () => {
    const { producer } = await start()
    const wide = Array.from({ length: 2_000 }, (_, i) => event(i, `key_${'x'.repeat(200)}${i}`))
    for (let i = 0; i < 30; i++) await producer.spool.append(wide)
    await expect.poll(async () => (await sent()).length, soon).toBeGreaterThan(30)
    await new Promise((done) => setTimeout(done, 500))
    const usage = Array.from({ length: partitionCount }, (_, p) =>
      redis.call('MEMORY', 'USAGE', usageStream(p)),
    )
    const bytes = (await Promise.all(usage)).reduce<number>((sum, one) => sum + Number(one), 0)
    expect(bytes).toBeLessThan(12 * 1024 * 1024)
    expect(countEvents(await sent())).toBeLessThan(60_000)
  })

  test('ends its spool when all is committed: nothing is left, neither directory nor entry', async () => {
    const { producer } = await start()
    await producer.spool.append([event(1)])
    await expect.poll(async () => (await sent()).length, soon).toBe(1)
    const stopping = producer.stop()
    await commitAll()
    await stopping
    expect(spools()).toEqual([])
    expect(await producers(database.db).countDocuments()).toBe(0)
  })

  test('leaves to the next one what was not committed at its stop, under the same numbers', async () => {
    const { producer } = await start()
    await producer.spool.append([event(1)])
    await expect.poll(async () => (await sent()).length, soon).toBe(1)
    await producer.stop(0)
    await redis.flushall()
    const { registry } = await start()
    await expect.poll(async () => countEvents(await sent()), soon).toBe(1)
    expect(await metric(registry, 'spool_adopted_total')).toBe(1)
    expect((await sent())[0]?.blob).toMatchObject({ from: 0, to: 1 })
    await commitAll()
    await expect.poll(() => spools().length, soon).toBe(1)
  })

  test('adopts what is there whatever else lies in the folder', async () => {
    const { producer } = await start()
    await producer.spool.append([event(1)])
    await expect.poll(async () => (await sent()).length, soon).toBe(1)
    await producer.stop(0)
    // Before the spool in the order of names: a file of the desktop's, and a file where a spool would be.
    writeFileSync(join(dataDir, 'spool', '.DS_Store'), '')
    writeFileSync(join(dataDir, 'spool', '0'), '')
    await redis.flushall()
    await start()
    await expect.poll(async () => countEvents(await sent()), soon).toBe(1)
    await commitAll()
  })

  test('sets a spool aside whose producer is not registered any more, and alarms', async () => {
    const { producer } = await start()
    await producer.spool.append([event(1)])
    await expect.poll(async () => (await sent()).length, soon).toBe(1)
    await producer.stop(0)
    await producers(database.db).deleteMany()
    await redis.flushall()
    const { registry } = await start()
    await expect
      .poll(() => spools().some((name) => name.startsWith('quarantine-')), soon)
      .toBe(true)
    await expect.poll(() => metric(registry, 'spool_quarantined'), soon).toBe(1)
    expect(countEvents(await sent())).toBe(0)
  })

  test('finishes what a crash left half ended', async () => {
    const { producer } = await start()
    await producer.stop(0)
    mkdirSync(join(dataDir, 'spool', 'p123.done'), { recursive: true })
    await producers(database.db).insertOne({
      ...{ _id: 'p123', host: 'here', at: new Date(), seenAt: new Date() },
    })
    await start()
    await expect.poll(() => existsSync(join(dataDir, 'spool', 'p123.done')), soon).toBe(false)
    expect(await producers(database.db).countDocuments({ _id: 'p123' })).toBe(0)
  })

  test('says that usage is lost when MongoDB falls back behind what the spool has deleted', async () => {
    const { producer, registry } = await start()
    const wide = Array.from({ length: 2_000 }, (_, i) => event(i, `key_${'x'.repeat(400)}${i}`))
    await producer.spool.append(wide)
    await producer.spool.append(wide)
    await expect.poll(async () => countEvents(await sent()), soon).toBe(4_000)
    await commitAll()
    const logs = () => spools().flatMap((name) => readdirSync(join(dataDir, 'spool', name)))
    await expect.poll(() => logs().includes('000000000001.log'), soon).toBe(false)
    const isOfKey = ({ partition }: Sent) => partition === partitionOf('key_1')
    const before = (await sent()).filter(isOfKey).length
    await partitions(database.db).updateMany({}, { $set: { wm: {} } })
    await producer.spool.append([event(1)])
    await expect.poll(() => metric(registry, 'usage_lost_total'), soon).toBeGreaterThan(0)
    // What comes now is not held up by the hole: it goes out again from 0, in one blob or in several.
    await expect.poll(() => reachedFromZero('key_1', before), soon).toBeGreaterThan(2)
  })
})
