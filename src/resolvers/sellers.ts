import { sellersOf } from '../rules/billing/checkout-price.ts'
import { BillingProviderType, BillingSubscription } from '../schema/billing.ts'
import { builder } from '../schema/builder.ts'
import { PlanType } from '../schema/plan.ts'

builder.objectField(PlanType, 'soldBy', (t) =>
  t.field({
    type: [BillingProviderType],
    description:
      "Providers by which createCheckout sells it here, in the account's currency; empty: none.",
    resolve: ({ plan, currency }, _args, { deps }) =>
      sellersOf(plan, currency).filter((provider) => deps.providers[provider] !== null),
  }),
)

builder.objectField(BillingSubscription, 'hasPortal', (t) =>
  t.boolean({
    description: "Whether billingPortal opens the provider's pages of it from here.",
    resolve: ({ provider }, _args, { deps }) => deps.providers[provider] !== null,
  }),
)
