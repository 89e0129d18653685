import type { ClientSession, Collection, Db } from 'mongodb'

/** What billing tells others of: in the topic `billing-events`, to subscribers, and by mail. */
export type BillingNoticeType =
  | 'subscription-changed'
  | 'access-changed'
  | 'payment-failed'
  | 'payment-received'
  | 'payment-reminder'
  | 'invoice-issued'
  | 'invoice-paid'
  | 'refund-recorded'
  | 'dispute-opened'

/** One thing that happened, once: inserted in the transaction of what it tells of. */
export interface BillingNotice {
  /** Opaque and stable: the topic's event id, and the name of a mail. */
  _id: string
  accountId: string
  apiKeyId: string | null
  /** Counted up within the account. */
  sequence: number
  type: BillingNoticeType
  at: Date
  /** As PROTOCOL.md describes for the type; JSON. */
  data: Record<string, unknown>
  /** Null once it has its number in the topic. */
  unpublishedSince: Date | null
  topicNumber?: number
}

interface BillingCounter {
  /** The account. */
  _id: string
  /** Given last. */
  sequence: number
}

export function billingNotices(db: Db): Collection<BillingNotice> {
  return db.collection('billingNotices')
}

/** The last number of each account's notices. */
export function billingCounters(db: Db): Collection<BillingCounter> {
  return db.collection('billingCounters')
}

/** Idempotent; called at start by every process. */
export async function createBillingNoticeIndexes(db: Db): Promise<void> {
  await billingNotices(db).createIndex({ accountId: 1, sequence: 1 }, { unique: true })
  await billingNotices(db).createIndex({ at: 1 })
  await billingNotices(db).createIndex(
    { topicNumber: 1 },
    { unique: true, partialFilterExpression: { topicNumber: { $exists: true } } },
  )
  await billingNotices(db).createIndex(
    { unpublishedSince: 1 },
    { partialFilterExpression: { unpublishedSince: { $type: 'date' } } },
  )
}

export type NewBillingNotice = Omit<BillingNotice, 'sequence' | 'unpublishedSince' | 'topicNumber'>

/** All of one account, in this order. */
export async function writeNotices(
  db: Db,
  accountId: string,
  notices: readonly NewBillingNotice[],
  session: ClientSession,
): Promise<void> {
  if (notices.length === 0) return
  const counted = await billingCounters(db).findOneAndUpdate(
    { _id: accountId },
    { $inc: { sequence: notices.length } },
    { upsert: true, returnDocument: 'after', session },
  )
  const first = (counted?.sequence ?? 0) - notices.length + 1
  const docs = notices.map((notice, index) => ({
    ...notice,
    sequence: first + index,
    unpublishedSince: notice.at,
  }))
  await billingNotices(db).insertMany(docs, { session })
}
