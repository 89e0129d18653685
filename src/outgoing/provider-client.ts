import type { ProviderAccess } from './provider-access.ts'
import type { AskProvider } from './provider-http.ts'
import type { ProviderMetrics } from './provider-metrics.ts'

export interface ProviderClientOptions {
  access: ProviderAccess
  ask: AskProvider
  metrics: ProviderMetrics
  /** For one call altogether; 10 s where left out. */
  timeoutMs?: number
}

/** A checkout of one plan for one key, as it is ordered from a provider. */
export interface CheckoutOrder {
  /** Under which the provider makes it once, where it knows such keys (Stripe). */
  idempotencyKey: string
  /** Ids of API key and owner: the provider sends them back with everything about the subscription. */
  apiKeyId: string
  userId: string
  priceId: string
  /** A metered price that is sold with it, without a quantity; null: none. */
  overagePriceId: string | null
  /** ISO 4217 */
  currency: string
  /** The provider's customer who paid for this key before; null: a new one. */
  customer: string | null
  /** What a new customer's form is filled with. */
  email: string
  /** Where the browser goes afterwards. */
  successUrl: string
  cancelUrl: string
  /** From when on it can no longer be paid, ms; a whole second. */
  expiresAt: number
}

export interface PortalOrder {
  customer: string
  /** The provider's id; null: of no subscription in particular. */
  subscription: string | null
  returnUrl: string
}

/** A subscription as the provider answers it, unread but for its id. */
export interface ListedSubscription {
  id: string
  content: unknown
}

export interface SubscriptionPage {
  subscriptions: readonly ListedSubscription[]
  /** What continues it; null: it was the last. */
  next: string | null
}

/**
 * What is asked of Stripe and Paddle alike. Nothing is repeated in here: each caller knows whether and when it
 * may be. All throw ProviderError and nothing else.
 */
export interface ProviderClient {
  /** @returns where the customer pays */
  createCheckout(order: CheckoutOrder): Promise<string>
  /** @returns where the customer manages what he pays for */
  createPortalLink(order: PortalOrder): Promise<string>
  /**
   * By id, as the provider answers them now; whom it does not know is missing. At most a hundred; at Stripe each is a
   * request of its own.
   */
  subscriptions(ids: readonly string[]): Promise<ReadonlyMap<string, unknown>>
  /**
   * A hundred of all that have not ended, newest first.
   * @param after what the page before said; null: the first
   */
  subscriptionPage(after: string | null): Promise<SubscriptionPage>
}
