import type { Collection, Db } from 'mongodb'

export interface AccountDoc {
  /** `acc_` + 16 base62 */
  _id: string
  name: string
  email: string
  /** The `sub` of the owner's dashboard token; unique. */
  userId: string
  /** ISO 4217 */
  currency: string
  createdAt: Date
  /** Days of grace after a failed payment, in place of the plan's. */
  graceDays?: number
  /** Who invoices are made out to, where that is not the account's name. */
  billingName?: string
  /** Lines. */
  billingAddress?: string[]
  taxId?: string
  /**
   * Raised first in each transaction that creates a key, a calendar feed, a channel or a test message: two
   * for one account then conflict, and the limits on what an owner has are counted by one of them at a time.
   */
  keyCreations?: number
}

export function accounts(db: Db): Collection<AccountDoc> {
  return db.collection('accounts')
}

/** Idempotent; called at start by every process. */
export async function createAccountIndexes(db: Db): Promise<void> {
  await accounts(db).createIndex({ userId: 1 }, { unique: true })
  await accounts(db).createIndex({ createdAt: -1, _id: -1 })
}
