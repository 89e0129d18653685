import type { AnyBulkWriteOperation, Db } from 'mongodb'
import { averagePerDay } from '../../rules/usage-period.ts'
import { type MonthCell, type PeakDay, usageCells } from '../../store/usage-cells.ts'
import { keptPeak } from './kept-peak.ts'
import { type CellDifference, proveKey, readCells, type Selection } from './prove-cells.ts'

export interface ClosedBatch {
  /** Keys with usage in the month. */
  keys: number
  accountIds: Set<string>
  /** Of the selection's day. */
  dayTotal: number
  dayFailed: number
  differences: CellDifference[]
  next: string | null
}

/**
 * Proves one batch of keys and writes average and peak into their months. Totals are never touched:
 * they belong to the roll-up, and a difference is for people to look into. Running it twice, or twice
 * at once, writes the same; should an older read win, the recorded totals differ from the cell's and
 * the next run sees a late call there.
 */
export async function closeKeys(
  db: Db,
  selection: Selection,
  closedThrough: number,
  now: number,
): Promise<ClosedBatch> {
  const { keys, next } = await readCells(db, selection)
  const batch: ClosedBatch = {
    keys: 0,
    accountIds: new Set(),
    dayTotal: 0,
    dayFailed: 0,
    differences: [],
    next,
  }
  const writes: AnyBulkWriteOperation<MonthCell>[] = []
  for (const key of keys) {
    batch.differences.push(...proveKey(key, selection))
    const today = key.days.find(({ at }) => at.getTime() === selection.day)
    batch.dayTotal += today?.total ?? 0
    batch.dayFailed += today?.failed ?? 0
    if (!key.month) continue
    batch.keys += 1
    batch.accountIds.add(key.month.accountId)
    const peak = selection.daysExist ? { peakDay: keptPeak(key.days) } : {}
    writes.push(closing(key.month, peak, closedThrough, now))
  }
  await write(db, writes)
  return batch
}

function closing(
  month: MonthCell,
  peak: { peakDay?: PeakDay | null },
  closedThrough: number,
  now: number,
): AnyBulkWriteOperation<MonthCell> {
  const set = {
    ...peak,
    averagePerDay: averagePerDay(month.total, month.at.getTime(), now),
    closedTotal: month.total,
    closedFailed: month.failed,
  }
  const update = { $set: set, $max: { closedThrough: new Date(closedThrough) } }
  return { updateOne: { filter: { _id: month._id }, update } }
}

/**
 * In small bulks, because each month written here while a roll-up's transaction wants it aborts that
 * flush, which is safe (it is done again) but late.
 */
async function write(db: Db, writes: AnyBulkWriteOperation<MonthCell>[]): Promise<void> {
  const { months } = usageCells(db)
  for (let from = 0; from < writes.length; from += 100) {
    await months.bulkWrite(writes.slice(from, from + 100), { ordered: false })
  }
}
