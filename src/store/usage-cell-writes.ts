import type { AnyBulkWriteOperation, ClientSession, Db } from 'mongodb'
import {
  DAYS_LIVE_MS,
  HOURS_LIVE_MS,
  type UsageCell,
  type UsageCells,
  usageCells,
} from './usage-cells.ts'

/** What one flush adds to one cell of one key. */
export interface CellIncrement {
  /** `<apiKeyId>:<name of the hour, day or month>` */
  _id: string
  apiKeyId: string
  accountId: string
  /** Tier of the newest event. */
  tier: string
  /** Start of the hour, day or month, ms. */
  at: number
  total: number
  failed: number
  endpoints: ReadonlyMap<string, number>
}

export interface CellIncrements {
  hours: CellIncrement[]
  days: CellIncrement[]
  months: CellIncrement[]
}

/** How long cells of each grain live after their own start; the TTL index removes them. */
const lifetime = { hours: HOURS_LIVE_MS, days: DAYS_LIVE_MS, months: null } as const

/**
 * Adds to the cells, in the session's transaction. Hours that have expired are left out: the TTL would
 * remove them within a minute. Days and months are always written, so they may exceed the sum of what
 * is finer and gone; nothing is ever recomputed from it.
 */
export async function incrementCells(
  db: Db,
  increments: CellIncrements,
  now: number,
  session: ClientSession,
): Promise<void> {
  const cells = usageCells(db)
  const hours = increments.hours.filter(({ at }) => at + HOURS_LIVE_MS > now)
  await write(cells.hours, hours, lifetime.hours, session)
  await write(cells.days, increments.days, lifetime.days, session)
  await write(cells.months, increments.months, lifetime.months, session)
}

async function write(
  collection: UsageCells['hours'] | UsageCells['months'],
  increments: readonly CellIncrement[],
  lifeMs: number | null,
  session: ClientSession,
): Promise<void> {
  if (increments.length === 0) return
  const updates = increments.map((increment) => updateOf(increment, lifeMs))
  await collection.bulkWrite(updates, { session, ordered: true })
}

function updateOf(
  increment: CellIncrement,
  lifeMs: number | null,
): AnyBulkWriteOperation<UsageCell> {
  const { _id, apiKeyId, accountId, tier, at, total, failed, endpoints } = increment
  const $inc: Record<string, number> = { total, failed }
  for (const [name, units] of endpoints) $inc[`endpoints.${name}`] = units
  const $setOnInsert = {
    apiKeyId,
    accountId,
    at: new Date(at),
    // Only failures so far: the field is there all the same, for its readers.
    ...(endpoints.size === 0 && { endpoints: {} }),
    ...(lifeMs !== null && { expiresAt: new Date(at + lifeMs) }),
  }
  return {
    updateOne: { filter: { _id }, update: { $inc, $set: { tier }, $setOnInsert }, upsert: true },
  }
}

/** Total and failed of each cell that exists, by id, as the session's transaction sees them. */
export async function readTotals(
  collection: UsageCells['hours'] | UsageCells['months'],
  ids: readonly string[],
  session: ClientSession,
): Promise<Map<string, { total: number; failed: number }>> {
  const totals = new Map<string, { total: number; failed: number }>()
  if (ids.length === 0) return totals
  const found = collection.find(
    { _id: { $in: [...ids] } },
    { session, projection: { total: 1, failed: 1 }, batchSize: 10_000 },
  )
  for await (const { _id, total, failed } of found) totals.set(_id, { total, failed })
  return totals
}
