import type { ClientSession, Collection, Db } from 'mongodb'
import type { BillingFact } from '../rules/billing/fact.ts'

/**
 * What one event said about one subscription. Kept for ever, because the state is folded from all of them;
 * holds nothing by which a customer could be found at the provider.
 */
export interface BillingFactDoc extends BillingFact {
  /** `STRIPE:evt_1`; what was fetched: `STRIPE:fetched:sub_1:<ms>`. */
  _id: string
  /** `STRIPE:sub_1` */
  subscription: string
}

export function billingFacts(db: Db): Collection<BillingFactDoc> {
  return db.collection('billingFacts')
}

/** Idempotent; called at start by every process. */
export async function createBillingFactIndexes(db: Db): Promise<void> {
  await billingFacts(db).createIndex({ subscription: 1, at: 1 })
}

/** Once, however often its event comes; what was fetched is replaced by what is fetched later. */
export async function keepFact(
  db: Db,
  { _id, ...fact }: BillingFactDoc,
  session: ClientSession,
): Promise<void> {
  await billingFacts(db).replaceOne({ _id }, fact, { upsert: true, session })
}

export async function factsOf(
  db: Db,
  subscription: string,
  session?: ClientSession,
): Promise<BillingFactDoc[]> {
  return await billingFacts(db)
    .find({ subscription }, session ? { session } : {})
    .toArray()
}
