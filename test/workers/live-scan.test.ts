import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { setAlertThresholds } from '../../src/callers/alert-settings.ts'
import { setTier } from '../../src/callers/api-key-commands.ts'
import { liveStream, partitionCount, partitionOf } from '../../src/rules/partition.ts'
import { scanPositions } from '../../src/store/alert-scan-positions.ts'
import { alerts } from '../../src/store/alerts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { jobRuns } from '../../src/store/job-runs.ts'
import { ensurePartitions, partitions } from '../../src/store/partitions.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import {
  createScanThresholds,
  type ScanThresholds,
} from '../../src/workers/scan-thresholds/scan-thresholds.ts'
import { plans, plantKey } from '../asked.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'
import { raisedOf, rollUp, scanDeps } from './scan-world.ts'

let database: TestDatabase
let server: TestServer
let redis: RedisClient
let scanners: { scan: ScanThresholds; registry: ReturnType<typeof scanDeps>['registry'] }[]
let now = 0
const key = { apiKeyId: 'key_first', accountId: 'acc_a' }
const p = partitionOf('key_first')
const soon = { timeout: 10_000, interval: 20 }

beforeAll(async () => {
  server = await startRedis()
  redis = connectRedis(server.url)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})
beforeEach(async () => {
  await expect.poll(() => redis.flushall().catch(() => null), soon).toBe('OK')
  database = await testDatabase()
  scanners = []
  now = Date.parse('2026-11-22T12:30:00Z')
  await createIndexes(database.db)
  await ensurePartitions(database.db)
  await plantKey(database.db, 'key_first', 'acc_a')
  // This hour's scan is done: what is raised, the live path has raised.
  const done = { owner: 'test', attempts: 1, startedAt: new Date(), leaseUntil: new Date() }
  const _id = 'scan-thresholds:2026-11-22T12'
  await jobRuns(database.db).insertOne({ _id, ...done, finishedAt: new Date() })
})
afterEach(async () => {
  await Promise.all(scanners.map(({ scan }) => scan.stop()))
  await database.drop()
})

async function start(client: RedisClient = redis) {
  const deps = scanDeps(database.db, () => now)
  const scan = createScanThresholds({ ...deps, redis: client })
  await scan.start()
  const started = { scan, registry: deps.registry }
  scanners.push(started)
  return started
}

const use = (units: number, client: RedisClient | null = redis) =>
  rollUp(database.db, client, [{ ...key, at: now, units }], now)
const raised = () => raisedOf(database.db, 'key_first')
const followed = () => scanPositions(database.db).countDocuments({ owner: { $ne: null } })

async function metric(registry: ReturnType<typeof scanDeps>['registry'], name: string) {
  const found = await registry.getSingleMetric(`getcomplical_alert_${name}`)?.get()
  return (found?.values ?? []).reduce((sum, { value }) => sum + value, 0)
}

/** Follows everything, and has looked at what was there before. */
async function settled(): Promise<void> {
  await expect.poll(followed, soon).toBe(partitionCount)
  await expect.poll(position, soon).toBe(await version())
}
const position = async () => (await scanPositions(database.db).findOne({ _id: p }))?.version
const version = async () => (await partitions(database.db).findOne({ _id: p }))?.version

