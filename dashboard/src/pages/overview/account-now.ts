import type { OverviewQuery } from '../../gql/graphql.ts'
import { type KeyUsage, keyUsage, type LiveTotal } from '../../graphql/key-usage.ts'

export type OverviewAccount = NonNullable<OverviewQuery['account']>
export type OverviewMonth = NonNullable<OverviewQuery['monthlyUsage']>

export interface KeyRow extends KeyUsage {
  id: string
  name: string
  prefix: string
  status: OverviewAccount['apiKeys'][number]['status']
  tier: string
}

/** All keys of an account together, by now. */
export interface AccountNow extends KeyUsage {
  /** Oldest first; a revoked key stays for the month in which it was called. */
  rows: readonly KeyRow[]
}

/** @param now ms */
export function accountNow(
  account: OverviewAccount,
  month: OverviewMonth,
  live: ReadonlyMap<string, LiveTotal>,
  now: number,
): AccountNow {
  const read = new Map(month.apiKeys.map((one) => [one.apiKey.id, one]))
  const rows = account.apiKeys
    .filter(({ id, status }) => status !== 'REVOKED' || read.has(id))
    .map(({ id, name, prefix, status, tier, monthlyLimit }) => ({
      ...{ id, name, prefix, status, tier },
      ...keyUsage(live.get(id), read.get(id), monthlyLimit, now),
    }))
  const open = rows.filter(({ status }) => status !== 'REVOKED')
  const sum = (of: 'month' | 'day' | 'hour') => rows.reduce((all, row) => all + row[of], 0)
  return {
    rows,
    ...{ month: sum('month'), day: sum('day'), hour: sum('hour') },
    ...{ limit: sumOf(open, 'limit'), remaining: sumOf(open, 'remaining') },
  }
}

/** One without a limit, and there is none. */
function sumOf(rows: readonly KeyRow[], of: 'limit' | 'remaining'): number | null {
  return rows.reduce<number | null>((all, { [of]: one }) => {
    return all === null || one === null ? null : all + one
  }, 0)
}
