import type { Db } from 'mongodb'
import { DAY, dayName, startOfDay } from '../rules/calendar-time.ts'
import type { UsageHistory } from '../rules/forecast/usage-history.ts'
import { DAYS_LIVE_MS, usageCells } from './usage-cells.ts'

/** With today. The oldest day but one may expire while it is read. */
const DAYS_READ = DAYS_LIVE_MS / DAY

/**
 * The billed units of each day that is kept, of one key or of all keys that an account has or ever had.
 * Days without calls are zeros, those before the key was made too.
 */
export async function readUsageHistory(
  db: Db,
  { accountId, apiKeyId }: { accountId: string; apiKeyId: string | null },
  now: number,
): Promise<UsageHistory> {
  const today = startOfDay(now)
  const firstDay = today - (DAYS_READ - 1) * DAY
  const days = Array.from({ length: DAYS_READ }, (_, index) => firstDay + index * DAY)
  const totals =
    apiKeyId === null
      ? await totalsOfAccount(db, accountId, firstDay, today)
      : await totalsOfKey(db, apiKeyId, days)
  return { now, firstDay, days: days.map((day) => totals.get(day) ?? 0) }
}

async function totalsOfKey(
  db: Db,
  apiKeyId: string,
  days: readonly number[],
): Promise<Map<number, number>> {
  const ids = days.map((day) => `${apiKeyId}:${dayName(day)}`)
  const found = usageCells(db).days.find({ _id: { $in: ids } }, { projection: { at: 1, total: 1 } })
  return new Map((await found.toArray()).map(({ at, total }) => [at.getTime(), total]))
}

async function totalsOfAccount(
  db: Db,
  accountId: string,
  from: number,
  to: number,
): Promise<Map<number, number>> {
  const found = usageCells(db).days.aggregate<{ _id: Date; total: number }>([
    { $match: { accountId, at: { $gte: new Date(from), $lte: new Date(to) } } },
    { $group: { _id: '$at', total: { $sum: '$total' } } },
  ])
  return new Map((await found.toArray()).map(({ _id, total }) => [_id.getTime(), total]))
}
