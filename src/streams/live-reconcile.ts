import type { Db } from 'mongodb'
import { startOfDay, startOfHour, startOfMonth } from '../rules/calendar-time.ts'
import { apiKeys } from '../store/api-keys.ts'
import { usageCells } from '../store/usage-cells.ts'
import type { LiveTotals } from './live-messages.ts'
import type { KeyOfAccount } from './live-totals.ts'

const ACCOUNTS_A_QUERY = 1_000

type Calls = Omit<LiveTotals, keyof KeyOfAccount>

export interface AccountsUsage {
  /** Plans of all keys of these accounts. */
  tiers: (KeyOfAccount & { tier: string })[]
  /** Keys whose month tells more than is known. */
  advanced: KeyOfAccount[]
}

/**
 * One look at some accounts: two queries for each thousand of them, months only. Hours and days are
 * left to `readLiveTotals` for the few keys that moved.
 */
export async function readAccountsUsage(
  db: Db,
  accountIds: readonly string[],
  now: number,
  tellsMore: (key: KeyOfAccount, calls: Calls) => boolean,
): Promise<AccountsUsage> {
  const usage: AccountsUsage = { tiers: [], advanced: [] }
  for (let from = 0; from < accountIds.length; from += ACCOUNTS_A_QUERY) {
    const some = { $in: accountIds.slice(from, from + ACCOUNTS_A_QUERY) }
    const keys = apiKeys(db).find({ accountId: some }, { projection: { accountId: 1, tier: 1 } })
    for await (const { _id, accountId, tier } of keys) {
      usage.tiers.push({ apiKeyId: _id, accountId, tier })
    }
    const months = usageCells(db).months.find(
      { accountId: some, at: new Date(startOfMonth(now)) },
      { projection: { apiKeyId: 1, accountId: 1, total: 1, failed: 1 } },
    )
    for await (const { apiKeyId, accountId, total, failed } of months) {
      const key = { apiKeyId, accountId }
      if (tellsMore(key, monthOnly(now, total, failed))) usage.advanced.push(key)
    }
  }
  return usage
}

function monthOnly(now: number, monthTotal: number, monthFailed: number): Calls {
  return {
    ...{ at: now, hour: startOfHour(now), hourTotal: 0, hourFailed: 0 },
    ...{ day: startOfDay(now), dayTotal: 0, dayFailed: 0 },
    ...{ month: startOfMonth(now), monthTotal, monthFailed },
  }
}
