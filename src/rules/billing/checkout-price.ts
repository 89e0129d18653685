import { BadInput } from '../bad-input.ts'
import { isPriced, type Plan, type Plans } from '../plan.ts'
import { BILLING_PROVIDERS, type BillingProvider, providerName } from './fact.ts'

/** What a checkout sells. */
export interface CheckoutPrice {
  priceId: string
  /** Sold with it, and billed by what a meter counts; null: none. */
  overagePriceId: string | null
}

/** @throws BadInput in plain words, where the plan cannot be paid for */
export function pricedPlan(plans: Plans, tier: string): Plan {
  const plan = plans.get(tier)
  if (plan && isPriced(plan)) return plan
  const priced = [...plans.values()].filter(isPriced).map(({ id }) => id)
  const choice = priced.length > 0 ? `; choose one of ${priced.join(', ')}` : ''
  if (!plan) throw new BadInput(`There is no such plan${choice}.`)
  throw new BadInput(`The plan "${plan.id}" costs nothing${choice}.`)
}

/**
 * The first price of the plan at that provider.
 * @param currency of the account, which nobody converts
 * @throws BadInput in plain words, where there is none
 */
export function checkoutPrice(
  plan: Plan,
  provider: BillingProvider,
  currency: string,
): CheckoutPrice {
  const [priceId] = priceIdsAt(plan, provider)
  if (priceId === undefined) {
    throw new BadInput(`The plan "${plan.id}" is not sold by ${providerName(provider)}.`)
  }
  if (!(currency in plan.prices)) {
    const listed = Object.keys(plan.prices).join(', ')
    throw new BadInput(
      `The plan "${plan.id}" has no price in ${currency}, the account's currency; it has ${listed}.`,
    )
  }
  const metered = provider === 'STRIPE' ? plan.stripeOveragePriceId : undefined
  return { priceId, overagePriceId: metered ?? null }
}

/** Providers by which the plan is sold in that currency: those of which checkoutPrice has a price. */
export function sellersOf(plan: Plan, currency: string): BillingProvider[] {
  if (!isPriced(plan) || !(currency in plan.prices)) return []
  return BILLING_PROVIDERS.filter((provider) => priceIdsAt(plan, provider).length > 0)
}

function priceIdsAt(plan: Plan, provider: BillingProvider): readonly string[] {
  return provider === 'STRIPE' ? plan.stripePriceIds : plan.paddlePriceIds
}
