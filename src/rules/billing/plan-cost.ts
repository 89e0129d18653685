import { isPriced, type Plan } from '../plan.ts'
import { amountOf, minorOf, unitPriceOf } from './money.ts'

/** What a whole month on a plan costs one key, in minor units. */
export interface PlanCost {
  base: bigint
  /** Calls above the plan's limit: billed where it has overage, else refused. */
  above: number
  overage: bigint
}

/**
 * Base price, and calls above the limit at the price of one; each rounded half up once (design.md, 13).
 * @returns null where the plan has no price in that currency: nobody's is converted
 */
export function planCost(plan: Plan, currency: string, used: number): PlanCost | null {
  const base = priceIn(plan.prices, currency)
  if (base === null && isPriced(plan)) return null
  const above = Math.max(0, used - (plan.monthlyLimit ?? used))
  const { overage } = plan
  const perMany = overage && priceIn(overage.prices, currency)
  if (!overage || perMany === null) return { base: base ?? 0n, above, overage: 0n }
  const one = unitPriceOf(perMany, overage.per, currency)
  return { base: base ?? 0n, above, overage: amountOf(above, one, currency) }
}

function priceIn(prices: Readonly<Record<string, string>>, currency: string): bigint | null {
  const price = Object.hasOwn(prices, currency) ? prices[currency] : undefined
  return price === undefined ? null : minorOf(price, currency)
}
