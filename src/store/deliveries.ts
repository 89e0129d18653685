import type { Collection, Db } from 'mongodb'
import { DAY } from '../rules/calendar-time.ts'

/** DEAD: given up, after the last try or because none would help. */
export type DeliveryStatus = 'PENDING' | 'DELIVERED' | 'DEAD'

/** One try. */
export interface DeliveryAttempt {
  at: Date
  tookMs: number
  /** HTTP status, or SMTP reply code; null where nothing answered. */
  code: number | null
  /** In words, without secrets; null: it was accepted. */
  error: string | null
}

/** One event to one channel: the outbox. Written in the transaction of what it tells of. */
export interface DeliveryDoc {
  /** `<event id>:<channel id>`, stable over retries: what receivers tell doubles by. */
  _id: string
  accountId: string
  channelId: string
  event:
    | { kind: 'alert'; alertId: string }
    | { kind: 'test' }
    | { kind: 'billing'; noticeId: string }
  status: DeliveryStatus
  attempts: DeliveryAttempt[]
  /**
   * How many of these were made before the last replay: the retry schedule starts anew after them. Absent:
   * it was never replayed.
   */
  attemptsBefore?: number
  /** From when on it is due; moved ahead by the retry schedule, and to the end of the lease while it is sent. */
  dueAt: Date
  /** Who sends it now, until when on MongoDB's clock; absent: nobody. */
  lease?: { owner: string; until: Date }
  createdAt: Date
  deliveredAt: Date | null
  /** TTL: 90 days after it was created. */
  expiresAt: Date
}

/** From its making; also the dead ones. */
export const DELIVERIES_KEPT_MS = 90 * DAY

export function deliveries(db: Db): Collection<DeliveryDoc> {
  return db.collection('deliveries')
}

/** Idempotent; called at start by every process. */
export async function createDeliveryIndexes(db: Db): Promise<void> {
  await deliveries(db).createIndex({ status: 1, channelId: 1, dueAt: 1 })
  await deliveries(db).createIndex({ channelId: 1, createdAt: -1, _id: -1 })
  await deliveries(db).createIndex({ accountId: 1, createdAt: -1, _id: -1 })
  await deliveries(db).createIndex(
    { createdAt: -1, _id: -1 },
    { partialFilterExpression: { status: 'DEAD' } },
  )
  await deliveries(db).createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 })
}
