import type { Db } from 'mongodb'
import type { BillingProvider } from '../../src/rules/billing/fact.ts'
import type { SubscriptionState } from '../../src/rules/billing/subscription-state.ts'
import {
  billingSubscriptions,
  type SubscriptionDoc,
} from '../../src/store/billing-subscriptions.ts'
import type { Encryption } from '../../src/store/encryption.ts'

export interface PlantedSubscription {
  apiKeyId: string
  accountId: string
  customer?: string | null
  state?: Partial<SubscriptionState>
}

/** A subscription as events would have left it, without them. */
export async function plantSubscription(
  db: Db,
  encryption: Pick<Encryption, 'encrypt'>,
  _id: string,
  { apiKeyId, accountId, customer = 'cus_1', state = {} }: PlantedSubscription,
): Promise<SubscriptionDoc> {
  const startedAt = Date.UTC(2026, 9, 1)
  const provider: BillingProvider = _id.startsWith('STRIPE') ? 'STRIPE' : 'PADDLE'
  const doc: SubscriptionDoc = {
    ...{ _id, provider, version: 1, accountId, apiKeyId, nextCheckAt: null, dunning: null },
    customer: customer === null ? null : encryption.encrypt(customer, _id, 'customer'),
    customerHash: customer === null ? null : `hash-of-${customer}`,
    state: {
      ...{ status: 'ACTIVE', tier: 'starter', unpaid: false, currentPeriodEnd: null, endsAt: null },
      ...{ pastDueSince: null, startedAt, link: { apiKey: apiKeyId, userId: null } },
      ...{ changedAt: startedAt, changedBy: 'evt_1', ...state },
    },
  }
  await billingSubscriptions(db).insertOne(doc)
  return doc
}
