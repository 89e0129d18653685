import type { Db } from 'mongodb'
import { monthName } from '../../rules/calendar-time.ts'
import { daysOfMonth } from '../../rules/usage-period.ts'
import { accountMonths } from '../../store/account-months.ts'
import { usageCells } from '../../store/usage-cells.ts'
import { keptPeak } from './kept-peak.ts'

const BATCH = 100

/** Keeps the peak day of each account in a month whose days all still exist. Returns how many accounts. */
export async function closeAccounts(
  db: Db,
  month: number,
  accountIds: AsyncIterable<string> | Iterable<string>,
): Promise<number> {
  let closed = 0
  let batch: string[] = []
  for await (const accountId of accountIds) {
    batch.push(accountId)
    if (batch.length < BATCH) continue
    closed += await closeBatch(db, month, batch)
    batch = []
  }
  return closed + (await closeBatch(db, month, batch))
}

/** Every account with usage in the month, streamed: there may be more than memory wants to hold. */
export async function* accountsWithUsage(db: Db, month: number): AsyncIterable<string> {
  const accounts = usageCells(db).months.aggregate<{ _id: string }>(
    [{ $match: { at: new Date(month) } }, { $group: { _id: '$accountId' } }],
    { allowDiskUse: true },
  )
  for await (const { _id } of accounts) yield _id
}

async function closeBatch(db: Db, month: number, accountIds: string[]): Promise<number> {
  if (accountIds.length === 0) return 0
  const at = { $in: daysOfMonth(month).map((day) => new Date(day)) }
  const days = await usageCells(db)
    .days.find({ accountId: { $in: accountIds }, at })
    .toArray()
  const byAccount = Map.groupBy(days, ({ accountId }) => accountId)
  const writes = accountIds.map((accountId) => ({
    updateOne: {
      filter: { _id: `${accountId}:${monthName(month)}` },
      update: {
        $set: {
          accountId,
          at: new Date(month),
          peakDay: keptPeak(byAccount.get(accountId) ?? []),
        },
      },
      upsert: true,
    },
  }))
  await accountMonths(db).bulkWrite(writes, { ordered: false })
  return accountIds.length
}
