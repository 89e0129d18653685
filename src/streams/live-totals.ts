import type { Db } from 'mongodb'
import {
  dayName,
  hourName,
  monthName,
  startOfDay,
  startOfHour,
  startOfMonth,
} from '../rules/calendar-time.ts'
import { type UsageCell, usageCells } from '../store/usage-cells.ts'
import type { LiveTotals } from './live-messages.ts'

export interface KeyOfAccount {
  apiKeyId: string
  accountId: string
}

/**
 * The running hour, day and month of some keys from MongoDB, zeros where nothing was counted. The
 * months are read first: a roll-up between the reads makes an hour or day newer than its month, and
 * the state that follows puts that right, while the reverse could hide it.
 */
export async function readLiveTotals(
  db: Db,
  keys: readonly KeyOfAccount[],
  now: number,
): Promise<LiveTotals[]> {
  const ids = keys.map(({ apiKeyId }) => apiKeyId)
  const { hours, days, months } = usageCells(db)
  const monthCells = await byKey(months, ids, monthName(now))
  const [dayCells, hourCells] = await Promise.all([
    byKey(days, ids, dayName(now)),
    byKey(hours, ids, hourName(now)),
  ])
  return keys.map(({ apiKeyId, accountId }) => {
    const [hour, day] = [hourCells.get(apiKeyId), dayCells.get(apiKeyId)]
    const month = monthCells.get(apiKeyId)
    return {
      ...{ apiKeyId, accountId, at: now },
      ...{ hour: startOfHour(now), hourTotal: hour?.total ?? 0, hourFailed: hour?.failed ?? 0 },
      ...{ day: startOfDay(now), dayTotal: day?.total ?? 0, dayFailed: day?.failed ?? 0 },
      month: startOfMonth(now),
      monthTotal: month?.total ?? 0,
      monthFailed: month?.failed ?? 0,
    }
  })
}

interface CellReader {
  find: ReturnType<typeof usageCells>['days']['find']
}

async function byKey(
  cells: CellReader,
  ids: readonly string[],
  period: string,
): Promise<Map<string, UsageCell>> {
  const found = await cells
    .find(
      { _id: { $in: ids.map((id) => `${id}:${period}`) } },
      { projection: { apiKeyId: 1, total: 1, failed: 1 } },
    )
    .toArray()
  return new Map(found.map((cell) => [cell.apiKeyId, cell]))
}
