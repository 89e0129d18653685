import type { ClientSession, Collection, Db } from 'mongodb'
import { isDuplicateKey } from './database.ts'

/** How far an account is invoiced, beside its documents. */
export interface InvoiceAccountDoc {
  /** The account. */
  _id: string
  /**
   * Raised by each document that is issued for the account: what another has reckoned before that is reckoned
   * anew, so that no call is charged twice.
   */
  version: number
  /** Months that were settled without a document, `2026-11:INVOICE`: calls that come late are told from it. */
  empty: string[]
}

/** Something was issued for the account, or took the number, since this was reckoned: do it anew. */
export class ReckonedBefore extends Error {
  override readonly name = 'ReckonedBefore'
}

export function invoiceAccounts(db: Db): Collection<InvoiceAccountDoc> {
  return db.collection('invoiceAccounts')
}

/**
 * Raises the version, in the transaction of what is issued.
 * @param version as it was read; 0: there was none
 * @param empty a month that is settled without a document
 * @throws ReckonedBefore where it is another by now
 */
export async function raiseAccountVersion(
  db: Db,
  { accountId: _id, version }: { accountId: string; version: number },
  session: ClientSession | undefined,
  empty?: string,
): Promise<void> {
  const options = session ? { session } : {}
  try {
    if (version === 0) {
      const first = { _id, version: 1, empty: empty === undefined ? [] : [empty] }
      await invoiceAccounts(db).insertOne(first, options)
      return
    }
  } catch (error) {
    if (!isDuplicateKey(error)) throw error
    throw new ReckonedBefore(`${_id} was invoiced meanwhile`)
  }
  const { matchedCount } = await invoiceAccounts(db).updateOne(
    { _id, version },
    { $inc: { version: 1 }, ...(empty !== undefined && { $addToSet: { empty } }) },
    options,
  )
  if (matchedCount === 0) throw new ReckonedBefore(`${_id} was invoiced meanwhile`)
}

/**
 * What is being reckoned for the account is reckoned anew: something that decides about it changes in this
 * transaction.
 */
export async function reckonAnew(db: Db, accountId: string, session: ClientSession): Promise<void> {
  await invoiceAccounts(db).updateOne(
    { _id: accountId },
    { $inc: { version: 1 }, $setOnInsert: { empty: [] } },
    { upsert: true, session },
  )
}
