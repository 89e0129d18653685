import { z } from 'zod'
import { type BillingFact, type BillingProvider, providerId } from './fact.ts'
import { fetchedPaddleFact } from './paddle-event.ts'
import { idOrObject, readAs } from './provider-event.ts'
import { fetchedStripeFact } from './stripe-event.ts'

/** A subscription as its provider answered it. */
export interface FetchedSubscription {
  customer: string | null
  fact: BillingFact
}

const stripeCustomer = z.looseObject({ customer: idOrObject })
const paddleCustomer = z.looseObject({ customer_id: idOrObject })

/**
 * @param asked when the question left, ms. The answer counts for the last second that was over by then: all of
 *   its events are in it, and whatever came later stands above it, although Stripe tells whole seconds.
 * @throws UnreadableEvent
 */
export function readFetched(
  provider: BillingProvider,
  id: string,
  content: unknown,
  asked: number,
): FetchedSubscription {
  const at = Math.floor(asked / 1_000) * 1_000 - 1_000
  const place = { at, eventId: providerId(provider, `reconciled:${id}:${at}`) }
  if (provider === 'STRIPE') {
    const { customer } = readAs(stripeCustomer, content)
    return { customer, fact: fetchedStripeFact(content, place, asked) }
  }
  const { customer_id: customer } = readAs(paddleCustomer, content)
  return { customer, fact: fetchedPaddleFact(content, place, asked) }
}
