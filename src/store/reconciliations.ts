import type { Collection, Db } from 'mongodb'
import type { BillingProvider } from '../rules/billing/fact.ts'
import type { SeenField, SeenSubscription } from '../rules/billing/subscription-difference.ts'
import { DAY } from '../rules/calendar-time.ts'

/**
 * DIFFERS: both know it, and not the same of it. UNHEARD: it names a key of ours, and no event of it ever came.
 * UNKNOWN_THERE: its provider knows no such subscription. UNREADABLE: it is answered in a form that is not known.
 */
export type ReconciliationKind = 'DIFFERS' | 'UNHEARD' | 'UNKNOWN_THERE' | 'UNREADABLE'

/** One difference between a provider and us, as a reconcile found it. */
export interface ReconciliationDoc {
  /** `STRIPE:sub_1:<ms>` */
  _id: string
  provider: BillingProvider
  /** `STRIPE:sub_1` */
  subscription: string
  /** Whose; null: nobody's here. */
  accountId: string | null
  apiKeyId: string | null
  kind: ReconciliationKind
  /** In what; empty where one side knows nothing. */
  fields: SeenField[]
  ours: SeenSubscription | null
  theirs: SeenSubscription | null
  /** Whether we say the same since. False: somebody has to look, or it was a dry run. */
  corrected: boolean
  createdAt: Date
  /** TTL */
  expiresAt: Date
}

export const RECONCILIATIONS_KEPT_MS = 400 * DAY

export function reconciliations(db: Db): Collection<ReconciliationDoc> {
  return db.collection('reconciliations')
}

/** Idempotent; called at start by every process. */
export async function createReconciliationIndexes(db: Db): Promise<void> {
  await reconciliations(db).createIndex({ createdAt: -1, _id: -1 })
  await reconciliations(db).createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 })
}
