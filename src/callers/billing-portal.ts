import type { Deps } from '../context.ts'
import { ApiError } from '../errors.ts'
import { BadInput } from '../rules/bad-input.ts'
import { type BillingProvider, idAtProvider, providerName } from '../rules/billing/fact.ts'
import { billingSubscriptions } from '../store/billing-subscriptions.ts'
import { decryptCustomer } from '../store/settle-subscription.ts'
import { type KeyScope, keyIn } from './api-key-commands.ts'
import { askedProvider, configuredProvider } from './provider-calls.ts'

export type PortalTools = Pick<Deps, 'db' | 'encryption' | 'providers' | 'publicUrl' | 'log'>

/** Where a customer manages what he pays for. The address lets in whoever has it, for a short time. */
export interface PortalLink {
  url: string
  provider: BillingProvider
}

/**
 * Of the subscription that the key shows, ended ones too: its invoices are still there.
 * @throws BadInput where the key never had one, or ApiError NOT_FOUND or UNAVAILABLE
 */
export async function billingPortal(tools: PortalTools, scope: KeyScope): Promise<PortalLink> {
  const { db, providers, publicUrl, log } = tools
  const { billing } = await keyIn(db, scope)
  const shown = billing && (await billingSubscriptions(db).findOne({ _id: billing.subscription }))
  if (!shown) {
    throw new BadInput('This key has no subscription; createCheckout gives the way to one.')
  }
  const { provider } = shown
  const client = configuredProvider(providers, provider)
  const customer = decryptCustomer(tools, shown)
  if (customer === null) {
    const message = `${providerName(provider)} has not told yet who pays. Try again in a moment.`
    throw new ApiError('UNAVAILABLE', message, { retryAfter: 30 })
  }
  const subscription = billing.status === 'CANCELED' ? null : idAtProvider(shown._id)
  const order = { customer, subscription, returnUrl: `${publicUrl}/dashboard/billing` }
  return { provider, url: await askedProvider(client.createPortalLink(order), log) }
}
