import type { ClientSession, Db } from 'mongodb'
import { ApiError } from '../errors.ts'
import { accounts } from '../store/accounts.ts'

/**
 * Written first in a transaction, so that what is counted for one account is counted by one at a time.
 * @throws ApiError NOT_FOUND
 */
export async function guardAccount(
  db: Db,
  accountId: string,
  session: ClientSession,
): Promise<void> {
  const guard = { $inc: { keyCreations: 1 } }
  const { matchedCount } = await accounts(db).updateOne({ _id: accountId }, guard, { session })
  if (matchedCount === 0) throw new ApiError('NOT_FOUND', 'There is no such account.')
}
