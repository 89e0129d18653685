import { stripeEvent, stripeInvoice, stripeSignature, stripeSubscription } from './stripe-events.ts'

export const webhookSecret = 'whsec_of_the_tests'

let sent = 0

/** Events of one Stripe subscription, sent as Stripe sends them. Times in s. */
export interface SentSubscription {
  id: string
  /** Its state as Stripe sees it at that instant. */
  updated(at: number, more?: Parameters<typeof stripeSubscription>[0]): Promise<number>
  paymentFailed(at: number): Promise<number>
  paid(at: number): Promise<number>
}

/**
 * A subscription of that key on plan `starter`, whose events go to an API process. Each answers with the HTTP
 * status.
 */
export function stripeSubscriptionOf(
  url: string,
  apiKeyId: string,
  { customer = 'cus_1', secret = webhookSecret } = {},
): SentSubscription {
  sent += 1
  const id = `sub_${sent}`
  const metadata = { api_key: apiKeyId }

  async function send(type: string, at: number, object: Record<string, unknown>): Promise<number> {
    sent += 1
    const body = JSON.stringify(stripeEvent(`evt_${sent}`, type, at, object))
    const signature = stripeSignature(body, secret, Math.floor(Date.now() / 1_000))
    const headers = { 'content-type': 'application/json', 'stripe-signature': signature }
    const response = await fetch(`${url}/webhooks/stripe`, { method: 'POST', headers, body })
    await response.text()
    return response.status
  }

  const invoice = (created: number) =>
    stripeInvoice({ id: `in_${sent}`, subscription: id, customer, created })
  return {
    id,
    updated: (at, more = {}) =>
      send(
        'customer.subscription.updated',
        at,
        stripeSubscription({ id, customer, created: at, metadata, ...more }),
      ),
    paymentFailed: (at) => send('invoice.payment_failed', at, invoice(at)),
    paid: (at) => send('invoice.paid', at, invoice(at)),
  }
}
