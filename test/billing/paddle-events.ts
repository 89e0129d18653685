import { createHmac } from 'node:crypto'

/** Events as developer.paddle.com shows them: what matters, and some that does not. */
export interface PaddleEvent {
  event_id: string
  event_type: string
  /** RFC 3339 with microseconds. */
  occurred_at: string
  notification_id: string
  data: Record<string, unknown>
}

/** @param at ms, with fractions where microseconds matter */
export function paddleEvent(
  event_id: string,
  event_type: string,
  at: number,
  data: Record<string, unknown>,
): PaddleEvent {
  const notification_id = `ntf_${event_id.slice(4)}`
  return { event_id, event_type, occurred_at: paddleInstant(at), notification_id, data }
}

/** `2026-11-22T11:57:47.390028Z` */
export function paddleInstant(at: number): string {
  const micros = Math.round((at % 1) * 1_000)
  return new Date(Math.floor(at)).toISOString().replace('Z', `${`${micros}`.padStart(3, '0')}Z`)
}

export interface PaddleSubscriptionOptions {
  id?: string
  customer?: string
  status?: string
  price?: string
  /** ms */
  createdAt?: number
  endsAt?: number | null
  cancelAt?: number | null
  canceledAt?: number | null
  customData?: Record<string, unknown> | null
}

export function paddleSubscription(options: PaddleSubscriptionOptions = {}) {
  const { id = 'sub_01hv8x29kz0t586xy6zn1a62ny', customer = 'ctm_01hv6y1jedq4p1n0yqn5ba3ky4' } =
    options
  const { status = 'active', price = 'pri_starter_monthly' } = options
  const { createdAt = Date.UTC(2026, 10, 1), cancelAt = null, canceledAt = null } = options
  const { endsAt = createdAt + 2_592_000_000, customData = null } = options
  const instant = (at: number | null) => (at === null ? null : paddleInstant(at))
  return {
    ...{ id, status, customer_id: customer, custom_data: customData, currency_code: 'USD' },
    ...{
      created_at: instant(createdAt),
      started_at: instant(createdAt),
      canceled_at: instant(canceledAt),
    },
    collection_mode: 'automatic',
    current_billing_period:
      endsAt === null ? null : { starts_at: instant(createdAt), ends_at: instant(endsAt) },
    scheduled_change:
      cancelAt === null
        ? null
        : { action: 'cancel', effective_at: instant(cancelAt), resume_at: null },
    items: [
      {
        ...{ status, quantity: 1, recurring: true },
        price: {
          ...{
            id: price,
            product_id: 'pro_1',
            description: 'Monthly',
            tax_mode: 'account_setting',
          },
          billing_cycle: { interval: 'month', frequency: 1 },
          unit_price: { amount: '2900', currency_code: 'USD' },
        },
      },
    ],
  }
}

export interface PaddleTransactionOptions {
  id?: string
  subscription?: string | null
  customer?: string
  total?: string
  currency?: string
  number?: string | null
  /** ms */
  createdAt?: number
  origin?: string
  customData?: Record<string, unknown> | null
}

export function paddleTransaction(options: PaddleTransactionOptions = {}) {
  const { id = 'txn_01hv8wptq8987qeep44cyrewp9', subscription = 'sub_01hv8x29kz0t586xy6zn1a62ny' } =
    options
  const { customer = 'ctm_01hv6y1jedq4p1n0yqn5ba3ky4', total = '2900', currency = 'USD' } = options
  const { number = '325-10566', createdAt = Date.UTC(2026, 10, 1) } = options
  const { origin = 'subscription_recurring', customData = null } = options
  return {
    ...{
      id,
      subscription_id: subscription,
      customer_id: customer,
      origin,
      custom_data: customData,
    },
    ...{
      invoice_id: 'inv_1',
      invoice_number: number,
      currency_code: currency,
      status: 'completed',
    },
    ...{ created_at: paddleInstant(createdAt), billed_at: paddleInstant(createdAt) },
    details: {
      totals: { subtotal: total, tax: '0', total, grand_total: total, currency_code: currency },
    },
  }
}

/** The header that Paddle sends with a body. */
export function paddleSignature(body: string, secret: string, seconds: number): string {
  const h1 = createHmac('sha256', secret).update(`${seconds}:${body}`).digest('hex')
  return `ts=${seconds};h1=${h1}`
}
