import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readWorkerConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { startWorkers, type WorkerProcess } from '../../src/worker.ts'
import { startTestApi, type TestApi } from '../api.ts'
import { stripeEvent, stripeSignature, stripeSubscription } from '../billing/stripe-events.ts'
import { type StripeStandIn, startStripeStandIn } from '../billing/stripe-stand-in.ts'

const secret = 'whsec_of_the_test'
let stripe: StripeStandIn
let api: TestApi
let workers: WorkerProcess

beforeAll(async () => {
  stripe = await startStripeStandIn()
  api = await startTestApi({
    STRIPE_WEBHOOK_SECRETS: secret,
    STRIPE_SECRET_KEY: stripe.key,
    STRIPE_API_BASE: stripe.url,
  })
  const config = readWorkerConfig({ ...api.environment, METRICS_PORT: '0' })
  workers = await startWorkers(config, ['apply-billing-events'], createLog('silent', 'test'))
  await workers.ready
})
afterAll(async () => {
  await workers?.stop()
  await api?.end()
  await stripe?.stop()
})

async function post(body: string): Promise<number> {
  const headers = {
    'content-type': 'application/json',
    'stripe-signature': stripeSignature(body, secret, Math.floor(Date.now() / 1_000)),
  }
  return (await fetch(`${api.url}/webhooks/stripe`, { method: 'POST', headers, body })).status
}

test('with a secret key set, Stripe is asked what came last of one second', async () => {
  const { apiKeyId } = await api.seed('free')
  const created = Math.floor(Date.now() / 1_000) - 100
  const about = { created, metadata: { api_key: apiKeyId } }
  const starter = stripeSubscription({ ...about, price: 'price_starter_monthly' })
  const pro = stripeSubscription({ ...about, price: 'price_pro_monthly' })
  // By their ids the upgrade came first; Stripe knows better.
  stripe.subscriptions.set('sub_1', pro)
  const updated = 'customer.subscription.updated'
  const events = [
    stripeEvent('evt_2', updated, created, starter),
    stripeEvent('evt_1', updated, created, pro),
  ]
  for (const event of events) expect(await post(JSON.stringify(event))).toBe(200)
  const tierOf = async () => (await apiKeys(api.db).findOne({ _id: apiKeyId }))?.tier
  await vi.waitFor(async () => expect(await tierOf()).toBe('pro'), { timeout: 10_000 })
})
