import { Registry } from 'prom-client'
import type { ProviderAccess } from '../../src/outgoing/provider-access.ts'
import type { CheckoutOrder } from '../../src/outgoing/provider-client.ts'
import { type AskProvider, createProviderHttp } from '../../src/outgoing/provider-http.ts'
import { createProviderMetrics } from '../../src/outgoing/provider-metrics.ts'
import { createStripeClient, type StripeClient } from '../../src/outgoing/stripe-client.ts'
import { readFetched } from '../../src/rules/billing/fetched-subscription.ts'
import { DAY } from '../../src/rules/calendar-time.ts'

/** One request, or what is done with its answer. */
export interface Check {
  what: string
  /** Null: it is right. */
  problem: string | null
}

const day = Math.floor(Date.now() / DAY) * DAY

const order: CheckoutOrder = {
  ...{ idempotencyKey: 'checkout:test', apiKeyId: 'key_x1Y2z3A4b5C6', userId: 'auth0|42' },
  ...{ priceId: 'price_starter_monthly', overagePriceId: null, currency: 'USD', customer: null },
  ...{ email: 'ops@ledger.example', expiresAt: day + DAY },
  successUrl: 'https://tax.example.com/dashboard/?checkout=success',
  cancelUrl: 'https://tax.example.com/dashboard/?checkout=cancelled',
}

const meterEvent = {
  ...{ identifier: 'key_x1Y2z3A4b5C6:2026-11-22', eventName: 'getcomplical_calls' },
  ...{ customer: 'cus_123', units: 250, at: day - 60_000 },
}

/** Every request that we make of Stripe, each judged by the server that it is sent to. */
export async function checkRequests(access: ProviderAccess): Promise<Check[]> {
  const asked: string[] = []
  const http = createProviderHttp({ fetch, clock: Date.now })
  const problems: string[] = []
  const ask: AskProvider = async (url, request) => {
    asked.push(`${request.method} ${new URL(url).pathname}`)
    const answer = await http(url, request)
    // The client keeps nothing of what is said; here it is what we want to know.
    if (answer.status >= 300) problems.push(`${answer.status} ${answer.text.slice(0, 500)}`)
    return answer
  }
  const metrics = createProviderMetrics(new Registry())
  const stripe = createStripeClient({ access, ask, metrics })
  const eventName = await anyMeter(access)
  const checks: Check[] = [await control(access)]
  for (const [what, request] of requests(stripe, eventName)) {
    problems.length = 0
    const problem = await request().then(
      () => null,
      (error: Error) => error.message,
    )
    checks.push({ what, problem: problems[0] ?? problem })
  }
  checks.push({
    what: `all of them together: ${[...new Set(asked)].join(', ')}`,
    problem: new Set(asked).size < 7 ? 'some request was not made' : null,
  })
  return checks
}

function requests(stripe: StripeClient, eventName: string): [string, () => Promise<unknown>][] {
  const window = { customer: 'cus_123', from: day - DAY, to: day }
  const withAll = { ...order, overagePriceId: 'price_calls', customer: 'cus_123' }
  return [
    ['a checkout for a new customer', () => stripe.createCheckout(order)],
    ['a checkout for a known one, with metered calls', () => stripe.createCheckout(withAll)],
    ['the billing portal', () => stripe.createPortalLink(portal)],
    ['subscriptions by their ids, read as facts', () => readOne(stripe)],
    ['a page of subscriptions', () => stripe.subscriptionPage(null)],
    ['the page after it', () => stripe.subscriptionPage('sub_123')],
    ['a meter event', () => stripe.sendMeterEvent(meterEvent)],
    ['the sum of a meter', () => sumOf(stripe, { eventName, ...window })],
  ]
}

const portal = {
  ...{ customer: 'cus_123', subscription: 'sub_123' },
  returnUrl: 'https://tax.example.com/dashboard/',
}

async function readOne(stripe: StripeClient): Promise<void> {
  const found = await stripe.subscriptions(['sub_123'])
  const { fact, customer } = readFetched('STRIPE', 'sub_123', found.get('sub_123'), Date.now())
  if (fact.says.kind !== 'snapshot' || fact.says.status === null) throw new Error('no status')
  if (customer === null) throw new Error('no customer')
}

async function sumOf(stripe: StripeClient, window: Parameters<StripeClient['meterSum']>[0]) {
  if ((await stripe.meterSum(window)) === null) throw new Error('the meter was not found')
}

/** The name that the examples give to their meter. */
async function anyMeter({ apiBase, key }: ProviderAccess): Promise<string> {
  const headers = { authorization: `Bearer ${key}` }
  const answer = await fetch(`${apiBase}/v1/billing/meters`, { headers })
  const { data } = (await answer.json()) as { data?: { event_name: string }[] }
  return data?.[0]?.event_name ?? ''
}

/** That it judges at all. */
async function control({ apiBase, key }: ProviderAccess): Promise<Check> {
  const answer = await fetch(`${apiBase}/v1/checkout/sessions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'mode=subscription&no_such_parameter=1',
  })
  const problem = answer.status === 400 ? null : `it answered ${answer.status}`
  return { what: 'a parameter that Stripe does not know is refused', problem }
}
