import { afterAll, beforeAll, expect, test } from 'vitest'
import { dataOf, startTestApi, type TestApi } from '../api.ts'
import { type StripeStandIn, startStripeStandIn } from '../billing/stripe-stand-in.ts'

let stripe: StripeStandIn
let api: TestApi

beforeAll(async () => {
  stripe = await startStripeStandIn()
  api = await startTestApi({ STRIPE_SECRET_KEY: stripe.key, STRIPE_API_BASE: stripe.url })
})
afterAll(async () => {
  await api?.end()
  await stripe?.stop()
})

test('an API process sells a plan, asks providers on demand, and tells how that went', async () => {
  const { apiKeyId, secret } = await api.seed('free')
  const checkout = `mutation { createCheckout(apiKeyId: "${apiKeyId}", tier: "starter", provider: STRIPE) { url } }`
  const made = await api.ask(checkout, { key: api.adminApiKey })
  expect(dataOf<{ url: string }>(made, 'createCheckout').url).toBe(stripe.sessions[0]?.url)
  const reconcile = 'mutation { reconcileSubscriptions(dryRun: true) { checked next } }'
  const looked = await api.ask(reconcile, { key: api.adminApiKey })
  expect(looked.data).toEqual({ reconcileSubscriptions: { checked: 0, next: null } })
  const charges = '{ usageCharges(month: "2026-11") { totalCount } reconciliations { totalCount } }'
  const listed = await api.ask(charges, { key: api.adminApiKey })
  expect(listed.data).toEqual({
    ...{ usageCharges: { totalCount: 0 }, reconciliations: { totalCount: 0 } },
  })
  // An API key changes nothing, and sees nothing of it.
  for (const query of [checkout, reconcile, charges]) {
    const refused = await api.ask(query, { key: secret })
    expect(refused).toMatchObject({ status: 403, errors: [{ extensions: { code: 'FORBIDDEN' } }] })
  }
  stripe.fail(() => true, { reply: { status: 503, headers: { 'retry-after': '7' } } })
  const other = checkout.replace('starter', 'pro')
  const away = await api.ask(other, { key: api.adminApiKey })
  expect(away).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] })
  expect(JSON.stringify(away)).not.toMatch(/503|retry/)
  const metrics = await (await fetch(`${api.url}/metrics`)).text()
  expect(metrics).toMatch(/provider_calls_total\{provider="STRIPE",outcome="answered",.*\} 2/)
  expect(metrics).toMatch(/provider_calls_total\{provider="STRIPE",outcome="unknown",.*\} 1/)
})
