import type { Db, Filter, UpdateFilter } from 'mongodb'
import { accessOf, recordAccessChange, sameAccess } from './access-history.ts'
import { type ApiKeyDoc, apiKeys } from './api-keys.ts'

/** A change of what a key may do that somebody orders. */
export interface AccessOrder {
  /** Which key; one that does not fit stays as it is. */
  filter: Filter<ApiKeyDoc>
  update: UpdateFilter<ApiKeyDoc>
  by: 'owner' | 'admin'
  /** Plain words. */
  because: string
  /** ms */
  now: number
}

/**
 * Changes the key and enters it in its history, in one transaction that writes the key first: what billing
 * decides about it meanwhile conflicts, and one of the two decides again.
 * @returns the key as it is then; null where none fits
 */
export async function changeAccess(db: Db, order: AccessOrder): Promise<ApiKeyDoc | null> {
  const { filter, update, by, because, now } = order
  return await db.client.withSession((session) =>
    session.withTransaction(async () => {
      const after = { session, returnDocument: 'after' } as const
      const raise = { $inc: { accessVersion: 1 } }
      const before = await apiKeys(db).findOneAndUpdate(filter, raise, after)
      if (!before) return null
      const { _id: apiKeyId, accountId } = before
      const changed = await apiKeys(db).findOneAndUpdate({ _id: apiKeyId }, update, after)
      if (!changed) return null
      const [from, to] = [accessOf(before), accessOf(changed)]
      if (sameAccess(from, to)) return changed
      const at = new Date(now)
      const entry = { apiKeyId, accountId, from, to, because, cause: by }
      await recordAccessChange(db, { ...entry, recordedAt: at, happenedAt: at }, session)
      return changed
    }),
  )
}
