import type { Collection, Db } from 'mongodb'
import type { AlertLevel } from '../rules/alert.ts'
import {
  type AccountRecord,
  createRecordIndexes,
  type RecordCounter,
  type RecordKind,
} from './account-records.ts'

/** What was raised, once. Inserted in one transaction with its deliveries. */
export interface AlertDoc extends AccountRecord {
  /**
   * What makes it one: `<apiKeyId>:<month>:<level>:<limit>`; `<apiKeyId>:<month>:<threshold id>:<value>`
   * for an own threshold; `<apiKeyId>:<day>:<level>` for what concerns a day.
   */
  _id: string
  apiKeyId: string
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
}

export function alerts(db: Db): Collection<AlertDoc> {
  return db.collection('alerts')
}

/** The last number of each account's alerts. */
export function alertCounters(db: Db): Collection<RecordCounter> {
  return db.collection('alertCounters')
}

/** Told is everything but the marks of levels that were passed. */
export const alertRecords: RecordKind<AlertDoc> = {
  topic: 'customer-alerts',
  collection: alerts,
  counters: alertCounters,
  createIndexes: createAlertIndexes,
  told: { passed: false },
  at: 'raisedAt',
}

/** Idempotent; called at start by every process. */
export async function createAlertIndexes(db: Db): Promise<void> {
  await createRecordIndexes(db, alertRecords)
}
