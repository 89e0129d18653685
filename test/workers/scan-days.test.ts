import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { defaultAnomalyRule } from '../../src/rules/anomaly.ts'
import { DAY, HOUR } from '../../src/rules/calendar-time.ts'
import { partitionOf } from '../../src/rules/partition.ts'
import { alerts } from '../../src/store/alerts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { noteDatesRead } from '../../src/store/dates-read.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { ensurePartitions, partitions } from '../../src/store/partitions.ts'
import { producers } from '../../src/store/producers.ts'
import { loadTaxData } from '../../src/store/tax-data.ts'
import { usageCells } from '../../src/store/usage-cells.ts'
import { createScan } from '../../src/workers/scan-thresholds/scan-thresholds.ts'
import { plantKey } from '../asked.ts'
import { plantUsage } from '../planted-usage.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'
import { onlyAlert, plantDays, scanDeps } from './scan-world.ts'

let database: TestDatabase
let now = 0
let scan: ReturnType<typeof createScan>
const key = { apiKeyId: 'key_first', accountId: 'acc_a' }
const p = partitionOf('key_first')
const taxData = loadTaxData(join(import.meta.dirname, '../../data/tax'))

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.db.dropDatabase()
  await createIndexes(database.db)
  now = Date.parse('2026-11-24T12:30:00Z')
  scan = createScan(
    scanDeps(
      database.db,
      () => now,
      () => taxData,
    ),
  )
  await plantKey(database.db, 'key_first', 'acc_a', { tier: 'enterprise' })
})

const use = (units: number) => plantUsage(database.db, [{ ...key, at: now, units }])
const history = (units: number, count = 30) => plantDays(database.db, key, now, () => units, count)

describe('an unusual day', () => {
  test('is one with five times the average, told once a day', async () => {
    await history(200)
    await use(999)
    expect((await scan.everyKey()).alerts).toEqual({})
    await use(1)
    expect((await scan.everyKey()).alerts).toEqual({ ANOMALY: 1 })
    await use(5_000)
    expect((await scan.everyKey()).alerts).toEqual({})
    // Another process knows nothing of it but what stands in the database.
    const other = createScan(scanDeps(database.db, () => now))
    expect((await other.everyKey()).alerts).toEqual({})
    expect(await onlyAlert(database.db)).toMatchObject({
      _id: 'key_first:2026-11-24:ANOMALY',
      ...{ level: 'ANOMALY', month: '2026-11', used: 1_000, percent: null, monthlyLimit: null },
      message:
        'Unusual: gc_live_irst was called 1,000 times today, over 5 times the 200 a day of the last 30 days.',
    })
  })

  test('is one from what the settings say', async () => {
    await history(40)
    await use(80)
    expect((await scan.everyKey()).alerts).toEqual({})
    const anomaly = { ...defaultAnomalyRule, factor: 2, leastAverage: 30 }
    const other = createScan({ ...scanDeps(database.db, () => now), anomaly })
    expect((await other.everyKey()).alerts).toEqual({ ANOMALY: 1 })
  })

  test('is told again on the next day, against an average that has grown', async () => {
    await history(200)
    await use(1_000)
    await scan.everyKey()
    now += DAY
    await use(1_133)
    expect((await scan.everyKey()).alerts).toEqual({})
    await use(1)
    expect((await scan.everyKey()).alerts).toEqual({ ANOMALY: 1 })
  })

  test('is none of a key that calls little or seldom', async () => {
    await history(99)
    await use(50_000)
    expect((await scan.everyKey()).alerts).toEqual({})
    await database.db.collection('usageDays').deleteMany({})
    await history(5_000, 6)
    await use(500_000)
    expect((await scan.everyKey()).alerts).toEqual({})
  })

  /** Busy before the 7th of each month, when VAT of the United Kingdom is due, and today. */
  async function peaksBeforeVat(): Promise<void> {
    now = Date.parse('2026-11-05T12:30:00Z')
    const peaks = ['2026-08-07', '2026-09-07', '2026-10-07'].map((due) => Date.parse(due) / DAY)
    const today = Math.floor(now / DAY)
    const units = (daysAgo: number) => {
      const day = today - daysAgo
      return peaks.some((due) => due >= day && due - day < 7) ? 600 : 100
    }
    await plantDays(database.db, key, now, units, 89)
    await use(3_000)
  }

  test('before a deadline that past ones explain is an expected peak that names it', async () => {
    await peaksBeforeVat()
    expect((await scan.everyKey()).alerts).toEqual({ EXPECTED_PEAK: 1 })
    const alert = await onlyAlert(database.db)
    expect(alert.message).toContain('United Kingdom is due on 2026-11-07')
    expect(alert.message).not.toContain('Unusual')
  })

  test('is explained by deadlines that the key asks for, and by no others', async () => {
    await peaksBeforeVat()
    await noteDatesRead(database.db, [['key_first', ['AU', 'gb-paye-month']]], new Date(now))
    expect((await scan.everyKey()).alerts).toEqual({ ANOMALY: 1 })
    await alerts(database.db).deleteMany({})
    await noteDatesRead(database.db, [['key_first', ['gb-vat']]], new Date(now))
    const other = createScan(
      scanDeps(
        database.db,
        () => now,
        () => taxData,
      ),
    )
    expect((await other.everyKey()).alerts).toEqual({ EXPECTED_PEAK: 1 })
    const { message } = await onlyAlert(database.db)
    expect(message).toContain('VAT')
    expect(message).toContain('in United Kingdom is due on 2026-11-07')
  })

  test('of the same height in a quiet week is an anomaly', async () => {
    now = Date.parse('2026-11-05T12:30:00Z')
    await plantDays(database.db, key, now, () => 150, 89)
    await use(3_000)
    expect((await scan.everyKey()).alerts).toEqual({ ANOMALY: 1 })
  })
})

