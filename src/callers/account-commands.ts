import { type Db, MongoServerError } from 'mongodb'
import { ApiError } from '../errors.ts'
import {
  checkedCurrency,
  checkedEmail,
  checkedName,
  checkedUserId,
} from '../rules/account-input.ts'
import { BadInput } from '../rules/bad-input.ts'
import { type AccountDoc, accounts } from '../store/accounts.ts'
import { type RandomBytes, randomBase62 } from './base62.ts'

export interface NewAccount {
  name: string
  email: string
  /** The `sub` of the owner's tokens. */
  userId: string
  /** ISO 4217; USD where left out. */
  currency?: string | null | undefined
}

export interface AccountChanges {
  name?: string | null | undefined
  email?: string | null | undefined
  currency?: string | null | undefined
}

const duplicateKey = 11_000

/** @throws BadInput for a wrong field, or a `userId` that has an account already */
export async function createAccount(
  db: Db,
  input: NewAccount,
  tools: { clock: () => number; random: RandomBytes },
): Promise<AccountDoc> {
  const account: AccountDoc = {
    _id: `acc_${randomBase62(tools.random, 16)}`,
    name: checkedName(input.name),
    email: checkedEmail(input.email),
    userId: checkedUserId(input.userId),
    currency: checkedCurrency(input.currency ?? 'USD'),
    createdAt: new Date(tools.clock()),
  }
  try {
    await accounts(db).insertOne(account)
  } catch (error) {
    if (error instanceof MongoServerError && error.code === duplicateKey) {
      throw new BadInput('This "userId" has an account already.')
    }
    throw error
  }
  return account
}

/**
 * What is left out or null stays as it is.
 * @throws BadInput, or ApiError NOT_FOUND
 */
export async function updateAccount(
  db: Db,
  accountId: string,
  changes: AccountChanges,
): Promise<AccountDoc> {
  const set: Partial<AccountDoc> = {
    ...(changes.name != null && { name: checkedName(changes.name) }),
    ...(changes.email != null && { email: checkedEmail(changes.email) }),
    ...(changes.currency != null && { currency: checkedCurrency(changes.currency) }),
  }
  const account =
    Object.keys(set).length === 0
      ? await accounts(db).findOne({ _id: accountId })
      : await accounts(db).findOneAndUpdate(
          { _id: accountId },
          { $set: set },
          { returnDocument: 'after' },
        )
  if (!account) throw new ApiError('NOT_FOUND', 'There is no such account.')
  return account
}
