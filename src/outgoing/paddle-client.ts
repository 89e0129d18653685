import { z } from 'zod'
import { createPaddleCalls, unreadable } from './paddle-calls.ts'
import type {
  ListedSubscription,
  ProviderClient,
  ProviderClientOptions,
  SubscriptionPage,
} from './provider-client.ts'

/** Usage above a plan's limit, as one item of an invoice. */
export interface OverageCharge {
  /** Ours; by it the charge is found again. */
  reference: string
  subscription: string
  productId: string
  /** What the customer reads. */
  description: string
  units: number
  /** Whole minor units. */
  amount: bigint
  /** ISO 4217 */
  currency: string
}

/** A charge that Paddle has on record. */
export interface RecordedCharge {
  reference: string
  units: number
  /** The transaction that bills it. */
  transaction: string
}

export interface PaddleClient extends ProviderClient {
  /** Bills at once. Paddle knows no idempotency: ask `charges` before it is repeated. */
  charge(charge: OverageCharge): Promise<void>
  /** Ours on a subscription, made since then (ms). */
  charges(subscription: string, since: number): Promise<RecordedCharge[]>
}

const PAGE = 100
/** A subscription may be charged at most a hundred times a day. */
const MOST_PAGES = 50

const url = z.url({ protocol: /^https?$/ }).max(10_000)
const transaction = z.looseObject({ data: z.looseObject({ checkout: z.looseObject({ url }) }) })
const session = z.looseObject({
  data: z.looseObject({
    urls: z.looseObject({ general: z.looseObject({ overview: url }) }),
  }),
})
const oneSubscription = z.looseObject({ data: z.looseObject({ id: z.string().min(1) }) })
const page = <Item extends z.ZodType>(item: Item) =>
  z.looseObject({
    data: z.array(item),
    meta: z.looseObject({ pagination: z.looseObject({ has_more: z.boolean() }) }),
  })
const subscriptions = page(z.looseObject({ id: z.string().min(1) }))
const ourCharge = z.looseObject({ reference: z.string(), units: z.int().min(0) })
const transactions = page(
  z.looseObject({
    id: z.string().min(1),
    items: z.array(z.looseObject({ price: z.looseObject({ custom_data: z.unknown() }).nullish() })),
  }),
)
/** developer.paddle.com/api-reference, version 1 (read 2026-11). */
export function createPaddleClient(options: ProviderClientOptions): PaddleClient {
  const send = createPaddleCalls(options)

  return {
    async createCheckout({ apiKeyId, userId, priceId, currency, customer }) {
      const body = {
        items: [{ price_id: priceId, quantity: 1 }],
        // Paddle hands it on to the subscription.
        custom_data: { api_key: apiKeyId, user_id: userId },
        currency_code: currency,
        collection_mode: 'automatic',
        ...(customer !== null && { customer_id: customer }),
      }
      const made = await send(transaction, { method: 'POST', path: '/transactions', body })
      return made.data.checkout.url
    },
    async createPortalLink({ customer, subscription }) {
      const made = await send(session, {
        method: 'POST',
        path: `/customers/${encodeURIComponent(customer)}/portal-sessions`,
        body: subscription === null ? {} : { subscription_ids: [subscription] },
      })
      return made.data.urls.general.overview
    },
    async subscriptions(ids) {
      if (ids.length === 0) return new Map()
      const query = { id: ids.join(','), per_page: String(ids.length) }
      const found = await send(subscriptions, { method: 'GET', path: '/subscriptions', query })
      const wanted = new Set(ids)
      const ours = found.data.filter(({ id }) => wanted.has(id))
      return new Map(ours.map((one) => [one.id, one]))
    },
    async subscriptionPage(after): Promise<SubscriptionPage> {
      const query = {
        status: 'active,trialing,past_due,paused',
        ...{ per_page: String(PAGE), order_by: 'id[DESC]' },
        ...(after !== null && { after }),
      }
      const found = await send(subscriptions, { method: 'GET', path: '/subscriptions', query })
      const all = found.data.map((one): ListedSubscription => ({ id: one.id, content: one }))
      return {
        subscriptions: all,
        next: (found.meta.pagination.has_more && all.at(-1)?.id) || null,
      }
    },
    async charge(charge) {
      const path = `/subscriptions/${encodeURIComponent(charge.subscription)}/charge`
      const body = chargeBody(charge)
      await send(oneSubscription, { method: 'POST', path, body, slow: true })
    },
    async charges(subscription, since) {
      const found: RecordedCharge[] = []
      for (let after: string | undefined, pages = 0; pages < MOST_PAGES; pages += 1) {
        const query = {
          ...{ subscription_id: subscription, origin: 'subscription_charge' },
          ...{ 'created_at[GTE]': new Date(since).toISOString(), per_page: String(PAGE) },
          ...(after !== undefined && { after }),
        }
        const { data, meta } = await send(transactions, {
          ...{ method: 'GET', path: '/transactions', query },
        })
        found.push(...data.flatMap(chargesIn))
        after = data.at(-1)?.id
        if (!meta.pagination.has_more || after === undefined) return found
      }
      // Incomplete, it would say of a charge that it is not there.
      throw unreadable('GET', 200)
    },
  }
}

function chargeBody({ reference, productId, description, units, amount, currency }: OverageCharge) {
  return {
    effective_from: 'immediately',
    // A payment that fails is Paddle's to chase, like that of a renewal.
    on_payment_failure: 'apply_change',
    items: [
      {
        quantity: 1,
        price: {
          product_id: productId,
          // As long as Paddle takes.
          description: `${description} [${reference}]`.slice(0, 500),
          name: 'Calls above the limit',
          unit_price: { amount: String(amount), currency_code: currency },
          quantity: { minimum: 1, maximum: 1 },
          custom_data: { reference, units },
        },
      },
    ],
  }
}

function chargesIn({ id, items }: z.infer<typeof transactions>['data'][number]): RecordedCharge[] {
  return items.flatMap(({ price }) => {
    const ours = ourCharge.safeParse(price?.custom_data)
    return ours.success
      ? [{ reference: ours.data.reference, units: ours.data.units, transaction: id }]
      : []
  })
}
