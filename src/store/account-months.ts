import type { Collection, Db } from 'mongodb'
import type { PeakDay } from './usage-cells.ts'

/**
 * The peak day of all keys of an account together. It cannot be derived from the peaks of the keys,
 * so aggregate-days keeps it before the days expire. Totals are not stored here: they are always the
 * sum of the keys' months.
 */
export interface AccountMonth {
  /** `<accountId>:2026-11` */
  _id: string
  accountId: string
  /** Start of the month, UTC. */
  at: Date
  peakDay: PeakDay | null
}

export function accountMonths(db: Db): Collection<AccountMonth> {
  return db.collection('accountMonths')
}
