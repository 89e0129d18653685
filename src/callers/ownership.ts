import type { Db } from 'mongodb'
import type { Caller } from '../context.ts'
import { ApiError } from '../errors.ts'
import type { CallerKind } from '../rules/access.ts'
import { BadInput } from '../rules/bad-input.ts'
import type { ApiKeyDoc } from '../store/api-keys.ts'
import { type KeyScope, keyIn, noSuchKey } from './api-key-commands.ts'

/** What a caller counts as where a root field's access is checked; nobody for anonymous. */
export function rolesOf(caller: Caller): readonly CallerKind[] {
  if (caller.kind === 'anonymous') return []
  return caller.kind === 'account' && caller.admin ? ['account', 'admin'] : [caller.kind]
}

/**
 * The account that a caller acts for.
 * @throws ApiError FORBIDDEN for the admin key, which acts for none
 */
export function ownAccountId(caller: Caller): string {
  if (caller.kind === 'apiKey' || caller.kind === 'account') return caller.account._id
  throw new ApiError('FORBIDDEN', 'This needs an account.')
}

/**
 * The account that `accountId` names to the admin; to an owner his own, and no other exists.
 * @param argument how the client calls it
 * @throws BadInput where the admin key names none, or ApiError NOT_FOUND
 */
export function accountInScope(
  caller: Caller,
  accountId: string | null | undefined,
  argument = 'accountId',
): string {
  if (rolesOf(caller).includes('admin') && accountId != null) return accountId
  if (caller.kind === 'admin') throw new BadInput(`"${argument}" says which account.`)
  const own = ownAccountId(caller)
  if (accountId != null && accountId !== own) {
    throw new ApiError('NOT_FOUND', 'There is no such account.')
  }
  return own
}

/** Which of the keys named `apiKeyId` a command may reach: the owner's own; any, for the admin. */
export function commandScope(caller: Caller, apiKeyId: string): KeyScope {
  const isAdmin = rolesOf(caller).includes('admin')
  return { apiKeyId, accountId: isAdmin ? null : ownAccountId(caller) }
}

/**
 * The key that a query names: an API key sees itself alone, a bearer token every key of its account.
 * @throws ApiError NOT_FOUND, the same for another account's key and for none
 */
export async function visibleKey(db: Db, caller: Caller, apiKeyId: string): Promise<ApiKeyDoc> {
  if (caller.kind === 'apiKey' && caller.apiKey._id !== apiKeyId) throw noSuchKey()
  return await keyIn(db, { apiKeyId, accountId: ownAccountId(caller) })
}
