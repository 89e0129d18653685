import { type ClientSession, type Collection, type Db, MongoServerError } from 'mongodb'

/** What two transactions both write so that one of them sees what the other has written. */
interface BillingLockDoc {
  /** `STRIPE:sub_1`, or the hash of a customer. */
  _id: string
  version: number
}

function billingLocks(db: Db): Collection<BillingLockDoc> {
  return db.collection('billingLocks')
}

const NAMESPACE_EXISTS = 48

/** Idempotent; called at start by every process. */
export async function createBillingLocks(db: Db): Promise<void> {
  try {
    await db.createCollection('billingLocks')
  } catch (error) {
    if (!(error instanceof MongoServerError && error.code === NAMESPACE_EXISTS)) throw error
  }
}

/**
 * A refund looks for its subscription, and a subscription for the refunds that came before it: at once, neither
 * would find the other. Both raise what they have in common, so that they conflict and one of them looks again.
 */
export async function lockInCommon(
  db: Db,
  names: readonly (string | null)[],
  session: ClientSession,
): Promise<void> {
  for (const _id of names) {
    if (_id === null) continue
    const raise = { $inc: { version: 1 } }
    await billingLocks(db).updateOne({ _id }, raise, { upsert: true, session })
  }
}
