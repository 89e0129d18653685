import type { ClientSession, Collection, Db } from 'mongodb'
import {
  type AccountRecord,
  createRecordIndexes,
  type RecordCounter,
  type RecordKind,
} from './account-records.ts'

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
export interface BillingNotice extends AccountRecord {
  type: BillingNoticeType
  at: Date
  /** As PROTOCOL.md describes for the type; JSON. */
  data: Record<string, unknown>
}

export function billingNotices(db: Db): Collection<BillingNotice> {
  return db.collection('billingNotices')
}

/** The last number of each account's notices. */
export function billingCounters(db: Db): Collection<RecordCounter> {
  return db.collection('billingCounters')
}

/** Of a key's subscription and what it means for the key: what `subscriptionChanged` tells. */
export const SUBSCRIPTION_NOTICES = [
  'subscription-changed',
  'access-changed',
  'payment-failed',
  'payment-received',
] as const satisfies readonly BillingNoticeType[]

/** All are published; told to those who listen are those about a subscription. */
export const billingRecords: RecordKind<BillingNotice> = {
  topic: 'billing-events',
  collection: billingNotices,
  counters: billingCounters,
  createIndexes: createBillingNoticeIndexes,
  told: { type: { $in: [...SUBSCRIPTION_NOTICES] } },
  at: 'at',
}

/** Idempotent; called at start by every process. */
export async function createBillingNoticeIndexes(db: Db): Promise<void> {
  await createRecordIndexes(db, billingRecords)
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
