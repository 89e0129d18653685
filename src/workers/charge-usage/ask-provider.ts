import { MINUTE } from '../../rules/billing/meter-instant.ts'
import { DAY } from '../../rules/calendar-time.ts'
import type { UsageChargeDoc } from '../../store/usage-charges.ts'
import type { ChargeTools } from './charge-tools.ts'
import { customerOf, notAsked, subscriptionAtProvider } from './send-charge.ts'
import type { StatedSubscription } from './stated-subscription.ts'

/** How much of a charge a provider has. */
export interface FoundCharge {
  /** Calls; more than were charged: it has been charged more than once. */
  found: number
  /** What the provider calls it; null: nothing. */
  answer: string | null
}

/** @throws ProviderError where it cannot be asked, or cannot say */
export async function askProvider(
  tools: ChargeTools,
  charge: UsageChargeDoc,
  subscription: StatedSubscription | null,
): Promise<FoundCharge> {
  const { providers } = tools
  const { _id, meter, price, firstTriedAt, createdAt } = charge
  if (meter && providers.STRIPE) {
    const from = meter.at.getTime()
    const customer = customerOf(tools, charge, subscription)
    const window = { eventName: meter.eventName, customer, from, to: from + MINUTE }
    const sum = await providers.STRIPE.meterSum(window)
    // Without a meter there is nobody to say that it did not arrive.
    if (sum === null) throw notAsked(charge)
    return { found: Math.floor(sum), answer: null }
  }
  if (price && providers.PADDLE) {
    const since = (firstTriedAt ?? createdAt).getTime() - DAY
    const charges = await providers.PADDLE.charges(subscriptionAtProvider(charge), since)
    const ours = charges.filter(({ reference }) => reference === _id)
    const answer = ours.map(({ transaction }) => transaction).join(', ') || null
    return { found: ours.reduce((sum, { units }) => sum + units, 0), answer }
  }
  throw notAsked(charge)
}
