import type Stripe from 'stripe'
import { z } from 'zod'
import type {
  CheckoutOrder,
  ListedSubscription,
  ProviderClient,
  ProviderClientOptions,
} from './provider-client.ts'
import { ProviderError } from './provider-error.ts'
import { createStripeCalls, DUPLICATE_METER_EVENT, unreadable } from './stripe-sdk.ts'

/** Usage that a meter is to count. */
export interface MeterEvent {
  /** A second event of the same name is refused for at least 24 hours. At most 100 characters. */
  identifier: string
  eventName: string
  customer: string
  units: number
  /** When it counts, ms. */
  at: number
}

/** Which usage of a customer is summed up. */
export interface MeterWindow {
  eventName: string
  customer: string
  /** Whole minutes, ms; the second excluded. */
  from: number
  to: number
}

export interface StripeClient extends ProviderClient {
  /** @returns `duplicate`: it had been taken before, under the same identifier */
  sendMeterEvent(event: MeterEvent): Promise<'taken' | 'duplicate'>
  /**
   * A charge as Stripe answers it: a dispute names no more.
   * @throws ProviderError
   */
  charge(id: string): Promise<unknown>
  /**
   * Stripe adds up with some delay.
   * @returns units; null: there is no active meter of this name
   */
  meterSum(window: MeterWindow): Promise<number | null>
}

const PAGE = 100

const url = z.url({ protocol: /^https?$/ }).max(10_000)
const withUrl = z.looseObject({ url })
const withId = z.looseObject({ id: z.string().min(1) })
const list = z.looseObject({ data: z.array(withId), has_more: z.boolean() })
const meters = z.looseObject({
  data: z.array(z.looseObject({ id: z.string().min(1), event_name: z.string() })),
  has_more: z.boolean(),
})
const summaries = z.looseObject({ data: z.array(z.looseObject({ aggregated_value: z.number() })) })
export function createStripeClient(options: ProviderClientOptions): StripeClient {
  const { sdk: stripe, asked } = createStripeCalls(options)

  /** Looked up each time: the sum of a meter that was replaced meanwhile would say that nothing had arrived. */
  async function meterId(eventName: string): Promise<string | null> {
    for (let after: string | undefined; ; ) {
      const page = await asked(meters, 'GET', () =>
        stripe.billing.meters.list({
          ...{ status: 'active', limit: PAGE },
          ...(after !== undefined && { starting_after: after }),
        }),
      )
      const found = page.data.find(({ event_name }) => event_name === eventName)
      after = page.data.at(-1)?.id
      if (found || !page.has_more || after === undefined) return found?.id ?? null
    }
  }

  async function oneSubscription(id: string): Promise<[string, unknown][]> {
    try {
      const content = await asked(withId, 'GET', () => stripe.subscriptions.retrieve(id))
      // Another one's state would be believed.
      if (content.id !== id) throw unreadable('GET')
      return [[id, content]]
    } catch (error) {
      if (error instanceof ProviderError && error.status === 404) return []
      throw error
    }
  }

  return {
    async createCheckout(order) {
      const { idempotencyKey } = order
      const params = sessionParams(order)
      const made = await asked(withUrl, 'POST', () =>
        stripe.checkout.sessions.create(params, { idempotencyKey }),
      )
      return made.url
    },
    async createPortalLink({ customer, returnUrl }) {
      const params = { customer, return_url: returnUrl }
      return (await asked(withUrl, 'POST', () => stripe.billingPortal.sessions.create(params))).url
    },
    async subscriptions(ids) {
      return new Map((await Promise.all(ids.map(oneSubscription))).flat())
    },
    async subscriptionPage(after) {
      // Without a status all but canceled ones.
      const params = { limit: PAGE, ...(after !== null && { starting_after: after }) }
      const page = await asked(list, 'GET', () => stripe.subscriptions.list(params))
      const subscriptions = page.data.map(
        (one): ListedSubscription => ({ id: one.id, content: one }),
      )
      return { subscriptions, next: (page.has_more && page.data.at(-1)?.id) || null }
    },
    async sendMeterEvent({ identifier, eventName, customer, units, at }) {
      const event = {
        ...{ identifier, event_name: eventName, timestamp: Math.floor(at / 1_000) },
        payload: { stripe_customer_id: customer, value: String(units) },
      }
      try {
        await asked(z.looseObject({}), 'POST', () => stripe.billing.meterEvents.create(event))
        return 'taken'
      } catch (error) {
        if (error instanceof ProviderError && error.reason === DUPLICATE_METER_EVENT)
          return 'duplicate'
        throw error
      }
    },
    charge: (id) => asked(withId, 'GET', () => stripe.charges.retrieve(id)),
    async meterSum({ eventName, customer, from, to }) {
      const id = await meterId(eventName)
      if (id === null) return null
      const window = { start_time: from / 1_000, end_time: to / 1_000 }
      const { data } = await asked(summaries, 'GET', () =>
        stripe.billing.meters.listEventSummaries(id, { customer, ...window }),
      )
      return data.reduce((sum, { aggregated_value }) => sum + aggregated_value, 0)
    },
  }
}

function sessionParams(order: CheckoutOrder): Stripe.Checkout.SessionCreateParams {
  const { apiKeyId, userId, priceId, overagePriceId, customer, email } = order
  const metadata = { api_key: apiKeyId, user_id: userId }
  return {
    mode: 'subscription',
    line_items: [
      { price: priceId, quantity: 1 },
      // What is metered has no quantity: the meter says it.
      ...(overagePriceId === null ? [] : [{ price: overagePriceId }]),
    ],
    client_reference_id: apiKeyId,
    ...(customer === null ? { customer_email: email } : { customer }),
    currency: order.currency.toLowerCase(),
    success_url: order.successUrl,
    cancel_url: order.cancelUrl,
    expires_at: Math.floor(order.expiresAt / 1_000),
    metadata,
    // The session's own do not pass on to what it makes.
    subscription_data: { metadata },
  }
}
