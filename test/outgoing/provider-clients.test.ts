import { inspect } from 'node:util'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { createPaddleClient, type PaddleClient } from '../../src/outgoing/paddle-client.ts'
import type { CheckoutOrder, ProviderClient } from '../../src/outgoing/provider-client.ts'
import { ProviderError } from '../../src/outgoing/provider-error.ts'
import { createProviderHttp } from '../../src/outgoing/provider-http.ts'
import { createProviderMetrics, type ProviderMetrics } from '../../src/outgoing/provider-metrics.ts'
import { createStripeClient, type StripeClient } from '../../src/outgoing/stripe-client.ts'
import { DAY } from '../../src/rules/calendar-time.ts'
import { paddleSubscription } from '../billing/paddle-events.ts'
import { type PaddleStandIn, startPaddleStandIn } from '../billing/paddle-stand-in.ts'
import type { ProviderCall, WireFault } from '../billing/provider-wire.ts'
import { stripeSubscription } from '../billing/stripe-events.ts'
import { type StripeStandIn, startStripeStandIn } from '../billing/stripe-stand-in.ts'

const TIMEOUT_MS = 500
const now = Date.UTC(2026, 10, 10, 12)
const any = () => true

let stripeApi: StripeStandIn
let paddleApi: PaddleStandIn
let stripe: StripeClient
let paddle: PaddleClient
let registry: Registry
let metrics: ProviderMetrics

beforeAll(async () => {
  ;[stripeApi, paddleApi] = await Promise.all([
    startStripeStandIn(() => now),
    startPaddleStandIn(() => now),
  ])
})
afterAll(() => Promise.all([stripeApi.stop(), paddleApi.stop()]))

beforeEach(() => {
  registry = new Registry()
  metrics = createProviderMetrics(registry)
  stripe = createStripeClient(optionsFor(stripeApi))
  paddle = createPaddleClient(optionsFor(paddleApi))
})

function optionsFor({ url, key }: { url: string; key: string }) {
  return {
    access: { key, apiBase: url },
    ask: createProviderHttp({ fetch, clock: () => now }),
    metrics,
    timeoutMs: TIMEOUT_MS,
  }
}

const order: CheckoutOrder = {
  ...{ idempotencyKey: 'checkout-1', apiKeyId: 'key_a', userId: 'auth0|1' },
  ...{ priceId: 'price_starter_monthly', overagePriceId: null, currency: 'EUR' },
  ...{ customer: null, email: 'ops@ledger.example', expiresAt: now + 3_600_000 },
  successUrl: 'https://tax.example.com/dashboard/?checkout=success',
  cancelUrl: 'https://tax.example.com/dashboard/?checkout=cancelled',
}

async function errorOf(call: Promise<unknown>): Promise<ProviderError> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof ProviderError) return error
  throw new Error(`not a ProviderError: ${inspect(error)}`)
}

