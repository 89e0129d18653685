import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readWorkerConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { startWorkers, type WorkerProcess } from '../../src/worker.ts'
import { startTestApi, type TestApi } from '../api.ts'
import { paddleEvent, paddleSignature, paddleSubscription } from '../billing/paddle-events.ts'
import { stripeEvent, stripeSignature, stripeSubscription } from '../billing/stripe-events.ts'

const secret = 'whsec_of_the_test'
let api: TestApi
let workers: WorkerProcess

beforeAll(async () => {
  api = await startTestApi({ STRIPE_WEBHOOK_SECRETS: secret, PADDLE_WEBHOOK_SECRETS: secret })
  const config = readWorkerConfig({ ...api.environment, METRICS_PORT: '0' })
  workers = await startWorkers(config, ['apply-billing-events'], createLog('silent', 'test'))
  await workers.ready
})
afterAll(async () => {
  await workers.stop()
  await api.end()
})

const now = () => Math.floor(Date.now() / 1_000)

async function post(path: string, header: string, signature: string, body: string) {
  const headers = { 'content-type': 'application/json', [header]: signature }
  const response = await fetch(`${api.url}${path}`, { method: 'POST', headers, body })
  return response.status
}

async function tierOf(id: string) {
  return (await apiKeys(api.db).findOne({ _id: id }))?.tier
}

test('a subscription at Stripe gives its key the plan, and its end takes it away', async () => {
  const { apiKeyId } = await api.seed('free')
  const send = async (id: string, type: string, object: Record<string, unknown>, at: number) => {
    const body = JSON.stringify(stripeEvent(id, type, at, object))
    return post('/webhooks/stripe', 'stripe-signature', stripeSignature(body, secret, now()), body)
  }
  const metadata = { api_key: apiKeyId }
  const at = now() - 100
  expect(
    await send(
      'evt_1',
      'customer.subscription.created',
      stripeSubscription({ created: at, metadata }),
      at,
    ),
  ).toBe(200)
  await vi.waitFor(async () => expect(await tierOf(apiKeyId)).toBe('starter'), 10_000)
  const ended = stripeSubscription({ created: at, status: 'canceled', metadata })
  expect(await send('evt_2', 'customer.subscription.deleted', ended, at + 50)).toBe(200)
  await vi.waitFor(async () => expect(await tierOf(apiKeyId)).toBe('free'), 10_000)
})

test('the same at Paddle', async () => {
  const { apiKeyId } = await api.seed('free')
  const data = paddleSubscription({ customData: { api_key: apiKeyId } })
  const body = JSON.stringify(
    paddleEvent('evt_p1', 'subscription.created', Date.now() - 1_000, data),
  )
  const signature = paddleSignature(body, secret, now())
  expect(await post('/webhooks/paddle', 'paddle-signature', signature, body)).toBe(200)
  await vi.waitFor(async () => expect(await tierOf(apiKeyId)).toBe('starter'), 10_000)
})
