import type { ClientSession, Collection, Db } from 'mongodb'
import type { InvoiceKind } from '../rules/billing/invoice.ts'
import { ReckonedBefore } from './invoice-accounts.ts'

/** How far the documents of a kind are numbered. */
export interface InvoiceNumbersDoc {
  _id: InvoiceKind
  /** Given last. */
  last: number
}

export function invoiceNumbers(db: Db): Collection<InvoiceNumbersDoc> {
  return db.collection('invoiceNumbers')
}

/** Idempotent; called at start by every process that issues. */
export async function ensureInvoiceNumbers(db: Db, kinds: readonly InvoiceKind[]): Promise<void> {
  for (const _id of kinds) {
    await invoiceNumbers(db).updateOne({ _id }, { $setOnInsert: { last: 0 } }, { upsert: true })
  }
}

/** The number that the next document of a kind will have, if nobody takes it before. */
export async function nextInvoiceCount(db: Db, kind: InvoiceKind): Promise<number> {
  const found = await invoiceNumbers(db).findOne({ _id: kind })
  return (found?.last ?? 0) + 1
}

/**
 * Takes a number in the transaction that issues the document which already bears it: so numbers have no gap, whatever
 * dies, and a PDF is made outside of the transaction.
 * @throws ReckonedBefore where somebody else has taken it
 */
export async function takeInvoiceCount(
  db: Db,
  { kind, count }: { kind: InvoiceKind; count: number },
  session: ClientSession,
): Promise<void> {
  const { matchedCount } = await invoiceNumbers(db).updateOne(
    { _id: kind, last: count - 1 },
    { $set: { last: count } },
    { session },
  )
  if (matchedCount === 0) throw new ReckonedBefore(`number ${count} of ${kind} is taken`)
}