describe('Stripe', () => {
  test('is asked for a session that carries key and owner, twice under one idempotency key once', async () => {
    const url = await stripe.createCheckout({ ...order, overagePriceId: 'price_calls' })
    expect(url).toMatch(/^https:\/\/checkout\.stripe\.com\//)
    expect(await stripe.createCheckout({ ...order, overagePriceId: 'price_calls' })).toBe(url)
    expect(stripeApi.sessions).toHaveLength(1)
    expect(stripeApi.sessions[0]?.params).toEqual({
      mode: 'subscription',
      'line_items[0][price]': 'price_starter_monthly',
      'line_items[0][quantity]': '1',
      'line_items[1][price]': 'price_calls',
      ...{ client_reference_id: 'key_a', customer_email: 'ops@ledger.example', currency: 'eur' },
      ...{ success_url: order.successUrl, cancel_url: order.cancelUrl },
      expires_at: String(now / 1_000 + 3_600),
      ...{ 'metadata[api_key]': 'key_a', 'metadata[user_id]': 'auth0|1' },
      'subscription_data[metadata][api_key]': 'key_a',
      'subscription_data[metadata][user_id]': 'auth0|1',
    })
    await stripe.createCheckout({ ...order, idempotencyKey: 'checkout-2', customer: 'cus_1' })
    expect(stripeApi.sessions[1]?.params).toMatchObject({ customer: 'cus_1' })
    expect(stripeApi.sessions[1]?.params).not.toHaveProperty('customer_email')
  })

  test('hears of no machine, and gets no request twice by itself', async () => {
    const before = stripeApi.calls.length
    stripeApi.fail(any, 'before')
    expect((await errorOf(stripe.subscriptions(['sub_x']))).code).toBe('unavailable')
    stripeApi.fail(any, { reply: { status: 503, headers: { 'retry-after': '7' } } })
    const error = await errorOf(stripe.subscriptions(['sub_x']))
    expect(error).toMatchObject({ code: 'unavailable', status: 503, retryAfterMs: 7_000 })
    expect(stripeApi.calls.length).toBe(before + 2)
    const { headers } = stripeApi.calls.at(-1) as ProviderCall
    expect(headers['x-stripe-client-telemetry']).toBeUndefined()
    expect(headers['x-stripe-client-user-agent']).not.toMatch(/platform|telemetry_id/)
    expect(headers['stripe-version']).toBe('2026-10-28.endive')
  })

  test('answers subscriptions one by one and in pages, and whom it does not know is missing', async () => {
    for (let n = 0; n < 205; n++) {
      const id = `sub_${String(n).padStart(3, '0')}`
      stripeApi.subscriptions.set(id, stripeSubscription({ id, created: 1_795_000_000 + n }))
    }
    const found = await stripe.subscriptions(['sub_003', 'sub_gone', 'sub_007'])
    expect([...found.keys()]).toEqual(['sub_003', 'sub_007'])
    const seen: string[] = []
    for (let after: string | null = null; ; ) {
      const page = await stripe.subscriptionPage(after)
      seen.push(...page.subscriptions.map(({ id }) => id))
      after = page.next
      if (after === null) break
    }
    expect(seen).toHaveLength(205)
    expect(new Set(seen).size).toBe(205)
  })

  test('counts a meter event once, says of a second that it has it, and sums up what it has', async () => {
    const at = now - DAY
    const event = { identifier: 'key_a:2026-11-09', eventName: 'getcomplical_calls', at }
    const sent = { ...event, customer: 'cus_meter', units: 250 }
    expect(await stripe.sendMeterEvent(sent)).toBe('taken')
    expect(await stripe.sendMeterEvent(sent)).toBe('duplicate')
    const window = { eventName: event.eventName, customer: 'cus_meter', from: at, to: at + 60_000 }
    expect(await stripe.meterSum(window)).toBe(250)
    expect(await stripe.meterSum({ ...window, from: at + 60_000, to: at + 120_000 })).toBe(0)
    expect(await stripe.meterSum({ ...window, eventName: 'other' })).toBeNull()
    const old = await errorOf(
      stripe.sendMeterEvent({ ...sent, identifier: 'x', at: now - 36 * DAY }),
    )
    expect(old).toMatchObject({ code: 'refused', status: 400 })
  })
})

describe('Paddle', () => {
  test('is asked for a transaction that carries key and owner', async () => {
    expect(await paddle.createCheckout(order)).toMatch(/_ptxn=txn_/)
    expect(JSON.parse(paddleApi.calls.at(-1)?.body ?? '')).toEqual({
      items: [{ price_id: 'price_starter_monthly', quantity: 1 }],
      custom_data: { api_key: 'key_a', user_id: 'auth0|1' },
      ...{ currency_code: 'EUR', collection_mode: 'automatic' },
    })
  })

  test('bills an item of ours, by which the charge is found again', async () => {
    paddleApi.subscriptions.set('sub_p', paddleSubscription({ id: 'sub_p' }))
    const charge = {
      ...{ reference: 'key_a:2026-11', subscription: 'sub_p', productId: 'pro_overage' },
      ...{ description: '1,234 calls above 10,000', units: 1_234, amount: 494n, currency: 'USD' },
    }
    await paddle.charge(charge)
    const [item] = paddleApi.chargesOf('sub_p')[0]?.items ?? []
    expect(item).toEqual({
      quantity: 1,
      price: {
        ...{ product_id: 'pro_overage', name: 'Calls above the limit' },
        description: '1,234 calls above 10,000 [key_a:2026-11]',
        unit_price: { amount: '494', currency_code: 'USD' },
        quantity: { minimum: 1, maximum: 1 },
        custom_data: { reference: 'key_a:2026-11', units: 1_234 },
      },
    })
    for (let n = 0; n < 230; n++) await paddle.charge({ ...charge, reference: `key_b:${n}` })
    const found = await paddle.charges('sub_p', now)
    expect(found).toHaveLength(231)
    expect(found).toContainEqual({
      ...{ reference: 'key_a:2026-11', units: 1_234 },
      transaction: expect.stringMatching(/^txn_/),
    })
    expect(await paddle.charges('sub_p', now + 1)).toEqual([])
  })

  test('answers subscriptions by their ids in one call, and all of them in pages', async () => {
    for (let n = 0; n < 120; n++) {
      const id = `sub_${String(n).padStart(3, '0')}`
      paddleApi.subscriptions.set(id, paddleSubscription({ id }))
    }
    const before = paddleApi.calls.length
    const found = await paddle.subscriptions(['sub_003', 'sub_gone', 'sub_007'])
    expect([...found.keys()].sort()).toEqual(['sub_003', 'sub_007'])
    expect(paddleApi.calls.length).toBe(before + 1)
    const first = await paddle.subscriptionPage(null)
    const second = await paddle.subscriptionPage(first.next)
    const all = [...first.subscriptions, ...second.subscriptions].map(({ id }) => id)
    expect(new Set(all).size).toBe(paddleApi.subscriptions.size)
    expect(second.next).toBeNull()
  })
})

const secretive = { error: { code: 'bad code with cus_1', message: 'cus_1 sk_live_x' } }

describe.each([
  ['STRIPE', () => ({ client: stripe as ProviderClient, api: stripeApi })],
  ['PADDLE', () => ({ client: paddle as ProviderClient, api: paddleApi })],
] as const)('a failing %s', (provider, made) => {
  const order2 = { ...order, idempotencyKey: `failing-${provider}` }
  const failures: [string, WireFault, 'read' | 'write', Partial<ProviderError>][] = [
    ['refuses to write', { reply: { status: 400, body: secretive } }, 'write', { code: 'refused' }],
    ['refuses to tell', { reply: { status: 422 } }, 'read', { code: 'refused' }],
    ['does not know our key', { reply: { status: 401 } }, 'write', { code: 'unavailable' }],
    ['redirects', redirect(), 'write', { code: 'unavailable', status: 302 }],
    [
      'limits us',
      { reply: { status: 429, headers: { 'retry-after': '30' } } },
      'write',
      { code: 'unavailable', retryAfterMs: 30_000 },
    ],
    ['locks', locked('subscription_locked_renewal'), 'write', { code: 'unavailable' }],
    ['fails', { late: { status: 500 } }, 'write', { code: 'unknown', status: 500 }],
    ['fails', { reply: { status: 502 } }, 'read', { code: 'unavailable', status: 502 }],
    ['cuts the wire after it was done', 'after', 'write', { code: 'unknown', status: null }],
    ['cuts the wire', 'before', 'read', { code: 'unavailable', status: null }],
    ['hangs', 'hang', 'write', { code: 'unknown', status: null }],
    ['hangs', 'hang', 'read', { code: 'unavailable', status: null }],
    ['answers nonsense', { nonsense: '<html>' }, 'write', { code: 'unknown', status: 200 }],
    ['answers nonsense', { nonsense: '{"data":7}' }, 'read', { code: 'unavailable', status: 200 }],
    ['never ends', { nonsense: 'x'.repeat(3_000_000) }, 'read', { code: 'unavailable' }],
  ]

  test.each(failures)('that %s', async (_what, fault, kind, expected) => {
    const { client, api } = made()
    const before = api.calls.length
    api.fail(any, fault)
    const began = performance.now()
    const call = kind === 'read' ? client.subscriptionPage(null) : client.createCheckout(order2)
    const error = await errorOf(call)
    expect(error).toMatchObject({ provider, ...expected })
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + 1_500)
    expect(api.calls.length).toBe(before + 1)
    // It may stand in any log: nothing of what the provider said, and nothing of ours.
    const shown = inspect(error, { depth: 20, showHidden: true })
    expect(shown).not.toMatch(/cus_1|ctm_|sk_(test|live)|pdl_sdbx|ledger\.example|checkout-1/)
    const counted = `provider_calls_total{provider="${provider}",outcome="${error.code}"} 1`
    expect(await registry.metrics()).toContain(counted)
  })

  test('that is not there was not reached: nothing can have been done', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    const options = optionsFor({ url, key: 'x' })
    const away = provider === 'STRIPE' ? createStripeClient(options) : createPaddleClient(options)
    expect(await errorOf(away.createCheckout(order2))).toMatchObject({ code: 'unavailable' })
  })
})

function redirect(): WireFault {
  return { reply: { status: 302, headers: { location: 'http://169.254.169.254/' } } }
}

function locked(code: string): WireFault {
  return { reply: { status: 400, body: { error: { code, message: 'Try again later.' } } } }
}

test('another subscription than the one that was asked for is no answer', async () => {
  const content = JSON.stringify(stripeSubscription({ id: 'sub_other' }))
  stripeApi.fail(any, { nonsense: content })
  expect(await errorOf(stripe.subscriptions(['sub_mine']))).toMatchObject({ code: 'unavailable' })
})
