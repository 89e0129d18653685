import type { Collection, Db } from 'mongodb'
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
  /** Null once it stands in the topic `customer-alerts`. */
  unpublishedSince: Date | null
}

export function alerts(db: Db): Collection<AlertDoc> {
  return db.collection('alerts')
}

/** Idempotent; called at start by every process. */
export async function createAlertIndexes(db: Db): Promise<void> {
  await alerts(db).createIndex({ accountId: 1, sequence: 1 }, { unique: true })
  await alerts(db).createIndex({ apiKeyId: 1, sequence: 1 })
  await alerts(db).createIndex(
    { unpublishedSince: 1 },
    { partialFilterExpression: { unpublishedSince: { $type: 'date' } } },
  )
}
