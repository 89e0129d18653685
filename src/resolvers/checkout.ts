import { billingPortal } from '../callers/billing-portal.ts'
import { createCheckout } from '../callers/create-checkout.ts'
import { commandScope } from '../callers/ownership.ts'
import { access } from '../rules/access.ts'
import { BillingProviderType } from '../schema/billing.ts'
import { builder } from '../schema/builder.ts'
import { BillingPortal, Checkout } from '../schema/checkout.ts'

const ownerOrAdmin = access(['account', 'admin'])

builder.mutationField('createCheckout', (t) =>
  t.field({
    type: Checkout,
    nullable: true,
    description:
      'Where the owner pays for a plan of this key. Asked again for the same, it is the same address.',
    extensions: ownerOrAdmin,
    args: {
      apiKeyId: t.arg.id({ required: true }),
      tier: t.arg.string({ required: true }),
      provider: t.arg({ type: BillingProviderType, required: true }),
    },
    resolve: (_root, { apiKeyId, ...choice }, { deps, caller }) =>
      createCheckout(deps, commandScope(caller, apiKeyId), choice),
  }),
)

builder.mutationField('billingPortal', (t) =>
  t.field({
    type: BillingPortal,
    nullable: true,
    description:
      "Opens the provider's own pages of this key's subscription: payment method, invoices, cancellation.",
    extensions: ownerOrAdmin,
    args: { apiKeyId: t.arg.id({ required: true }) },
    resolve: (_root, { apiKeyId }, { deps, caller }) =>
      billingPortal(deps, commandScope(caller, apiKeyId)),
  }),
)
