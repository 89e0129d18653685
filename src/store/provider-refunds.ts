import type { ClientSession, Collection, Db } from 'mongodb'

/** Money that a provider gave back. */
export interface ProviderRefundDoc {
  /** `STRIPE:ch_1` (all refunds of a charge), `PADDLE:adj_1` */
  _id: string
  /** Whose; null: a customer of nobody here. */
  accountId: string | null
  /** `STRIPE:sub_1`, as far as it is told. */
  subscription: string | null
  /** `STRIPE:in_1`, as far as it is told. */
  invoice: string | null
  /** All that went back so far, whole minor units. */
  total: number
  /** ISO 4217 */
  currency: string
  /** When the first of it went back. */
  at: Date
  /** Of it there are credit notes; absent: none. */
  credited?: number
  /** There may be more to credit; absent or false: all of it is told. */
  creditDue?: boolean
}

export function providerRefunds(db: Db): Collection<ProviderRefundDoc> {
  return db.collection('providerRefunds')
}

/** Idempotent; called at start by every process. */
export async function createProviderRefundIndexes(db: Db): Promise<void> {
  await providerRefunds(db).createIndex({ accountId: 1, at: 1 })
  await providerRefunds(db).createIndex(
    { at: 1 },
    { partialFilterExpression: { creditDue: true }, name: 'credit due' },
  )
}

/**
 * Events of one charge hold the sum of all its refunds: the largest counts, whichever comes last.
 * @returns what went back by this event, minor units; 0: it was known
 */
export async function keepProviderRefund(
  db: Db,
  { _id, total, at, ...refund }: ProviderRefundDoc,
  session: ClientSession,
): Promise<number> {
  const before = await providerRefunds(db).findOneAndUpdate(
    { _id },
    { $set: { ...refund, creditDue: true }, $max: { total }, $min: { at } },
    { upsert: true, returnDocument: 'before', session },
  )
  return Math.max(0, total - (before?.total ?? 0))
}
