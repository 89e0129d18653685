import type { ClientSession, Db } from 'mongodb'
import type { FactLink } from '../rules/billing/fact.ts'
import { accounts } from './accounts.ts'
import { type ApiKeyDoc, apiKeys } from './api-keys.ts'

/** Enough to tell one from several. */
const TWO = 2

/**
 * The key that a subscription is for. A prefix names one only where no other key begins so; an owner without a
 * key names his only one that is not revoked. Where both are told they must belong together: metadata may come
 * from a browser, and a stranger's subscription must not decide about a key.
 * @returns null where they name no key of ours, or none alone
 */
export async function linkedKey(
  db: Db,
  { apiKey, userId }: FactLink,
  session: ClientSession,
): Promise<ApiKeyDoc | null> {
  if (apiKey === null && userId === null) return null
  const account = userId === null ? null : await accounts(db).findOne({ userId }, { session })
  if (userId !== null && account === null) return null
  const ofAccount = account === null ? {} : { accountId: account._id }
  if (apiKey !== null) {
    const named = await apiKeys(db).findOne({ _id: apiKey, ...ofAccount }, { session })
    if (named) return named
  }
  const which = apiKey === null ? { revokedAt: null } : { prefix: apiKey }
  const found = await apiKeys(db)
    .find({ ...which, ...ofAccount }, { session })
    .limit(TWO)
    .toArray()
  return found.length === 1 ? (found[0] ?? null) : null
}
