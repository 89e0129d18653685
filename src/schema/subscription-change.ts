import type { BillingNotice } from '../store/billing-notices.ts'
import type { KeyNoticeData, ShownSubscription } from '../store/key-notices.ts'
import { BillingSubscription, type BillingSubscriptionShape } from './billing.ts'
import { builder } from './builder.ts'

const SubscriptionChangeType = builder.enumType('SubscriptionChangeType', {
  description: 'ACCESS_CHANGED: another plan, a block, or the end of one.',
  values: ['SUBSCRIPTION_CHANGED', 'ACCESS_CHANGED', 'PAYMENT_FAILED', 'PAYMENT_RECEIVED'] as const,
})

/** What the topic calls `com.getcomplical.billing.<type>.v1`. */
const typeOf = {
  'subscription-changed': 'SUBSCRIPTION_CHANGED',
  'access-changed': 'ACCESS_CHANGED',
  'payment-failed': 'PAYMENT_FAILED',
  'payment-received': 'PAYMENT_RECEIVED',
} as const

/** A notice that is about a key's subscription. */
export interface SubscriptionChangeShape extends Pick<BillingNotice, '_id' | 'at'> {
  type: keyof typeof typeOf
  apiKeyId: string
  data: KeyNoticeData
}

export const SubscriptionChange = builder
  .objectRef<SubscriptionChangeShape>('SubscriptionChange')
  .implement({
    description: 'What happened to a subscription, and how its key stood right after it.',
    fields: (t) => ({
      id: t.exposeID('_id', { description: 'The same in the topic billing-events.' }),
      type: t.field({ type: SubscriptionChangeType, resolve: ({ type }) => typeOf[type] }),
      apiKeyId: t.exposeID('apiKeyId'),
      at: t.expose('at', { type: 'DateTime' }),
      subscription: t.field({
        type: BillingSubscription,
        nullable: true,
        description: 'Null: the key has none any more.',
        resolve: ({ data }) => data.subscription && inDates(data.subscription),
      }),
      tier: t.string({ resolve: ({ data }) => data.tier }),
      blockedBecause: t.string({
        nullable: true,
        description: 'In plain words, and what to do about it; null: calls are served.',
        resolve: ({ data }) => data.blockedBecause,
      }),
      because: t.string({
        description: 'In plain words.',
        resolve: ({ data }) => data.because,
      }),
    }),
  })

function inDates(shown: ShownSubscription): BillingSubscriptionShape {
  const { currentPeriodEnd, endsAt, pastDueSince } = shown
  const date = (text: string | null) => (text === null ? null : new Date(text))
  return {
    ...shown,
    currentPeriodEnd: date(currentPeriodEnd),
    ...{ endsAt: date(endsAt), pastDueSince: date(pastDueSince) },
  }
}
