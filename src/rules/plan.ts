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
}

export type Plans = ReadonlyMap<string, Plan>

/** What a key has before anybody pays for it; config.ts demands that the plan exists. */
export const FREE_TIER = 'free'

/** Whether the plan costs anything in any currency. */
export function isPriced(plan: Plan): boolean {
  return Object.values(plan.prices).some((price) => Number(price) > 0)
}
