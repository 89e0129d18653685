import type { Db } from 'mongodb'
import { checkedOverageCap } from '../rules/hard-limit.ts'
import { type ApiKeyDoc, apiKeys } from '../store/api-keys.ts'
import { type KeyScope, noSuchKey } from './api-key-commands.ts'

/**
 * How many calls above the limit a month may be billed. It holds from the next call on, also where more were
 * billed already; on plans that stop at their limit it says nothing.
 * @param units 0: none, a hard stop at the limit; null: any number
 * @throws BadInput, or ApiError NOT_FOUND
 */
export async function setOverageCap(
  db: Db,
  { apiKeyId, accountId }: KeyScope,
  units: number | null,
): Promise<ApiKeyDoc> {
  const overageCap = units === null ? null : checkedOverageCap(units)
  const changed = await apiKeys(db).findOneAndUpdate(
    { _id: apiKeyId, ...(accountId !== null && { accountId }) },
    { $set: { overageCap } },
    { returnDocument: 'after' },
  )
  if (!changed) throw noSuchKey()
  return changed
}
