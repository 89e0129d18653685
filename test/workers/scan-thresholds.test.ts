import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { setTier } from '../../src/callers/api-key-commands.ts'
import { alerts, createAlertIndexes } from '../../src/store/alerts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { type ChannelDoc, channels } from '../../src/store/channels.ts'
import { deliveries } from '../../src/store/deliveries.ts'
import { jobRuns } from '../../src/store/job-runs.ts'
import { createUsageIndexes } from '../../src/store/usage-cells.ts'
import { connectRedis } from '../../src/streams/redis.ts'
import {
  createScan,
  createScanThresholds,
} from '../../src/workers/scan-thresholds/scan-thresholds.ts'
import { plans, plantKey } from '../asked.ts'
import { plantUsage } from '../planted-usage.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'
import { raisedOf, scanDeps } from './scan-world.ts'

let database: TestDatabase
let now = 0
const clock = () => now
const key = { apiKeyId: 'key_first', accountId: 'acc_a' }

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.db.dropDatabase()
  await Promise.all([createUsageIndexes(database.db), createAlertIndexes(database.db)])
  now = Date.parse('2026-11-22T12:30:00Z')
})

const at = (text: string) => {
  now = Date.parse(text)
}
const use = (units: number, when: number = now) =>
  plantUsage(database.db, [{ ...key, at: when, units }])
const scan = () => createScan(scanDeps(database.db, clock)).everyKey()
const raised = () => raisedOf(database.db, 'key_first')
const stored = () => apiKeys(database.db).findOne({ _id: 'key_first' })

describe('levels of the quota', () => {
  beforeEach(() => plantKey(database.db, 'key_first', 'acc_a'))

  test('are raised once each, with the use at that time, and stand on the key', async () => {
    await use(799)
    expect(await scan()).toMatchObject({ keys: 1, alerts: {}, failedKeys: 0 })
    await use(1)
    expect((await scan()).alerts).toEqual({ WARNING: 1 })
    await use(149)
    await scan()
    expect(await stored()).toMatchObject({ quotaAlert: { level: 'WARNING', month: '2026-11' } })
    await use(3)
    await scan()
    await use(500)
    expect((await scan()).alerts).toEqual({ EXCEEDED: 1 })
    expect((await scan()).alerts).toEqual({})
    expect(await raised()).toEqual(['WARNING 800', 'CRITICAL 952', 'EXCEEDED 1452'])
    expect(await stored()).toMatchObject({ quotaAlert: { level: 'EXCEEDED', percent: 100 } })
  })

  test('are told in words, with all that channels need', async () => {
    await use(801)
    await scan()
    expect(await alerts(database.db).findOne()).toEqual({
      _id: 'key_first:2026-11:WARNING:1000',
      ...{ accountId: 'acc_a', apiKeyId: 'key_first', sequence: 1, level: 'WARNING' },
      ...{ month: '2026-11', used: 801, monthlyLimit: 1_000, percent: 80 },
      message: 'gc_live_irst has reached 80 % of its 1,000 calls for November 2026: 801 are used.',
      ...{ raisedAt: new Date(now), muted: false, passed: false },
      ...{ acknowledgedAt: null, unpublishedSince: new Date(now) },
    })
  })

  test('a jump raises the highest; the lower ones are marked and never raised later', async () => {
    await use(1_000)
    expect((await scan()).alerts).toEqual({ EXCEEDED: 1 })
    await use(1)
    await scan()
    expect(await raised()).toEqual(['(CRITICAL)', '(WARNING)', 'EXCEEDED 1000'])
    // Not even where the key has forgotten what was told.
    await apiKeys(database.db).updateOne({}, { $unset: { quotaAlert: '' } })
    expect((await scan()).alerts).toEqual({})
    const marks = await alerts(database.db).find({ passed: true }).toArray()
    expect(marks.map(({ unpublishedSince }) => unpublishedSince)).toEqual([null, null])
  })

  test('an upgrade warns anew, a return to the old limit does not', async () => {
    await use(900)
    await scan()
    await setTier(database.db, 'key_first', 'starter', { plans, clock: Date.now })
    expect((await scan()).alerts).toEqual({})
    await use(7_200)
    await scan()
    await setTier(database.db, 'key_first', 'free', { plans, clock: Date.now })
    await scan()
    expect(await raised()).toEqual(['WARNING 900', 'WARNING 8100', '(CRITICAL)', 'EXCEEDED 8100'])
    await setTier(database.db, 'key_first', 'starter', { plans, clock: Date.now })
    await use(1)
    await scan()
    await scan()
    expect((await raised()).length).toBe(4)
    expect(await stored()).toMatchObject({ quotaAlert: { monthlyLimit: 10_000, level: 'WARNING' } })
  })

  test('nothing is raised without use, on an unlimited plan, or of a revoked key', async () => {
    await plantKey(database.db, 'key_idle', 'acc_a')
    await plantKey(database.db, 'key_free', 'acc_a', { tier: 'enterprise' })
    await plantKey(database.db, 'key_gone', 'acc_a', { revokedAt: new Date(0) })
    const others = ['key_free', 'key_gone', 'key_unknown']
    await plantUsage(
      database.db,
      others.map((apiKeyId) => ({ apiKeyId, accountId: 'acc_a', at: now, units: 400 })),
    )
    expect(await scan()).toMatchObject({ keys: 3, alerts: {} })
  })
})

