import { DAY } from '../../src/rules/calendar-time.ts'
import {
  type ProviderCall,
  type ProviderWire,
  type Reply,
  startProviderWire,
} from './provider-wire.ts'
import type { stripeSubscription } from './stripe-events.ts'

type Subscription = ReturnType<typeof stripeSubscription>

export interface CountedEvent {
  identifier: string
  eventName: string
  customer: string
  units: number
  /** ms */
  at: number
}

/** Stripe, as far as it is asked: it remembers what its documentation says it remembers, and counts. */
export interface StripeStandIn extends ProviderWire {
  key: string
  subscriptions: Map<string, Subscription>
  /** Meters by event name. */
  meters: Map<string, string>
  sessions: { id: string; url: string; params: Record<string, string> }[]
  /** All that was taken, in order. */
  events: CountedEvent[]
  /** Sum of what was taken for a customer. */
  unitsOf(customer: string): number
  forgetIdentifiers(): void
  /** How long after it was taken an event counts in summaries, ms. */
  summaryLag: number
}

/** "At least 24 hours": the least of it, so that whoever leans on more is found out. */
const REMEMBERED = DAY
const OLDEST = 35 * DAY

export async function startStripeStandIn(clock: () => number = Date.now): Promise<StripeStandIn> {
  const key = 'sk_test_of_the_stand_in'
  const identifiers = new Map<string, number>()
  const keyed = new Map<string, { body: string; reply: Reply }>()
  const takenAt = new WeakMap<CountedEvent, number>()

  function answer(call: ProviderCall): Reply {
    if (call.headers.authorization !== `Bearer ${key}`) {
      return failure(401, { message: `Invalid API Key provided: ${call.headers.authorization}` })
    }
    const idempotencyKey = call.headers['idempotency-key']
    if (typeof idempotencyKey !== 'string') return handle(call)
    const known = keyed.get(idempotencyKey)
    if (known && known.body !== call.body) {
      return failure(400, { type: 'idempotency_error', message: 'Keys must not be reused.' })
    }
    const reply = known?.reply ?? handle(call)
    if (reply.status !== 400) keyed.set(idempotencyKey, { body: call.body, reply })
    return reply
  }

  function handle(call: ProviderCall): Reply {
    const route = `${call.method} ${call.path}`
    if (route === 'POST /v1/checkout/sessions') return checkout(paramsOf(call))
    if (route === 'POST /v1/billing_portal/sessions') return portal(paramsOf(call))
    if (route === 'POST /v1/billing/meter_events') return meterEvent(paramsOf(call))
    if (route === 'GET /v1/billing/meters') return meterList()
    if (route === 'GET /v1/subscriptions') return subscriptionList(call.query)
    const [, subscription] = /^GET \/v1\/subscriptions\/([^/]+)$/.exec(route) ?? []
    if (subscription !== undefined) return oneSubscription(subscription)
    const [, meter] = /^GET \/v1\/billing\/meters\/([^/]+)\/event_summaries$/.exec(route) ?? []
    if (meter !== undefined) return summaries(meter, call.query)
    return failure(404, { message: `Unrecognized request URL (${route}).` })
  }

  function checkout(params: Record<string, string>): Reply {
    const { mode, success_url: success } = params
    const price = params['line_items[0][price]']
    if (mode !== 'subscription' || !success || !price)
      return failure(400, { code: 'parameter_missing' })
    if (params.customer && params.customer_email)
      return failure(400, { code: 'parameters_exclusive' })
    const expires = Number(params.expires_at) * 1_000 - clock()
    if (!(expires >= 1_800_000 && expires <= DAY))
      return failure(400, { code: 'parameter_invalid_integer' })
    const id = `cs_test_${standIn.sessions.length + 1}`
    const url = `https://checkout.stripe.com/c/pay/${id}#of-the-stand-in`
    standIn.sessions.push({ id, url, params })
    return { status: 200, body: { id, object: 'checkout.session', url, mode } }
  }

  function portal({ customer }: Record<string, string>): Reply {
    if (!customer) return failure(400, { code: 'parameter_missing' })
    const url = `https://billing.stripe.com/p/session/test_${customer.length}`
    return { status: 200, body: { id: 'bps_1', object: 'billing_portal.session', url } }
  }

  function meterEvent(params: Record<string, string>): Reply {
    const { event_name: eventName = '', identifier = '', timestamp } = params
    const { 'payload[stripe_customer_id]': customer = '', 'payload[value]': value = '' } = params
    const now = clock()
    const at = Number(timestamp) * 1_000
    if (!standIn.meters.has(eventName)) {
      return failure(400, { message: `No active meter found for event name ${eventName}.` })
    }
    if (identifier.length > 100 || !/^\d+$/.test(value) || !customer) return failure(400, {})
    if (!(at > now - OLDEST && at < now + 300_000)) {
      return failure(400, { message: 'The timestamp must be within the past 35 calendar days.' })
    }
    const seen = identifiers.get(identifier)
    if (seen !== undefined && now < seen + REMEMBERED) {
      return failure(400, { message: `An event already exists with identifier ${identifier}.` })
    }
    identifiers.set(identifier, now)
    const event = { identifier, eventName, customer, units: Number(value), at }
    standIn.events.push(event)
    takenAt.set(event, now)
    return {
      status: 200,
      body: { object: 'billing.meter_event', identifier, event_name: eventName },
    }
  }

  function meterList(): Reply {
    const data = [...standIn.meters].map(([event_name, id]) => ({
      id,
      event_name,
      object: 'billing.meter',
    }))
    return { status: 200, body: { object: 'list', data, has_more: false } }
  }

  function summaries(meter: string, query: URLSearchParams): Reply {
    const [from, to] = ['start_time', 'end_time'].map((name) => Number(query.get(name)) * 1_000)
    if (from === undefined || to === undefined || from % 60_000 || to % 60_000 || from >= to) {
      return failure(400, { message: 'Must be aligned with minute boundaries.' })
    }
    const counted = standIn.events.filter(
      (one) =>
        standIn.meters.get(one.eventName) === meter &&
        one.customer === query.get('customer') &&
        one.at >= from &&
        one.at < to &&
        (takenAt.get(one) ?? 0) + standIn.summaryLag <= clock(),
    )
    const sum = counted.reduce((total, { units }) => total + units, 0)
    const data =
      counted.length === 0
        ? []
        : [{ object: 'billing.meter_event_summary', meter, aggregated_value: sum }]
    return { status: 200, body: { object: 'list', data, has_more: false } }
  }

  function oneSubscription(id: string): Reply {
    const found = standIn.subscriptions.get(id)
    if (found) return { status: 200, body: found }
    return failure(404, { code: 'resource_missing', message: `No such subscription: '${id}'` })
  }

  function subscriptionList(query: URLSearchParams): Reply {
    const limit = Number(query.get('limit') ?? 10)
    const all = [...standIn.subscriptions.values()]
      .filter(({ status }) => status !== 'canceled')
      .toSorted((a, b) => b.created - a.created || (a.id < b.id ? 1 : -1))
    const after = query.get('starting_after')
    const start = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1
    const data = all.slice(start, start + limit)
    return { status: 200, body: { object: 'list', data, has_more: start + limit < all.length } }
  }

  const wire = await startProviderWire(answer)
  const standIn: StripeStandIn = Object.assign(wire, {
    key,
    subscriptions: new Map<string, Subscription>(),
    meters: new Map([['getcomplical_calls', 'mtr_test_1']]),
    sessions: [],
    events: [],
    summaryLag: 0,
    forgetIdentifiers: () => identifiers.clear(),
    unitsOf: (customer: string) =>
      standIn.events
        .filter((one) => one.customer === customer)
        .reduce((sum, { units }) => sum + units, 0),
  })
  return standIn
}

function paramsOf({ body }: ProviderCall): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(body))
}

function failure(status: number, error: { type?: string; code?: string; message?: string }): Reply {
  return { status, body: { error: { type: 'invalid_request_error', message: 'No.', ...error } } }
}