describe('silence', () => {
  /** A spool that is fed, and a worker that owns every partition. */
  async function healthyPath(): Promise<void> {
    await ensurePartitions(database.db)
    await partitions(database.db).updateMany(
      {},
      { $set: { owner: 'worker', leaseUntil: new Date(Date.now() + HOUR) } },
    )
    await producers(database.db).insertOne({
      ...{ _id: 'p1', host: 'here', at: new Date(now) },
      seenAt: new Date(now - 60_000),
    })
  }
  beforeEach(() => healthyPath())

  /** The spools go on being fed. */
  async function at(text: string): Promise<void> {
    now = Date.parse(text)
    await producers(database.db).updateMany({}, { $set: { seenAt: new Date(now) } })
  }

  test('of a key that always calls is told once, 24 hours after its last call', async () => {
    await history(300, 20)
    await at('2026-11-24T12:59:59Z')
    expect(await scan.everyKey()).toMatchObject({ alerts: {}, silenceWithheld: 0 })
    await at('2026-11-24T13:07:00Z')
    expect(await scan.everyKey()).toMatchObject({ alerts: { SILENCE: 1 } })
    await at('2026-11-24T19:07:00Z')
    expect((await scan.everyKey()).alerts).toEqual({})
    await at('2026-11-25T19:07:00Z')
    expect((await scan.everyKey()).alerts).toEqual({})
    expect(await onlyAlert(database.db)).toMatchObject({
      _id: 'key_first:2026-11-23:SILENCE',
      ...{ level: 'SILENCE', used: 0 },
      message:
        'gc_live_irst has not been called since 2026-11-23 13:00 UTC, though it usually is 300 times a day.',
    })
  })

  test('is found on the first of a month too, when the key has no use in it', async () => {
    await at('2026-12-01T13:07:00Z')
    await history(300, 20)
    expect(await scan.everyKey()).toMatchObject({ keys: 0, alerts: { SILENCE: 1 } })
  })

  test('ends with a call, even a failed one, and is none of a revoked or blocked key', async () => {
    await history(300, 20)
    await at('2026-11-24T18:07:00Z')
    await plantUsage(database.db, [{ ...key, at: now - HOUR, units: 0, failed: 1 }])
    expect((await scan.everyKey()).alerts).toEqual({})
    await usageCells(database.db).days.deleteOne({ _id: 'key_first:2026-11-24' })
    await apiKeys(database.db).updateOne({}, { $set: { blockedBecause: 'unpaid' } })
    expect((await scan.everyKey()).alerts).toEqual({})
  })

  describe('is withheld where the counting path is not whole', () => {
    beforeEach(async () => {
      await history(300, 20)
      await at('2026-11-24T14:07:00Z')
    })
    const withheld = async () => {
      expect(await scan.everyKey()).toMatchObject({ alerts: {}, silenceWithheld: 1 })
      expect(await alerts(database.db).countDocuments()).toBe(0)
    }

    test('as no worker rolls the partition up', async () => {
      await partitions(database.db).updateOne({ _id: p }, { $set: { leaseUntil: new Date(0) } })
      await withheld()
    })

    test('as no API process runs', async () => {
      await producers(database.db).deleteMany({})
      await withheld()
    })

    test('as a spool is fed by nobody', async () => {
      await producers(database.db).updateMany({}, { $set: { seenAt: new Date(now - HOUR) } })
      await withheld()
    })

    test('as none of the other keys is called either', async () => {
      const other = { apiKeyId: 'key_other', accountId: 'acc_b' }
      await plantKey(database.db, 'key_other', 'acc_b')
      await plantUsage(database.db, [{ ...other, at: now - DAY }])
      await withheld()
      await plantUsage(database.db, [{ ...other, at: now }])
      expect((await scan.everyKey()).alerts).toEqual({ SILENCE: 1 })
    })
  })
})
