import type { ClientSession, Collection, Db } from 'mongodb'
import type { SaidInvoice } from '../rules/billing/provider-event.ts'

/** An invoice that a provider sent (Paddle: a transaction), as far as its events told. */
export interface ProviderInvoiceDoc {
  /** `STRIPE:in_1` */
  _id: string
  /** `STRIPE:sub_1` */
  subscription: string
  /** As customers see it; null: it has none yet. */
  number: string | null
  createdAt: Date
  /** When an event first said so; null: not paid. */
  paidAt: Date | null
  /** Whole minor units. */
  total: number
  /** ISO 4217 */
  currency: string
}

export function providerInvoices(db: Db): Collection<ProviderInvoiceDoc> {
  return db.collection('providerInvoices')
}

/** Idempotent; called at start by every process. */
export async function createProviderInvoiceIndexes(db: Db): Promise<void> {
  await providerInvoices(db).createIndex({ subscription: 1, createdAt: 1 })
}

/** What is paid stays paid, whatever comes late; a number that was told stays known. */
export async function keepProviderInvoice(
  db: Db,
  { _id, subscription, at, ...said }: SaidInvoiceOf,
  session: ClientSession,
): Promise<ProviderInvoiceDoc> {
  const { number, paid, total, currency, createdAt } = said
  const found = await providerInvoices(db).findOneAndUpdate(
    { _id },
    [
      {
        $set: {
          ...{ subscription, total, currency, createdAt: new Date(createdAt) },
          number: { $ifNull: [{ $literal: number }, '$number', null] },
          paidAt: { $ifNull: ['$paidAt', paid ? new Date(at) : null] },
        },
      },
    ],
    { upsert: true, returnDocument: 'after', session },
  )
  if (!found) throw new Error(`${_id} could not be written`)
  return found
}

type SaidInvoiceOf = Omit<SaidInvoice, 'id'> & {
  _id: string
  subscription: string
  /** When the event happened, ms. */
  at: number
}
