import type { Plan, Plans } from '../../src/rules/plan.ts'

/** Prices with which a reader can reckon along. */
export function pricedPlan(
  id: string,
  monthlyLimit: number | null,
  prices: Record<string, string>,
  overage: Plan['overage'] = null,
): Plan {
  const name = `${id.slice(0, 1).toUpperCase()}${id.slice(1)}`
  const provider = { stripePriceIds: [], paddlePriceIds: [] }
  return { id, name, monthlyLimit, requestsPerSecond: 10, prices, overage, ...provider }
}

export const pricedPlans: Plans = new Map(
  [
    pricedPlan('free', 1_000, { USD: '0.00' }),
    pricedPlan(
      'starter',
      10_000,
      { USD: '29.00', JPY: '4500', KWD: '9.000' },
      { per: 1_000, prices: { USD: '4.00', JPY: '600', KWD: '1.234' } },
    ),
    pricedPlan(
      'pro',
      100_000,
      { USD: '99.00', JPY: '15000', KWD: '30.001' },
      { per: 1_000, prices: { USD: '2.00', JPY: '300', KWD: '0.617' } },
    ),
    pricedPlan('thirds', 1_000, { USD: '10.00' }, { per: 3, prices: { USD: '1.00' } }),
    pricedPlan('metered', 100, { USD: '0.00' }, { per: 100, prices: { USD: '1.00' } }),
    pricedPlan('hard', 5_000, { USD: '5.00' }),
    pricedPlan('enterprise', null, { USD: '499.00', JPY: '75000', KWD: '150.000' }),
  ].map((one) => [one.id, one]),
)
