import type { Binary, Collection, Db } from 'mongodb'
import type { BillingProvider } from '../rules/billing/fact.ts'
import { DAY } from '../rules/calendar-time.ts'
import { isDuplicateKey } from './database.ts'
import type { Encrypted } from './encryption.ts'

/**
 * IGNORED: it changes nothing, for the reason told (an unknown type, the other mode, a customer of somebody
 * else's). DEAD: it could not be applied; an operator looks into it and replays it.
 */
export type InboxStatus = 'PENDING' | 'APPLIED' | 'IGNORED' | 'DEAD'

/** One event of a provider, as it was received: stored before it is answered, applied later. */
export interface InboxDoc {
  /** `STRIPE:evt_1` */
  _id: string
  provider: BillingProvider
  eventId: string
  type: string
  receivedAt: Date
  /** SHA-256 of what it says, base64url: tells other content under the same id. */
  contentHash: string
  /** How often it came again; absent: never. */
  repeats?: number
  /** The raw body, bound to `_id` and `raw`; null 90 days after it was applied. */
  raw: Encrypted | null
  status: InboxStatus
  /** Why it is IGNORED or DEAD, in plain words; null otherwise. */
  because: string | null
  attempts: number
  /** From when on it is due; moved ahead after a failure, and to the end of the lease while it is applied. */
  dueAt: Date
  /** Who applies it now, in which session, until when on MongoDB's clock; absent: nobody. */
  lease?: { owner: string; lsid: Binary; until: Date }
  /** When it was applied, ignored or given up; null: not yet. */
  settledAt: Date | null
}

/** Raw bodies go so long after they were settled; what they said stays as facts. */
export const RAW_KEPT_MS = 90 * DAY

export function billingInbox(db: Db): Collection<InboxDoc> {
  return db.collection('billingInbox')
}

/** Idempotent; called at start by every process. */
export async function createBillingInboxIndexes(db: Db): Promise<void> {
  await billingInbox(db).createIndex({ status: 1, dueAt: 1 })
  await billingInbox(db).createIndex({ receivedAt: -1, _id: -1 })
  await billingInbox(db).createIndex({ status: 1, receivedAt: -1, _id: -1 })
  await billingInbox(db).createIndex(
    { settledAt: 1 },
    { partialFilterExpression: { 'raw.keyId': { $exists: true } } },
  )
}

export type NewInboxDoc = Pick<
  InboxDoc,
  '_id' | 'provider' | 'eventId' | 'type' | 'receivedAt' | 'contentHash' | 'raw'
>

/**
 * Stores an event once; settles when a majority has it.
 * @returns whether it was there, and whether what was there says something else: that one stays
 * @throws what MongoDB throws; whether it was stored is then told by trying again
 */
export async function keepInInbox(
  db: Db,
  event: NewInboxDoc,
): Promise<'new' | 'same' | 'other content'> {
  const { _id, receivedAt: dueAt } = event
  try {
    await billingInbox(db).insertOne({
      ...event,
      ...{ status: 'PENDING', because: null, attempts: 0, dueAt, settledAt: null },
    })
    return 'new'
  } catch (error) {
    if (!isDuplicateKey(error)) throw error
    // Written and not read: the first may still be on its way to a majority, and this settles after it.
    const first = await billingInbox(db).findOneAndUpdate(
      { _id },
      { $inc: { repeats: 1 } },
      { returnDocument: 'after', projection: { contentHash: 1 } },
    )
    return first?.contentHash === event.contentHash ? 'same' : 'other content'
  }
}

/**
 * Makes a settled event PENDING again. One that is PENDING is left as it is: it may be being applied.
 * @returns the event as it is then
 */
export async function replayInboxEvent(
  db: Db,
  _id: string,
  now: Date,
): Promise<InboxDoc | 'unknown' | 'without body'> {
  const again: Pick<InboxDoc, 'status' | 'because' | 'attempts' | 'dueAt' | 'settledAt'> = {
    ...{ status: 'PENDING', because: null, attempts: 0, dueAt: now, settledAt: null },
  }
  const replayed = await billingInbox(db).findOneAndUpdate(
    { _id, status: { $ne: 'PENDING' }, 'raw.keyId': { $exists: true } },
    { $set: again, $unset: { lease: '' } },
    { returnDocument: 'after' },
  )
  if (replayed) return replayed
  const found = await billingInbox(db).findOne({ _id })
  if (!found) return 'unknown'
  return found.status === 'PENDING' ? found : 'without body'
}

/**
 * Deletes the bodies of events that were settled before; what they said stays as facts. Any number of processes
 * may do it.
 * @param most at once
 * @returns how many
 */
export async function forgetRawBodies(db: Db, before: Date, most: number): Promise<number> {
  const old = { settledAt: { $lt: before }, 'raw.keyId': { $exists: true } }
  const found = await billingInbox(db)
    .find(old, { projection: { _id: 1 } })
    .sort({ settledAt: 1 })
    .limit(most)
    .toArray()
  if (found.length === 0) return 0
  // A replay may have come between.
  const { modifiedCount } = await billingInbox(db).updateMany(
    { ...old, _id: { $in: found.map(({ _id }) => _id) } },
    { $set: { raw: null } },
  )
  return modifiedCount
}