describe('the edge of a month', () => {
  beforeEach(() => plantKey(database.db, 'key_first', 'acc_a'))

  test('belongs to the millisecond: the last call of a month warns in it, the first begins anew', async () => {
    at('2026-11-30T23:59:59.999Z')
    await use(800)
    await scan()
    at('2026-12-01T00:00:00.000Z')
    expect(await scan()).toMatchObject({ keys: 0, alerts: {} })
    await use(800)
    expect((await scan()).alerts).toEqual({ WARNING: 1 })
    expect(await raised()).toEqual(['WARNING 800', 'WARNING 800'])
  })

  test('what arrives after it for the old month raises nothing', async () => {
    at('2026-12-01T00:00:00.000Z')
    await use(5_000, now - 1)
    expect(await scan()).toMatchObject({ keys: 0, alerts: {} })
  })

  test('29 February and a key that was made in the middle of its month', async () => {
    at('2028-02-29T23:59:59.999Z')
    await plantKey(database.db, 'key_young', 'acc_a', { createdAt: new Date(now - 1) })
    await plantUsage(database.db, [
      { apiKeyId: 'key_young', accountId: 'acc_a', at: now, units: 950 },
    ])
    await use(800)
    expect((await scan()).alerts).toEqual({ WARNING: 1, CRITICAL: 1 })
    expect((await alerts(database.db).findOne({ level: 'CRITICAL', passed: false }))?.month).toBe(
      '2028-02',
    )
  })
})

describe('thresholds of one’s own', () => {
  test('are raised beside the levels, once a month, the highest of a jump alone', async () => {
    const alertThresholds = [{ percent: 10 }, { percent: 50 }, { requests: 300 }]
    await plantKey(database.db, 'key_first', 'acc_a', { alertThresholds })
    await use(100)
    await scan()
    await use(750)
    await scan()
    await scan()
    expect(await raised()).toEqual(['THRESHOLD 100', 'WARNING 850', '(THRESHOLD)', 'THRESHOLD 850'])
    const last = await alerts(database.db).find().sort({ sequence: -1 }).limit(1).toArray()
    expect(last).toMatchObject([{ _id: 'key_first:2026-11:p50:1000', percent: 50 }])
  })

  test('as numbers of calls hold without a limit too', async () => {
    const more = { tier: 'enterprise', alertThresholds: [{ requests: 300 }] }
    await plantKey(database.db, 'key_first', 'acc_a', more)
    await use(300)
    await scan()
    expect(await alerts(database.db).findOne()).toMatchObject({
      _id: 'key_first:2026-11:r300:300',
      ...{ level: 'THRESHOLD', percent: null, monthlyLimit: null },
      message: 'gc_live_irst has reached 300 calls in November 2026: 300 are used.',
    })
  })
})

describe('deliveries', () => {
  const channel = (_id: string, more: Partial<ChannelDoc> = {}): ChannelDoc => ({
    ...{ _id, accountId: 'acc_a', kind: 'EMAIL', name: _id, secret: null, shown: 'a…@example.com' },
    target: { keyId: 'k', iv: '', data: '' },
    ...{ levels: null, apiKeyIds: null, enabled: true, disabledBecause: null },
    createdAt: new Date(0),
    ...more,
  })

  test('are written with the alert, one for each channel that wants it', async () => {
    await plantKey(database.db, 'key_first', 'acc_a')
    await channels(database.db).insertMany([
      channel('ch_all'),
      channel('ch_off', { enabled: false }),
      channel('ch_anomalies', { levels: ['ANOMALY'] }),
      channel('ch_other_key', { apiKeyIds: ['key_second'] }),
      channel('ch_foreign', { accountId: 'acc_b' }),
    ])
    await use(1_000)
    await scan()
    expect(await deliveries(database.db).find().toArray()).toMatchObject([
      {
        _id: 'key_first:2026-11:EXCEEDED:1000:ch_all',
        event: { kind: 'alert', alertId: 'key_first:2026-11:EXCEEDED:1000' },
        ...{ status: 'PENDING', dueAt: new Date(now), attempts: [] },
      },
    ])
  })

  test.each([
    ['alertsEnabled is off', { alertsEnabled: false }, true],
    ['it is snoozed', { alertsSnoozedUntil: new Date('2026-11-22T12:30:00.001Z') }, true],
    ['its snooze is over', { alertsSnoozedUntil: new Date('2026-11-22T12:30:00Z') }, false],
  ])(
    'none where %s, but the alert is recorded and will be published',
    async (_name, more, muted) => {
      await plantKey(database.db, 'key_first', 'acc_a', more)
      await channels(database.db).insertOne(channel('ch_all'))
      await use(800)
      await scan()
      const recorded = await alerts(database.db).findOne()
      expect(recorded).toMatchObject({ muted, unpublishedSince: new Date(now) })
      expect(await deliveries(database.db).countDocuments()).toBe(muted ? 0 : 1)
    },
  )
})

test('the hourly scan runs once an hour, in one of several processes', async () => {
  await plantKey(database.db, 'key_first', 'acc_a')
  await use(800)
  const redis = connectRedis('redis://127.0.0.1:1')
  const options = () => ({ ...scanDeps(database.db, clock), redis })
  const [first, second] = [createScanThresholds(options()), createScanThresholds(options())]
  const done = (await Promise.all([first.scanDueHour(), second.scanDueHour()])).filter(Boolean)
  expect(done).toMatchObject([{ keys: 1, alerts: { WARNING: 1 } }])
  expect(await first.scanDueHour()).toBeNull()
  at('2026-11-22T13:06:59.999Z')
  expect(await second.scanDueHour()).toBeNull()
  at('2026-11-22T13:07:00Z')
  expect(await second.scanDueHour()).toMatchObject({ keys: 1, alerts: {} })
  expect(await jobRuns(database.db).countDocuments({ finishedAt: { $exists: true } })).toBe(2)
  redis.disconnect()
})
