import type { Collection, Db } from 'mongodb'

/**
 * One key's usage in one UTC hour, day or month. All three move in one transaction with the
 * partition's checkpoint (counting.md, I6), so they always agree. Nothing here is ever recomputed
 * from the finer grain: hours expire after 7 days, days after 90; months stay.
 */
export interface UsageCell {
  /** `<apiKeyId>:2026-11-22T14`, `<apiKeyId>:2026-11-22` or `<apiKeyId>:2026-11` */
  _id: string
  apiKeyId: string
  accountId: string
  tier: string
  /** Start of the hour, day or month, UTC. */
  at: Date
  /** Billed units. */
  total: number
  failed: number
  /** Billed units by endpoint. */
  endpoints: Record<string, number>
  /** TTL, from the cell's own time, never from now; months have none. */
  expiresAt?: Date
}

export interface UsageCells {
  hours: Collection<UsageCell>
  days: Collection<UsageCell>
  months: Collection<MonthCell>
}

export interface MonthCell extends UsageCell {
  /** Written by aggregate-days when a day closes, all five together; absent until the first close. */
  closedThrough?: Date
  /** `total` and `failed` as they were then: where they differ now, a late call has come since. */
  closedTotal?: number
  closedFailed?: number
  averagePerDay?: number
  peakDay?: PeakDay | null
}

/** Kept whole, because the day itself expires. */
export interface PeakDay {
  date: string
  total: number
  failed: number
  endpoints: Record<string, number>
}

export const HOURS_LIVE_MS = 7 * 86_400_000
export const DAYS_LIVE_MS = 90 * 86_400_000

export function usageCells(db: Db): UsageCells {
  return {
    hours: db.collection('usageHours'),
    days: db.collection('usageDays'),
    months: db.collection('usageMonths'),
  }
}

/** Idempotent; called at start by every process. */
export async function createUsageIndexes(db: Db): Promise<void> {
  const { hours, days, months } = usageCells(db)
  for (const cells of [hours, days, months] as Collection<UsageCell>[]) {
    await cells.createIndex({ accountId: 1, at: 1 })
    await cells.createIndex({ at: 1, apiKeyId: 1 })
    await cells.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 })
  }
}
