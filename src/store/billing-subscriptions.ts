import type { Collection, Db } from 'mongodb'
import type { BillingProvider, FactPlace } from '../rules/billing/fact.ts'
import type { SubscriptionState } from '../rules/billing/subscription-state.ts'
import type { Encrypted } from './encryption.ts'

/** A provider's subscription, as all that is known of it amounts to. */
export interface SubscriptionDoc {
  /** `STRIPE:sub_1` */
  _id: string
  provider: BillingProvider
  /** Raised first in each transaction that changes it: two of them conflict. */
  version: number
  /** Folded from its facts, anew each time; null: only its customer is known. */
  state: SubscriptionState | null
  /** Whose it is; null: its metadata name no key of ours. */
  accountId: string | null
  apiKeyId: string | null
  /** The provider's customer, bound to `_id` and `customer`; null: not told yet. */
  customer: Encrypted | null
  /** By which the customer is found. */
  customerHash: string | null
  /** The latest fact that named him; absent: none did. */
  customerAs?: FactPlace
  /** When something changes by itself (the end, the block) or a reminder is due; null: nothing ahead. */
  nextCheckAt: Date | null
  /** The reminders of the running series of failed payments; null: none was due yet. */
  dunning: DunningDoc | null
}

export interface DunningDoc {
  /** The series, by its first failed payment. */
  since: Date
  /** When the newest step that was told, or passed, had been due. */
  through: Date
  /** The last mail said that calls are refused. */
  blocked: boolean
}

export function billingSubscriptions(db: Db): Collection<SubscriptionDoc> {
  return db.collection('billingSubscriptions')
}

/** Idempotent; called at start by every process. */
export async function createBillingSubscriptionIndexes(db: Db): Promise<void> {
  await billingSubscriptions(db).createIndex({ apiKeyId: 1 })
  await billingSubscriptions(db).createIndex({ accountId: 1 })
  await billingSubscriptions(db).createIndex({ customerHash: 1 })
  await billingSubscriptions(db).createIndex({ nextCheckAt: 1 }, { sparse: true })
  await billingSubscriptions(db).createIndex({ 'state.status': 1 })
}
