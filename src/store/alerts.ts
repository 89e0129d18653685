import type { Collection, Db, Filter } from 'mongodb'
import type { AlertLevel } from '../rules/alert.ts'

/** What was raised, once. Inserted in one transaction with its deliveries. */
export interface AlertDoc {
  /**
   * What makes it one: `<apiKeyId>:<month>:<level>:<limit>`; `<apiKeyId>:<month>:<threshold id>:<value>`
   * for an own threshold; `<apiKeyId>:<day>:<level>` for what concerns a day.
   */
  _id: string
  accountId: string
  apiKeyId: string
  /** Counted up within the account in the order of raising: what a replay goes on after. */
  sequence: number
  level: AlertLevel
  /** `2026-11` */
  month: string
  /** Billed units of the month (of the day, for what concerns a day) when it was raised. */
  used: number
  monthlyLimit: number | null
  /** Of the limit, or null where it is not about a share of it. */
  percent: number | null
  /** For people, without markup: `gc_live_abcd has used 80 % of its 1,000 calls …`. */
  message: string
  raisedAt: Date
  /** The key's `alertsEnabled` was off: recorded and published, not delivered. */
  muted: boolean
  /** A lower level that a jump has passed: a mark that keeps it from being raised later, shown nowhere. */
  passed: boolean
  acknowledgedAt: Date | null
  /** Null once it has its number in the topic `customer-alerts`. */
  unpublishedSince: Date | null
  /** What the topic knows it by: counted up over all accounts without a gap (alert-numbers.ts). */
  topicNumber?: number
}

/** Whose alerts: one key's, or those of all keys an account has or ever had. */
export interface AlertScope {
  accountId: string
  /** null: all of the account. */
  apiKeyId: string | null
}

export function alerts(db: Db): Collection<AlertDoc> {
  return db.collection('alerts')
}

/** What may be seen of a scope: everything but the marks of levels that were passed. */
export function shownAlerts({ accountId, apiKeyId }: AlertScope): Filter<AlertDoc> {
  return { accountId, ...(apiKeyId !== null && { apiKeyId }), passed: false }
}

/** At most `limit` of a scope with after < sequence <= upTo, in the order in which they were raised. */
export async function alertsInOrder(
  db: Db,
  scope: AlertScope,
  { after, upTo, limit }: { after: number; upTo: number; limit: number },
): Promise<AlertDoc[]> {
  return await alerts(db)
    .find({ ...shownAlerts(scope), sequence: { $gt: after, $lte: upTo } })
    .sort({ sequence: 1 })
    .limit(limit)
    .toArray()
}

/** Idempotent; called at start by every process. */
export async function createAlertIndexes(db: Db): Promise<void> {
  await alerts(db).createIndex({ accountId: 1, sequence: 1 }, { unique: true })
  await alerts(db).createIndex({ apiKeyId: 1, sequence: 1 })
  await alerts(db).createIndex({ raisedAt: 1 })
  await alerts(db).createIndex(
    { topicNumber: 1 },
    { unique: true, partialFilterExpression: { topicNumber: { $exists: true } } },
  )
  await alerts(db).createIndex(
    { unpublishedSince: 1 },
    { partialFilterExpression: { unpublishedSince: { $type: 'date' } } },
  )
}
