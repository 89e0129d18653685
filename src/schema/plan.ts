import { amountText } from '../rules/billing/money.ts'
import { type PlanCost, planCost } from '../rules/billing/plan-cost.ts'
import type { Plan } from '../rules/plan.ts'
import { builder } from './builder.ts'
import { Money } from './money.ts'

/** A plan as it is sold in one currency. */
export interface PlanShape {
  plan: Plan
  currency: string
}

export interface PlanCostsShape extends PlanShape {
  /** Null: the plan is not sold in this currency. */
  cost: PlanCost | null
}

const PlanOverage = builder.objectRef<{ per: number; amount: string; currency: string }>(
  'PlanOverage',
)
PlanOverage.implement({
  description: 'What calls above the limit cost.',
  fields: (t) => ({
    per: t.expose('per', { type: 'SafeInt', description: 'So many calls cost the price.' }),
    price: t.field({ type: Money, resolve: ({ amount, currency }) => ({ amount, currency }) }),
  }),
})

export const PlanType = builder.objectRef<PlanShape>('Plan').implement({
  fields: (t) => ({
    id: t.id({ resolve: ({ plan }) => plan.id }),
    name: t.string({ resolve: ({ plan }) => plan.name }),
    monthlyLimit: t.field({
      type: 'SafeInt',
      nullable: true,
      description: 'Billed units a UTC month; null: unlimited.',
      resolve: ({ plan }) => plan.monthlyLimit,
    }),
    requestsPerSecond: t.int({ resolve: ({ plan }) => plan.requestsPerSecond }),
    price: t.field({
      type: Money,
      nullable: true,
      description: 'A month and key; null: not sold in this currency.',
      resolve: ({ plan, currency }) => {
        const cost = planCost(plan, currency, 0)
        return cost && { amount: amountText(cost.base, currency), currency }
      },
    }),
    overage: t.field({
      type: PlanOverage,
      nullable: true,
      description: 'Null: calls above the limit are refused.',
      resolve: ({ plan: { overage }, currency }) => {
        const amount = overage?.prices[currency]
        return overage && amount !== undefined ? { per: overage.per, amount, currency } : null
      },
    }),
  }),
})

const moneyOf = (amount: bigint, currency: string) => ({
  amount: amountText(amount, currency),
  currency,
})

export const PlanCosts = builder.objectRef<PlanCostsShape>('PlanCosts').implement({
  description: 'What a whole month would cost if every key were on this plan.',
  fields: (t) => ({
    plan: t.field({ type: PlanType, resolve: ({ plan, currency }) => ({ plan, currency }) }),
    base: t.field({
      type: Money,
      nullable: true,
      resolve: ({ cost, currency }) => cost && moneyOf(cost.base, currency),
    }),
    overage: t.field({
      type: Money,
      nullable: true,
      resolve: ({ cost, currency }) => cost && moneyOf(cost.overage, currency),
    }),
    total: t.field({
      type: Money,
      nullable: true,
      description: 'Before tax; null, as the others: not sold in this currency.',
      resolve: ({ cost, currency }) => cost && moneyOf(cost.base + cost.overage, currency),
    }),
    refusedRequests: t.field({
      type: 'SafeInt',
      description: 'Calls of that month that this plan would have refused.',
      resolve: ({ plan, cost }) => (plan.overage ? 0 : (cost?.above ?? 0)),
    }),
  }),
})
