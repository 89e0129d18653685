import type { Db } from 'mongodb'
import { Registry } from 'prom-client'
import { defaultAnomalyRule } from '../../src/rules/anomaly.ts'
import { DAY } from '../../src/rules/calendar-time.ts'
import { liveStream, partitionOf } from '../../src/rules/partition.ts'
import type { TaxData } from '../../src/rules/tax/tax-data.ts'
import { type AlertDoc, alerts } from '../../src/store/alerts.ts'
import { partitions } from '../../src/store/partitions.ts'
import { encodeLiveTotals, liveField } from '../../src/streams/live-messages.ts'
import { readLiveTotals } from '../../src/streams/live-totals.ts'
import type { RedisClient } from '../../src/streams/redis.ts'
import { plans, silent } from '../asked.ts'
import { type PlantedCall, plantUsage } from '../planted-usage.ts'

export const noTaxes: TaxData = {
  years: { first: 2023, last: 2027 },
  countries: new Map(),
  calendars: new Map(),
}

/** What a scan needs but Redis. */
export function scanDeps(db: Db, clock: () => number, taxData = () => noTaxes) {
  const anomaly = defaultAnomalyRule
  return { db, clock, log: silent, plans, taxData, anomaly, registry: new Registry() }
}

/** Adds calls as a roll-up does: the cells and the partition's number, then the live message. */
export async function rollUp(
  db: Db,
  redis: RedisClient | null,
  calls: readonly PlantedCall[],
  now: number,
): Promise<void> {
  await plantUsage(db, calls)
  for (const [partition, some] of Map.groupBy(calls, (call) => partitionOf(call.apiKeyId))) {
    const moved = await partitions(db).findOneAndUpdate(
      { _id: partition },
      { $inc: { version: 1 } },
      { returnDocument: 'after' },
    )
    if (!redis || !moved) continue
    const message = encodeLiveTotals(await readLiveTotals(db, some, now))
    await redis.xadd(liveStream(partition), `${moved.version}-0`, liveField, message)
  }
}

/** Of one key, in the order of raising: `WARNING 800`; a passed one stands in brackets. */
export async function raisedOf(db: Db, apiKeyId: string): Promise<string[]> {
  const found = await alerts(db).find({ apiKeyId }).sort({ sequence: 1 }).toArray()
  return found.map((alert) => (alert.passed ? `(${alert.level})` : `${alert.level} ${alert.used}`))
}

export async function onlyAlert(db: Db): Promise<AlertDoc> {
  const [alert, ...others] = await alerts(db).find({ passed: false }).toArray()
  if (!alert || others.length > 0) throw new Error(`${others.length + (alert ? 1 : 0)} alerts`)
  return alert
}

/** As many calls on each of the days before `now`, at noon. */
export async function plantDays(
  db: Db,
  key: { apiKeyId: string; accountId: string },
  now: number,
  unitsOf: (daysAgo: number) => number,
  count: number,
): Promise<void> {
  const noon = now - (now % DAY) + DAY / 2
  const calls = Array.from({ length: count }, (_, n) => ({
    ...key,
    at: noon - (n + 1) * DAY,
    units: unitsOf(n + 1),
  }))
  await plantUsage(
    db,
    calls.filter(({ units }) => units > 0),
  )
}
