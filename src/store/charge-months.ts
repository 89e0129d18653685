import type { ClientSession, Collection, Db } from 'mongodb'
import type { InvoiceReason } from './usage-charges.ts'

/** What is left to an invoice of ours, and why. */
export interface InvoiceShare {
  units: number
  reason: InvoiceReason
  /** In words, with what the provider said. */
  because: string
  /** Start of the day with which it was decided. */
  day: Date
  /** The charge; PROTOCOL.md says how it is named. */
  charge: string
  at: Date
}

/**
 * What became of a key's calls above the limit in a month in which a provider billed the key. Absent: nothing
 * was above the limit yet, or no provider had anything to do with the key.
 * reportedUnits + toNextInvoiceUnits = all that was decided; acknowledgedUnits = reportedUnits once it is settled.
 */
export interface ChargeMonthDoc {
  /** `<apiKeyId>:2026-11` */
  _id: string
  apiKeyId: string
  accountId: string
  /** `2026-11` */
  month: string
  /** Raised first in each transaction that changes it: two of them conflict. */
  version: number
  /** Start of the last day that something was decided about; null: none yet. */
  through: Date | null
  /** The largest plan held, as of then. */
  tier: string
  /** Billed units of the month when it was last looked at. */
  usage: number
  /** Calls above the limit that the provider was or is to be told of. */
  reportedUnits: number
  /** Of these it has so many. */
  acknowledgedUnits: number
  /** Calls above the limit that go on an invoice of ours; only ever grows. */
  toNextInvoiceUnits: number
  reasons: InvoiceShare[]
  updatedAt: Date
}

export function chargeMonths(db: Db): Collection<ChargeMonthDoc> {
  return db.collection('usageChargeMonths')
}

/** Idempotent; called at start by every process. */
export async function createChargeMonthIndexes(db: Db): Promise<void> {
  await chargeMonths(db).createIndex({ month: 1, apiKeyId: 1 })
  await chargeMonths(db).createIndex({ accountId: 1, month: 1 })
}

type MonthName = Pick<ChargeMonthDoc, 'apiKeyId' | 'accountId' | 'month'>

/** The month, made where it is missing, and locked for this transaction. */
export async function lockChargeMonth(
  db: Db,
  { apiKeyId, accountId, month }: MonthName,
  tier: string,
  now: Date,
  session: ClientSession,
): Promise<ChargeMonthDoc> {
  const empty = {
    ...{ apiKeyId, accountId, month, through: null, tier, usage: 0, reasons: [], updatedAt: now },
    ...{ reportedUnits: 0, acknowledgedUnits: 0, toNextInvoiceUnits: 0 },
  }
  const found = await chargeMonths(db).findOneAndUpdate(
    { _id: `${apiKeyId}:${month}` },
    { $inc: { version: 1 }, $setOnInsert: empty },
    { upsert: true, returnDocument: 'after', session },
  )
  if (!found) throw new Error(`${apiKeyId}:${month} could not be written`)
  return found
}
