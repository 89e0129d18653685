import type { Collection, Db } from 'mongodb'
import type { BillingProvider, SubscriptionStatus } from '../rules/billing/fact.ts'
import type { AlertThreshold, ToldOfKey } from '../rules/threshold.ts'
import type { Encrypted } from './encryption.ts'

export interface ApiKeySecret {
  /** HMAC-SHA-256 under the pepper, base64url; unique over all keys. */
  hash: string
  /** From this instant on the secret is refused; absent on the current one. */
  expiresAt?: Date
}

/** What billing says about a key: of its subscription that is shown, and of all of them together. */
export interface KeyBilling {
  status: SubscriptionStatus
  /** `STRIPE:sub_1` */
  subscription: string
  provider: BillingProvider
  /** Plan of that subscription. */
  tier: string
  /** What all of them together gave the key last: an admin's choice after it stays. */
  granted: string
  /** When it was made, as far as that is known: of several the newest is shown. */
  startedAt: Date
  /** The key's plan before billing gave it one: it is back when its subscription goes to another key. */
  tierBefore?: string
  currentPeriodEnd: Date | null
  endsAt: Date | null
  pastDueSince: Date | null
  /** The provider's customer, bound to the key's id and `billing.customer`. */
  customer: Encrypted | null
  customerHash: string | null
}

export interface ApiKeyDoc extends ToldOfKey {
  /** `key_` + 12 base62: short, because it travels with every usage event. */
  _id: string
  accountId: string
  name: string
  /** `gc_live_xxxx`: the part of the newest secret that may be shown. */
  prefix: string
  lastFour: string
  /** What opens this key, newest first; a rotated secret carries its end. */
  secrets: ApiKeySecret[]
  /** Plan id. */
  tier: string
  /** Plain words; null unless blocked. */
  blockedBecause: string | null
  /** Never unset: a revoked key stays known, so that its secret is told apart from an unknown one. */
  revokedAt: Date | null
  alertsEnabled: boolean
  /** Until then alerts are recorded and not delivered, as if `alertsEnabled` were off. */
  alertsSnoozedUntil?: Date
  /** The owner's own, beside those of the quota; absent: none. */
  alertThresholds?: AlertThreshold[]
  /** When plan or thresholds were changed; gone once a scan has held the usage against them. */
  levelsMovedAt?: Date
  createdAt: Date
  /**
   * Raised first, by a write of its own, in each transaction that decides what the key may do: two of them
   * conflict.
   */
  accessVersion?: number
  /** Absent: it never had a subscription. */
  billing?: KeyBilling
  /** Calls above the limit that may be billed in a month; absent or null: any number, where the plan has overage. */
  overageCap?: number | null
  /** Who asked for it: the limits on an owner's keys do not count the admin's. */
  createdBy?: 'owner' | 'admin'
  /** Changes with use, as `quotaAlert` and `thresholdsTold` do. Nothing that caches keys may depend on them. */
  lastUsedAt?: Date
}

export function apiKeys(db: Db): Collection<ApiKeyDoc> {
  return db.collection('apiKeys')
}

/** Idempotent; called at start by every process. */
export async function createApiKeyIndexes(db: Db): Promise<void> {
  await apiKeys(db).createIndex({ 'secrets.hash': 1 }, { unique: true })
  await apiKeys(db).createIndex({ accountId: 1, createdAt: 1, _id: 1 })
  await apiKeys(db).createIndex({ prefix: 1 })
  await apiKeys(db).createIndex({ levelsMovedAt: 1 }, { sparse: true })
}

/** All keys of each account by its id, revoked ones included, oldest first. */
export async function keysOfAccounts(
  db: Db,
  accountIds: readonly string[],
): Promise<Map<string, ApiKeyDoc[]>> {
  const found = apiKeys(db)
    .find({ accountId: { $in: [...accountIds] } })
    .sort({ accountId: 1, createdAt: 1, _id: 1 })
  return Map.groupBy(await found.toArray(), (key) => key.accountId)
}
