import type { Db, UpdateFilter } from 'mongodb'
import { BadInput } from '../rules/bad-input.ts'
import { DAY } from '../rules/calendar-time.ts'
import { checkedThresholds } from '../rules/threshold.ts'
import { type ApiKeyDoc, apiKeys } from '../store/api-keys.ts'
import { type KeyScope, noSuchKey } from './api-key-commands.ts'

/** Longer, and nobody remembers it: `alertsEnabled` is for good. */
const LONGEST_SNOOZE_MS = 366 * DAY

/**
 * The key's own thresholds from now on, in place of all before. One that is reached already is raised
 * within seconds.
 * @throws BadInput, or ApiError NOT_FOUND
 */
export async function setAlertThresholds(
  db: Db,
  scope: KeyScope,
  given: Parameters<typeof checkedThresholds>[0],
): Promise<ApiKeyDoc> {
  return await changed(db, scope, {
    $set: { alertThresholds: checkedThresholds(given) },
    $currentDate: { levelsMovedAt: true },
  })
}

/**
 * Until then alerts of the key are recorded and published, and sent to nobody. Null: from now on they are
 * sent again.
 * @throws BadInput, or ApiError NOT_FOUND
 */
export async function snoozeAlerts(
  db: Db,
  scope: KeyScope,
  until: Date | null,
  now: number,
): Promise<ApiKeyDoc> {
  if (until === null) return await changed(db, scope, { $unset: { alertsSnoozedUntil: '' } })
  const ms = until.getTime() - now
  if (ms <= 0) throw new BadInput('"until" must lie in the future; null ends a snooze.')
  if (ms > LONGEST_SNOOZE_MS) throw new BadInput('"until" must lie within a year.')
  return await changed(db, scope, { $set: { alertsSnoozedUntil: until } })
}

async function changed(
  db: Db,
  { apiKeyId, accountId }: KeyScope,
  update: UpdateFilter<ApiKeyDoc>,
): Promise<ApiKeyDoc> {
  const filter = { _id: apiKeyId, ...(accountId !== null && { accountId }) }
  const apiKey = await apiKeys(db).findOneAndUpdate(filter, update, { returnDocument: 'after' })
  if (!apiKey) throw noSuchKey()
  return apiKey
}
