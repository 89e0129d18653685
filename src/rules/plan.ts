/** One entry of `PLANS_FILE`, validated by config.ts. Amounts are decimal strings in major units. */
export interface Plan {
  id: string
  name: string
  /** Billable units a UTC month; null: unlimited. */
  monthlyLimit: number | null
  requestsPerSecond: number
  prices: Record<string, string>
  /** null: a hard stop at the limit; else calls above it are served and billed. */
  overage: { per: number; prices: Record<string, string> } | null
  stripePriceIds: string[]
  paddlePriceIds: string[]
  stripeMeterEvent?: string | undefined
  paddleOverageProductId?: string | undefined
  /** Metered price that bills what is sent as `stripeMeterEvent`: a checkout adds it. */
  stripeOveragePriceId?: string | undefined
  /** Days of grace after a failed payment; 14 where left out. */
  graceDays?: number | undefined
}

export type Plans = ReadonlyMap<string, Plan>

/** What a key has before anybody pays for it; config.ts demands that the plan exists. */
export const FREE_TIER = 'free'

/** Whether the plan costs anything in any currency. */
export function isPriced(plan: Plan): boolean {
  return Object.values(plan.prices).some((price) => Number(price) > 0)
}

/** Which plan a provider's price belongs to: what a subscription's items are looked up in. */
export function tierByPrice(plans: Plans): ReadonlyMap<string, string> {
  return new Map(
    [...plans.values()].flatMap(({ id, stripePriceIds, paddlePriceIds }) =>
      [...stripePriceIds, ...paddlePriceIds].map((price): [string, string] => [price, id]),
    ),
  )
}
