import type { ClientSession, Collection, Db } from 'mongodb'
import type { SubscriptionStatus } from '../rules/billing/fact.ts'
import type { ApiKeyDoc, KeyBilling } from './api-keys.ts'

/** What a key could do, at a time. */
export interface AccessState {
  tier: string
  /** Null: calls were served. */
  blockedBecause: string | null
  revoked: boolean
  billingStatus: SubscriptionStatus | 'NONE'
}

/** One change of what a key may do. Only ever inserted. */
export interface AccessChange {
  /** `<apiKeyId>:<n>`, n counting from 1. */
  _id: string
  apiKeyId: string
  accountId: string
  /** Counted up within the key. */
  n: number
  /** From when on it holds: of an event of a provider when it happened, though it may have come later. */
  at: Date
  /** When it was entered. */
  recordedAt: Date
  /** Null: the key was made. */
  from: AccessState | null
  to: AccessState
  /** Plain words. */
  because: string
  /** `STRIPE:evt_1`, `time`, `owner` or `admin`. */
  cause: string
}

export function accessHistory(db: Db): Collection<AccessChange> {
  return db.collection('accessHistory')
}

/** Idempotent; called at start by every process. */
export async function createAccessHistoryIndexes(db: Db): Promise<void> {
  await accessHistory(db).createIndex({ apiKeyId: 1, n: 1 }, { unique: true })
  await accessHistory(db).createIndex({ accountId: 1, recordedAt: 1 })
  await accessHistory(db).createIndex({ recordedAt: -1, _id: -1 })
}

/** What a key can do as its document stands. */
export function accessOf(
  key: Pick<ApiKeyDoc, 'tier' | 'blockedBecause' | 'revokedAt'> & { billing?: KeyBilling | null },
): AccessState {
  const { tier, blockedBecause, revokedAt, billing } = key
  const billingStatus = billing?.status ?? 'NONE'
  return { tier, blockedBecause, revoked: revokedAt !== null, billingStatus }
}

/** The words why a key is blocked may differ: it is blocked or not. */
export function sameAccess(from: AccessState, to: AccessState): boolean {
  return (
    from.tier === to.tier &&
    (from.blockedBecause === null) === (to.blockedBecause === null) &&
    from.revoked === to.revoked &&
    from.billingStatus === to.billingStatus
  )
}

export type NewAccessChange = Omit<AccessChange, '_id' | 'n' | 'at'> & {
  /** When it happened, as far as that is told. */
  happenedAt: Date
}

/**
 * In the transaction of the change itself, which must write the key's document too: two changes of one key
 * then conflict, so that they are numbered without a gap. Times never go back from one entry to the next, and
 * none lies ahead.
 */
export async function recordAccessChange(
  db: Db,
  { happenedAt, ...change }: NewAccessChange,
  session: ClientSession,
): Promise<void> {
  const { apiKeyId, recordedAt } = change
  const last = await accessHistory(db).findOne({ apiKeyId }, { sort: { n: -1 }, session })
  const n = (last?.n ?? 0) + 1
  const at = new Date(
    Math.min(Math.max(happenedAt.getTime(), last?.at.getTime() ?? 0), recordedAt.getTime()),
  )
  await accessHistory(db).insertOne({ _id: `${apiKeyId}:${n}`, n, at, ...change }, { session })
}
