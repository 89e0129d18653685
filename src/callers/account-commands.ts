import { type Db, MongoServerError } from 'mongodb'
import { ApiError } from '../errors.ts'
import {
  checkedBillingAddress,
  checkedBillingLine,
  checkedCurrency,
  checkedEmail,
  checkedName,
  checkedUserId,
} from '../rules/account-input.ts'
import { BadInput } from '../rules/bad-input.ts'
import { type AccountDoc, accounts } from '../store/accounts.ts'
import { changeOwnAddress, ensureOwnAddress } from '../store/channels.ts'
import type { Encryption } from '../store/encryption.ts'
import { type RandomBytes, randomBase62 } from './base62.ts'

export interface NewAccount {
  name: string
  email: string
  /** The `sub` of the owner's tokens. */
  userId: string
  /** ISO 4217; USD where left out. */
  currency?: string | null | undefined
}

/** Who invoices are made out to; empty takes back what was said. */
export interface BillingParty {
  billingName?: string | null | undefined
  /** Lines. */
  billingAddress?: readonly string[] | null | undefined
  taxId?: string | null | undefined
}

export interface AccountChanges extends BillingParty {
  name?: string | null | undefined
  email?: string | null | undefined
  currency?: string | null | undefined
}

const duplicateKey = 11_000

/**
 * With its address as the first channel of its alerts, in one transaction.
 * @throws BadInput for a wrong field, or a `userId` that has an account already
 */
export async function createAccount(
  db: Db,
  input: NewAccount,
  tools: { clock: () => number; random: RandomBytes; encryption: Pick<Encryption, 'encrypt'> },
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
    await db.client.withSession((session) =>
      session.withTransaction(async () => {
        await accounts(db).insertOne(account, { session })
        await ensureOwnAddress(db, account, tools.encryption.encrypt, session)
      }),
    )
  } catch (error) {
    if (error instanceof MongoServerError && error.code === duplicateKey) {
      throw new BadInput('This "userId" has an account already.')
    }
    throw error
  }
  return account
}

/**
 * What is left out or null stays as it is. Alerts follow the e-mail address, in the same transaction.
 * @throws BadInput, or ApiError NOT_FOUND
 */
export async function updateAccount(
  db: Db,
  accountId: string,
  changes: AccountChanges,
  { encryption }: { encryption: Pick<Encryption, 'encrypt'> },
): Promise<AccountDoc> {
  const set: Partial<AccountDoc> = {
    ...(changes.name != null && { name: checkedName(changes.name) }),
    ...(changes.email != null && { email: checkedEmail(changes.email) }),
    ...(changes.currency != null && { currency: checkedCurrency(changes.currency) }),
  }
  const party = billingPartyOf(changes)
  const account =
    Object.keys({ ...set, ...party.$set, ...party.$unset }).length === 0
      ? await accounts(db).findOne({ _id: accountId })
      : await db.client.withSession((session) =>
          session.withTransaction(async () => {
            const changed = await accounts(db).findOneAndUpdate(
              { _id: accountId },
              { ...party, $set: { ...set, ...party.$set } },
              { returnDocument: 'after', session },
            )
            if (changed && set.email !== undefined) {
              await changeOwnAddress(db, changed, encryption.encrypt, session)
            }
            return changed
          }),
        )
  if (!account) throw new ApiError('NOT_FOUND', 'There is no such account.')
  return account
}

/** An empty field is one that the account has not. */
function billingPartyOf({ billingName, billingAddress, taxId }: BillingParty) {
  const given: Pick<AccountDoc, 'billingName' | 'billingAddress' | 'taxId'> = {
    ...(billingName != null && { billingName: checkedBillingLine(billingName, 'billingName') }),
    ...(billingAddress != null && { billingAddress: checkedBillingAddress(billingAddress) }),
    ...(taxId != null && { taxId: checkedBillingLine(taxId, 'taxId') }),
  }
  const isEmpty = ([, value]: [string, string | string[]]) => value.length === 0
  const empty = Object.entries(given)
    .filter(isEmpty)
    .map(([field]) => [field, ''] as const)
  return {
    $set: Object.fromEntries(Object.entries(given).filter((one) => !isEmpty(one))),
    ...(empty.length > 0 && { $unset: Object.fromEntries(empty) }),
  }
}
