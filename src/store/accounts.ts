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
}

export function accounts(db: Db): Collection<AccountDoc> {
  return db.collection('accounts')
}
