import { paddleInstant, type paddleSubscription } from './paddle-events.ts'
import {
  type ProviderCall,
  type ProviderWire,
  type Reply,
  startProviderWire,
} from './provider-wire.ts'

type Subscription = ReturnType<typeof paddleSubscription>

interface Transaction {
  id: string
  subscription_id: string | null
  origin: string
  created_at: string
  custom_data: unknown
  currency_code: string
  items: { quantity: number; price: Record<string, unknown> }[]
  checkout: { url: string | null }
}

/** Paddle, as far as it is asked. It knows no idempotency: what it is asked for twice it does twice. */
export interface PaddleStandIn extends ProviderWire {
  key: string
  subscriptions: Map<string, Subscription>
  transactions: Transaction[]
  /** One-time charges of a subscription. */
  chargesOf(subscription: string): Transaction[]
}

export async function startPaddleStandIn(clock: () => number = Date.now): Promise<PaddleStandIn> {
  const key = 'pdl_sdbx_apikey_of_the_stand_in'

  function answer(call: ProviderCall): Reply {
    if (call.headers.authorization !== `Bearer ${key}`)
      return failure(403, 'authentication_malformed')
    const route = `${call.method} ${call.path}`
    if (route === 'POST /transactions') return newTransaction(JSON.parse(call.body))
    if (route === 'GET /transactions') return transactionList(call.query)
    if (route === 'GET /subscriptions') return subscriptionList(call.query)
    const [, charged] = /^POST \/subscriptions\/([^/]+)\/charge$/.exec(route) ?? []
    if (charged !== undefined) return charge(charged, JSON.parse(call.body))
    const [, customer] = /^POST \/customers\/([^/]+)\/portal-sessions$/.exec(route) ?? []
    if (customer !== undefined) return portal(customer)
    return failure(404, 'not_found')
  }

  function newTransaction(body: Partial<Transaction> & { items?: { price_id?: string }[] }): Reply {
    const [item] = body.items ?? []
    if (!item?.price_id) return failure(400, 'bad_request')
    const made = addTransaction({
      ...{ subscription_id: null, origin: 'api', custom_data: body.custom_data ?? null },
      currency_code: body.currency_code ?? 'USD',
      items: [{ quantity: 1, price: { id: item.price_id } }],
    })
    made.checkout.url = `https://pay.example.com/?_ptxn=${made.id}`
    return { status: 201, body: { data: made, meta: { request_id: '1' } } }
  }

  function addTransaction(about: Omit<Transaction, 'id' | 'created_at' | 'checkout'>): Transaction {
    const id = `txn_${String(standIn.transactions.length + 1).padStart(26, '0')}`
    const made = { id, created_at: paddleInstant(clock()), checkout: { url: null }, ...about }
    standIn.transactions.push(made)
    return made
  }

  function charge(id: string, body: Record<string, unknown>): Reply {
    const subscription = standIn.subscriptions.get(id)
    if (!subscription) return failure(404, 'not_found')
    if (subscription.status === 'canceled') return failure(400, 'subscription_update_when_canceled')
    const items = body.items as Transaction['items']
    const [item] = items
    const price = item?.price as { unit_price?: { amount?: string } } | undefined
    const fits =
      body.effective_from === 'immediately' &&
      items.length === 1 &&
      item?.quantity === 1 &&
      /^[1-9]\d*$/.test(price?.unit_price?.amount ?? '')
    if (!fits) return failure(400, 'bad_request')
    addTransaction({
      ...{
        subscription_id: id,
        origin: 'subscription_charge',
        custom_data: subscription.custom_data,
      },
      ...{ currency_code: 'USD', items },
    })
    return { status: 200, body: { data: subscription, meta: { request_id: '1' } } }
  }

  function portal(customer: string): Reply {
    const overview = `https://customer-portal.paddle.com/cpl_1?token=${customer.length}`
    const data = { id: 'cpls_1', urls: { general: { overview }, subscriptions: [] } }
    return { status: 201, body: { data } }
  }

  function transactionList(query: URLSearchParams): Reply {
    const since = query.get('created_at[GTE]') ?? ''
    const found = standIn.transactions.filter(
      (one) =>
        one.subscription_id === query.get('subscription_id') &&
        one.origin === query.get('origin') &&
        Date.parse(one.created_at) >= Date.parse(since),
    )
    return pageOf(found, query)
  }

  function subscriptionList(query: URLSearchParams): Reply {
    const ids = query.get('id')?.split(',')
    const statuses = query.get('status')?.split(',')
    const found = [...standIn.subscriptions.values()]
      .filter(({ id }) => !ids || ids.includes(id))
      .filter(({ status }) => !statuses || statuses.includes(status))
      .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    return pageOf(found, query)
  }

  const wire = await startProviderWire(answer)
  const standIn: PaddleStandIn = Object.assign(wire, {
    key,
    subscriptions: new Map<string, Subscription>(),
    transactions: [],
    chargesOf: (subscription: string) =>
      standIn.transactions.filter(
        ({ subscription_id, origin }) =>
          subscription_id === subscription && origin === 'subscription_charge',
      ),
  })
  return standIn
}

function pageOf(all: readonly { id: string }[], query: URLSearchParams): Reply {
  const size = Number(query.get('per_page') ?? 50)
  const after = query.get('after')
  const start = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1
  const pagination = { per_page: size, has_more: start + size < all.length, next: 'not used' }
  return { status: 200, body: { data: all.slice(start, start + size), meta: { pagination } } }
}

function failure(status: number, code: string): Reply {
  const detail = 'Something about ctm_01hv6y1jedq4p1n0yqn5ba3ky4.'
  return { status, body: { error: { type: 'request_error', code, detail } } }
}
