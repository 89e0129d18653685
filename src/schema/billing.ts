import {
  BILLING_PROVIDERS,
  type BillingProvider,
  SUBSCRIPTION_STATUSES,
  type SubscriptionStatus,
} from '../rules/billing/fact.ts'
import { builder } from './builder.ts'

export const BillingProviderType = builder.enumType('BillingProvider', {
  values: BILLING_PROVIDERS,
})

export const BillingStatusType = builder.enumType('BillingStatus', {
  description:
    'PAST_DUE: a payment keeps failing; calls are served for the days of grace. PAUSED and CANCELED: the key is on the free plan.',
  values: ['NONE', ...SUBSCRIPTION_STATUSES] as const,
})

/** What the API shows of a subscription; a KeyBilling is one. */
export interface BillingSubscriptionShape {
  provider: BillingProvider
  status: SubscriptionStatus
  tier: string
  currentPeriodEnd: Date | null
  endsAt: Date | null
  pastDueSince: Date | null
}

export const BillingSubscription = builder
  .objectRef<BillingSubscriptionShape>('BillingSubscription')
  .implement({
    description: 'What Stripe or Paddle say of it; never who pays.',
    fields: (t) => ({
      provider: t.expose('provider', { type: BillingProviderType }),
      status: t.field({
        type: BillingStatusType,
        description: 'Never NONE.',
        resolve: ({ status }) => status,
      }),
      tier: t.exposeString('tier', { description: 'The plan that it pays for.' }),
      currentPeriodEnd: t.expose('currentPeriodEnd', { type: 'DateTime', nullable: true }),
      endsAt: t.expose('endsAt', {
        type: 'DateTime',
        nullable: true,
        description: 'Set once cancelled: until then it stays ACTIVE.',
      }),
      pastDueSince: t.expose('pastDueSince', {
        type: 'DateTime',
        nullable: true,
        description: 'The first of the payments that failed without a break.',
      }),
    }),
  })
