import type { Db } from 'mongodb'
import { ApiError } from '../errors.ts'
import {
  checkedAddress,
  checkedCurrency,
  checkedEmail,
  checkedGraceDays,
  checkedName,
  checkedUserId,
} from '../rules/account-input.ts'
import { BadInput } from '../rules/bad-input.ts'
import type { Plans } from '../rules/plan.ts'
import { type AccountDoc, accounts } from '../store/accounts.ts'
import { changeOwnAddress, ensureOwnAddress } from '../store/channels.ts'
import { isDuplicateKey } from '../store/database.ts'
import type { Encryption } from '../store/encryption.ts'
import { createSettleTools, settleAccount } from '../store/settle-subscription.ts'
import { nameOf } from './api-key-commands.ts'
import { type RandomBytes, randomBase62 } from './base62.ts'

export interface NewAccount {
  name: string
  email: string
  /** The `sub` of the owner's tokens. */
  userId: string
  /** ISO 4217; USD where left out. */
  currency?: string | null | undefined
}

/** Of what stands below the line null takes away what was said. */
export interface AccountChanges {
  name?: string | null | undefined
  email?: string | null | undefined
  currency?: string | null | undefined
  // ---
  graceDays?: number | null | undefined
  /** Whom invoices are made out to. */
  billingName?: string | null | undefined
  /** Lines. */
  billingAddress?: readonly string[] | null | undefined
  taxId?: string | null | undefined
}

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
    if (isDuplicateKey(error)) {
      throw new BadInput('This "userId" has an account already.')
    }
    throw error
  }
  return account
}

/**
 * What is left out stays as it is. Alerts follow the e-mail address, and what is past due the days of grace, in
 * the same transaction.
 * @param by who orders it: days of grace are the admin's to choose
 * @throws BadInput, or ApiError NOT_FOUND or FORBIDDEN
 */
export async function updateAccount(
  db: Db,
  { accountId, by }: { accountId: string; by: 'owner' | 'admin' },
  changes: AccountChanges,
  { encryption, plans, clock }: { encryption: Encryption; plans: Plans; clock: () => number },
): Promise<AccountDoc> {
  if (changes.graceDays !== undefined && by !== 'admin') {
    throw new ApiError('FORBIDDEN', '"graceDays" is the admin\'s to choose.')
  }
  const { $set, $unset } = updateOf(changes)
  if (Object.keys({ ...$set, ...$unset }).length === 0) {
    return await found(accounts(db).findOne({ _id: accountId }))
  }
  return await db.client.withSession((session) =>
    session.withTransaction(async () => {
      const after = { returnDocument: 'after', session } as const
      const changing = accounts(db).findOneAndUpdate({ _id: accountId }, { $set, $unset }, after)
      const account = await found(changing)
      if ($set.email !== undefined) {
        await changeOwnAddress(db, account, encryption.encrypt, session)
      }
      if (changes.graceDays !== undefined) {
        const tools = createSettleTools({ db, plans, encryption, now: clock() })
        const because = `${nameOf.admin} changed the days of grace of the account.`
        const cause = { cause: by, because, happenedAt: tools.now }
        await settleAccount(tools, accountId, cause, session)
      }
      return account
    }),
  )
}

/** Null: of what invoices need and of the days of grace it takes away, of the rest it changes nothing. */
function updateOf(changes: AccountChanges): {
  $set: Partial<AccountDoc>
  $unset: { [Field in (typeof removable)[number]]?: '' }
} {
  const { name, email, currency, graceDays, billingName, billingAddress, taxId } = changes
  const removed = removable.filter((field) => changes[field] === null)
  return {
    $set: {
      ...(name != null && { name: checkedName(name) }),
      ...(email != null && { email: checkedEmail(email) }),
      ...(currency != null && { currency: checkedCurrency(currency) }),
      ...(graceDays != null && { graceDays: checkedGraceDays(graceDays) }),
      ...(billingName != null && { billingName: checkedName(billingName, 'billingName') }),
      ...(billingAddress != null && { billingAddress: checkedAddress(billingAddress) }),
      ...(taxId != null && { taxId: checkedName(taxId, 'taxId') }),
    },
    $unset: Object.fromEntries(removed.map((field) => [field, ''])),
  }
}

const removable = ['graceDays', 'billingName', 'billingAddress', 'taxId'] as const

/** @throws ApiError NOT_FOUND */
async function found(finding: Promise<AccountDoc | null>): Promise<AccountDoc> {
  const account = await finding
  if (!account) throw new ApiError('NOT_FOUND', 'There is no such account.')
  return account
}
