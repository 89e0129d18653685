import type { BillingProvider } from '../rules/billing/fact.ts'
import { BillingProviderType } from './billing.ts'
import { builder } from './builder.ts'

export interface CheckoutShape {
  url: string
  provider: BillingProvider
  tier: string
  expiresAt: Date
}

export const Checkout = builder.objectRef<CheckoutShape>('Checkout').implement({
  description: 'A purchase that waits to be paid at the provider.',
  fields: (t) => ({
    url: t.exposeString('url', { description: 'To be opened in the browser.' }),
    provider: t.expose('provider', { type: BillingProviderType }),
    tier: t.exposeString('tier'),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'Until then the same question has the same answer.',
    }),
  }),
})

export const BillingPortal = builder
  .objectRef<Pick<CheckoutShape, 'url' | 'provider'>>('BillingPortal')
  .implement({
    fields: (t) => ({
      url: t.exposeString('url', {
        description: 'Lets in whoever has it, for a short time: ask anew each time.',
      }),
      provider: t.expose('provider', { type: BillingProviderType }),
    }),
  })
