import type { Db } from 'mongodb'
import { startOfMonth } from '../../rules/calendar-time.ts'
import { DAYS_PROVABLE_MS } from '../../rules/usage-proof.ts'
import { usageCells } from '../../store/usage-cells.ts'

/** Months before the running one whose days all still exist, oldest first. */
export function closedMonths(now: number): number[] {
  const months: number[] = []
  let month = startOfMonth(startOfMonth(now) - 1)
  while (month + DAYS_PROVABLE_MS > now) {
    months.unshift(month)
    month = startOfMonth(month - 1)
  }
  return months
}

/**
 * Keys of a closed month that were called (late) since it was last looked at: their totals differ from
 * those recorded then, or none were recorded. Ascending, at most `limit` above `after`.
 */
export async function keysWithLateCalls(
  db: Db,
  month: number,
  after: string,
  limit: number,
): Promise<string[]> {
  const moved = {
    $or: [{ $ne: ['$total', '$closedTotal'] }, { $ne: ['$failed', '$closedFailed'] }],
  }
  const cells = await usageCells(db)
    .months.find({ at: new Date(month), apiKeyId: { $gt: after }, $expr: moved })
    .sort({ apiKeyId: 1 })
    .limit(limit)
    .project<{ apiKeyId: string }>({ apiKeyId: 1 })
    .toArray()
  return cells.map(({ apiKeyId }) => apiKeyId)
}
