import type { ClientSession, Db } from 'mongodb'
import type { SubscriptionState } from '../../rules/billing/subscription-state.ts'
import { billingSubscriptions, type SubscriptionDoc } from '../../store/billing-subscriptions.ts'
import type { UsageChargeDoc } from '../../store/usage-charges.ts'

/** A subscription whose state is known. */
export type StatedSubscription = SubscriptionDoc & { state: SubscriptionState; id: string }

/** The one that a charge goes to; null: it goes to none, or nothing is known of it. */
export async function subscriptionOf(
  db: Db,
  { subscription }: Pick<UsageChargeDoc, 'subscription'>,
): Promise<StatedSubscription | null> {
  if (subscription === null) return null
  const doc = await billingSubscriptions(db).findOne({ _id: subscription })
  return doc && stated(doc)
}

/** All that were for a key. */
export async function subscriptionsOfKey(
  db: Db,
  apiKeyId: string,
  session: ClientSession,
): Promise<StatedSubscription[]> {
  const docs = await billingSubscriptions(db).find({ apiKeyId }, { session }).toArray()
  return docs.map(stated).filter((doc) => doc !== null)
}

function stated(doc: SubscriptionDoc): StatedSubscription | null {
  return doc.state && { ...doc, state: doc.state, id: doc._id }
}
