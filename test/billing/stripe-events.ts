import { createHmac } from 'node:crypto'

/** Events as docs.stripe.com shows them for API version 2026-10: what matters, and some that does not. */
export interface StripeEvent {
  id: string
  object: 'event'
  api_version: string
  created: number
  livemode: boolean
  pending_webhooks: number
  request: { id: string | null; idempotency_key: string | null }
  type: string
  data: { object: Record<string, unknown>; previous_attributes?: Record<string, unknown> }
}

/** @param created s */
export function stripeEvent(
  id: string,
  type: string,
  created: number,
  object: Record<string, unknown>,
  { livemode = false } = {},
): StripeEvent {
  return {
    ...{ id, object: 'event', api_version: '2026-10-28.endive', created, livemode },
    ...{ pending_webhooks: 1, request: { id: null, idempotency_key: null }, type },
    data: { object },
  }
}

export interface StripeSubscriptionOptions {
  id?: string
  customer?: string
  status?: string
  price?: string
  /** s */
  created?: number
  currentPeriodEnd?: number | null
  cancelAtPeriodEnd?: boolean
  cancelAt?: number | null
  endedAt?: number | null
  metadata?: Record<string, unknown>
}

export function stripeSubscription(options: StripeSubscriptionOptions = {}) {
  const { id = 'sub_1', customer = 'cus_1', status = 'active' } = options
  const { price = 'price_starter_monthly', created = 1_795_000_000 } = options
  const { cancelAtPeriodEnd = false, cancelAt = null, endedAt = null, metadata = {} } = options
  const end =
    options.currentPeriodEnd === undefined ? created + 2_592_000 : options.currentPeriodEnd
  return {
    ...{ id, object: 'subscription', customer, status, created, start_date: created, metadata },
    ...{ cancel_at: cancelAt, cancel_at_period_end: cancelAtPeriodEnd, ended_at: endedAt },
    ...{ collection_method: 'charge_automatically', currency: 'usd', livemode: false },
    items: {
      object: 'list',
      has_more: false,
      data: [
        {
          ...{ id: `si_${id}`, object: 'subscription_item', subscription: id, quantity: 1 },
          ...{ current_period_start: created, current_period_end: end },
          price: {
            ...{
              id: price,
              object: 'price',
              currency: 'usd',
              unit_amount: 2900,
              type: 'recurring',
            },
            recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
          },
        },
      ],
    },
  }
}

export interface StripeInvoiceOptions {
  id?: string
  subscription?: string
  customer?: string
  total?: number
  currency?: string
  number?: string | null
  /** s */
  created?: number
  metadata?: Record<string, unknown>
}

export function stripeInvoice(options: StripeInvoiceOptions = {}) {
  const { id = 'in_1', subscription = 'sub_1', customer = 'cus_1', total = 2900 } = options
  const { currency = 'usd', number = 'ABCD-0001', created = 1_795_000_000 } = options
  const { metadata = {} } = options
  return {
    ...{ id, object: 'invoice', customer, total, currency, number, created },
    ...{ amount_due: total, amount_paid: total, billing_reason: 'subscription_cycle' },
    parent: {
      type: 'subscription_details',
      quote_details: null,
      subscription_details: { subscription, metadata },
    },
  }
}

export function stripeCheckout(options: {
  subscription: string | null
  customer?: string
  metadata?: Record<string, unknown>
}) {
  const { subscription, customer = 'cus_1', metadata = {} } = options
  return {
    ...{
      id: 'cs_test_1',
      object: 'checkout.session',
      mode: 'subscription',
      customer,
      subscription,
    },
    ...{ payment_status: 'paid', status: 'complete', metadata },
  }
}

/** The header that Stripe sends with a body. */
export function stripeSignature(body: string, secret: string, seconds: number): string {
  const v1 = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return `t=${seconds},v1=${v1}`
}
