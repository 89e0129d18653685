import type { ClientSession, Collection, Db } from 'mongodb'

/** Money that a provider gave back. */
export interface ProviderRefundDoc {
  /** `STRIPE:ch_1` (all refunds of a charge), `PADDLE:adj_1` */
  _id: string
  /** Whose; null: a customer of nobody here, so far. */
  accountId: string | null
  /** By which the customer is found; null: none is told. */
  customerHash: string | null
  /** `STRIPE:sub_1`, as far as it is told. */
  subscription: string | null
  /** `STRIPE:in_1`, as far as it is told. */
  invoice: string | null
  /** All that went back so far, whole minor units. */
  total: number
  /** Of it, what the owner has been told; absent: nothing. */
  told?: number
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
  await providerRefunds(db).createIndex({ subscription: 1 })
  await providerRefunds(db).createIndex({ customerHash: 1 })
}

type NewProviderRefund = Omit<ProviderRefundDoc, 'told' | 'credited' | 'creditDue'>

/**
 * Events of one charge hold the sum of all its refunds: the largest counts, whichever comes last. What is known
 * stays known.
 * @returns all that is known of it now
 */
export async function keepProviderRefund(
  db: Db,
  { _id, total, at, currency, ...named }: NewProviderRefund,
  session: ClientSession,
): Promise<ProviderRefundDoc> {
  const known = Object.entries(named).map(([field, value]) => [
    field,
    { $ifNull: [`$${field}`, { $literal: value }] },
  ])
  const kept = await providerRefunds(db).findOneAndUpdate(
    { _id },
    [
      {
        $set: {
          ...Object.fromEntries(known),
          currency,
          total: { $max: ['$total', total] },
          at: { $min: ['$at', at] },
        },
      },
      // To nobody there is nothing to credit, until it is somebody's.
      { $set: { creditDue: { $ne: ['$accountId', null] } } },
    ],
    { upsert: true, returnDocument: 'after', session },
  )
  if (!kept) throw new Error(`${_id} could not be written`)
  return kept
}
