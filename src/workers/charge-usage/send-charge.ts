import { ProviderError } from '../../outgoing/provider-error.ts'
import { idAtProvider } from '../../rules/billing/fact.ts'
import { decryptCustomer } from '../../store/settle-subscription.ts'
import type { UsageChargeDoc } from '../../store/usage-charges.ts'
import type { ChargeTools } from './charge-tools.ts'
import type { StatedSubscription } from './stated-subscription.ts'

/**
 * Hands a charge to its provider, once.
 * @returns `duplicate`: it had been taken before
 * @throws ProviderError
 */
export async function sendCharge(
  tools: ChargeTools,
  charge: UsageChargeDoc,
  subscription: StatedSubscription | null,
): Promise<'taken' | 'duplicate'> {
  const { providers } = tools
  const { _id, units, meter, price } = charge
  if (meter && providers.STRIPE) {
    const customer = customerOf(tools, charge, subscription)
    const at = meter.at.getTime()
    const event = { identifier: _id, eventName: meter.eventName, customer, units, at }
    return await providers.STRIPE.sendMeterEvent(event)
  }
  if (price && providers.PADDLE) {
    await providers.PADDLE.charge({
      ...{
        reference: _id,
        subscription: subscriptionAtProvider(charge),
        productId: price.productId,
      },
      ...{ description: describe(charge), units, currency: price.currency },
      amount: BigInt(price.amount),
    })
    return 'taken'
  }
  throw notAsked(charge)
}

/** @throws ProviderError where nobody has told who pays: the nightly reconcile finds out */
export function customerOf(
  tools: Pick<ChargeTools, 'encryption'>,
  charge: UsageChargeDoc,
  subscription: StatedSubscription | null,
): string {
  const customer = subscription && decryptCustomer(tools, subscription)
  if (customer === null) throw notAsked(charge)
  return customer
}

/** As its provider calls it. */
export function subscriptionAtProvider({ subscription }: UsageChargeDoc): string {
  return idAtProvider(subscription ?? '')
}

/** Nothing was sent: no key of the provider is set here, or its customer is not known. */
export function notAsked({ provider }: UsageChargeDoc): ProviderError {
  return new ProviderError({
    ...{ provider: provider ?? 'STRIPE', writes: true, status: null, mayHaveArrived: false },
    ...{ reason: 'not_asked', retryAfterMs: null },
  })
}

function describe({ units, month, tier }: UsageChargeDoc): string {
  return `${units.toLocaleString('en')} calls above the limit of the plan "${tier}", ${month}`
}