describe('the live path', () => {
  test('raises within a second of the roll-up, and moves its position behind what it saw', async () => {
    const { registry } = await start()
    await settled()
    const began = performance.now()
    await use(800)
    await expect.poll(raised, soon).toEqual(['WARNING 800'])
    expect(performance.now() - began).toBeLessThan(1_500)
    await use(200)
    await expect.poll(raised, soon).toEqual(['WARNING 800', '(CRITICAL)', 'EXCEEDED 1000'])
    await expect.poll(position, soon).toBe(2)
    expect(await metric(registry, 'positions_lost_total')).toBe(0)
  })

  test('goes on after a stop where it was, and sees what came in between', async () => {
    const first = await start()
    await settled()
    await use(10)
    await expect.poll(position, soon).toBe(1)
    await first.scan.stop()
    expect(await followed()).toBe(0)
    await use(790)
    const second = await start()
    await expect.poll(raised, soon).toEqual(['WARNING 800'])
    expect(await metric(second.registry, 'positions_lost_total')).toBe(0)
  })

  test('sees the next call on another plan at once', async () => {
    await start()
    await settled()
    await use(1_000)
    await expect.poll(async () => (await raised()).length, soon).toBe(3)
    await setTier(database.db, 'key_first', 'starter', { plans, clock: Date.now })
    await use(8_000)
    await expect.poll(raised, soon).toContain('WARNING 9000')
  })

  test('tells of a smaller plan and of new thresholds without a call, which may be refused by then', async () => {
    await start()
    await settled()
    await setTier(database.db, 'key_first', 'starter', { plans, clock: Date.now })
    await use(1_500)
    await expect.poll(position, soon).toBe(1)
    expect(await raised()).toEqual([])
    await setTier(database.db, 'key_first', 'free', { plans, clock: Date.now })
    await expect.poll(raised, soon).toEqual(['(CRITICAL)', '(WARNING)', 'EXCEEDED 1500'])
    const scope = { apiKeyId: 'key_first', accountId: 'acc_a' }
    await setAlertThresholds(database.db, scope, [{ percent: 120 }])
    await expect.poll(raised, soon).toContain('THRESHOLD 1500')
    const looked = { _id: 'key_first', levelsMovedAt: { $exists: false } }
    await expect.poll(() => apiKeys(database.db).countDocuments(looked), soon).toBe(1)
  })

  test('raises nothing for a month that is over', async () => {
    now = Date.parse('2026-11-30T23:59:59.999Z')
    await start()
    await settled()
    await use(799)
    const last = now
    now = Date.parse('2026-12-01T00:00:00.050Z')
    await rollUp(database.db, redis, [{ ...key, at: last, units: 500 }], last)
    await expect.poll(position, soon).toBe(2)
    expect(await raised()).toEqual([])
    await rollUp(database.db, redis, [{ ...key, at: now, units: 800 }], now)
    await expect.poll(raised, soon).toEqual(['WARNING 800'])
    expect((await alerts(database.db).findOne())?.month).toBe('2026-12')
  })
})

describe('what live messages do not bring', () => {
  test('is found where the position has fallen out of the stream', async () => {
    await use(1)
    const { scan } = await start()
    await settled()
    await scan.stop()
    await use(800)
    for (let i = 0; i < 5; i++) {
      await rollUp(database.db, redis, [{ ...key, apiKeyId: otherKeyOf(p), at: now }], now)
    }
    await redis.xtrim(liveStream(p), 'MAXLEN', 1)
    const { registry } = await start()
    await expect.poll(raised, soon).toEqual(['WARNING 801'])
    expect(await metric(registry, 'positions_lost_total')).toBeGreaterThan(0)
  })

  test('is found where Redis was emptied, also when nothing is called any more', async () => {
    const { registry } = await start()
    await settled()
    await use(800, null)
    await redis.flushall()
    await expect.poll(raised, soon).toEqual(['WARNING 800'])
    const lost = await metric(registry, 'positions_lost_total')
    expect(lost).toBeGreaterThan(0)
    // Once, and what follows is live again.
    await use(150)
    await expect.poll(raised, soon).toEqual(['WARNING 800', 'CRITICAL 950'])
    expect(await metric(registry, 'positions_lost_total')).toBe(lost)
  })

  test('is found where Redis does not answer at all', async () => {
    const away = connectRedis('redis://127.0.0.1:1')
    await start(away)
    await use(800)
    await expect.poll(raised, soon).toEqual(['WARNING 800'])
    away.disconnect()
  })

  test('is found at the first start, before there is a position', async () => {
    await use(800)
    await redis.flushall()
    await start()
    await expect.poll(raised, soon).toEqual(['WARNING 800'])
  })
})

describe('several processes', () => {
  test('share the partitions, and each level is raised once', async () => {
    const started = await Promise.all([start(), start(), start()])
    await settled()
    for (const units of [500, 400, 80, 500]) await use(units)
    await expect.poll(raised, soon).toContain('EXCEEDED 1480')
    const levels = (await raised()).map((text) => text.replace(/[()]| \d+/g, ''))
    expect(levels.toSorted()).toEqual(['CRITICAL', 'EXCEEDED', 'WARNING'])
    const counts = started.map(({ registry }) => metric(registry, 'partitions_followed'))
    expect((await Promise.all(counts)).reduce((sum, count) => sum + count)).toBe(partitionCount)
  })
})

/** Another key of the partition. */
function otherKeyOf(partition: number): string {
  for (let n = 0; ; n++) if (partitionOf(`key_${n}`) === partition) return `key_${n}`
}
