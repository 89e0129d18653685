import { ownAccountId, visibleKey } from '../callers/ownership.ts'
import type { Caller, Context } from '../context.ts'
import { access } from '../rules/access.ts'
import { type PlanCost, planCost } from '../rules/billing/plan-cost.ts'
import { startOfNextMonth } from '../rules/calendar-time.ts'
import type { Plan } from '../rules/plan.ts'
import { parseMonth } from '../rules/usage-period.ts'
import { builder } from '../schema/builder.ts'
import { PlanCosts, PlanType } from '../schema/plan.ts'
import { type ApiKeyDoc, keysOfAccounts } from '../store/api-keys.ts'
import { usageCells } from '../store/usage-cells.ts'

/** Where nobody's account says another. */
const DEFAULT_CURRENCY = 'USD'

builder.queryField('plans', (t) =>
  t.field({
    type: [PlanType],
    nullable: true,
    extensions: access(['account', 'admin']),
    description: "All plans, with prices in the account's currency.",
    resolve: (_root, _args, { deps, caller }) => {
      const currency = currencyOf(caller)
      return [...deps.plans.values()].map((plan) => ({ plan, currency }))
    },
  }),
)

builder.queryField('planCosts', (t) =>
  t.field({
    type: [PlanCosts],
    nullable: true,
    extensions: access(['account']),
    description:
      'What the calls of a month would have cost on each plan, had every key been on it the whole month.',
    args: {
      month: t.arg({ type: 'YearMonth', required: true }),
      apiKeyId: t.arg.id({
        description: 'Left out: every key that the account had in that month.',
      }),
    },
    resolve: async (_root, { month, apiKeyId }, context) => {
      const { deps, caller } = context
      const used = await usedByKey(context, parseMonth(month), apiKeyId)
      const currency = currencyOf(caller)
      return [...deps.plans.values()].map((plan) => ({
        plan,
        currency,
        cost: sum(plan, currency, used),
      }))
    },
  }),
)

function currencyOf(caller: Caller): string {
  return caller.kind === 'account' ? caller.account.currency : DEFAULT_CURRENCY
}

/** Each key is billed by itself: two that share a limit's calls need it twice. */
function sum(plan: Plan, currency: string, used: readonly number[]): PlanCost | null {
  const total = { base: 0n, above: 0, overage: 0n }
  for (const calls of used) {
    const cost = planCost(plan, currency, calls)
    if (!cost) return null
    total.base += cost.base
    total.above += cost.above
    total.overage += cost.overage
  }
  return total
}

/** The month's calls of each key that there was, at least one: who has none yet asks what one would cost. */
async function usedByKey(
  { deps, caller }: Context,
  month: number,
  apiKeyId: string | null | undefined,
): Promise<number[]> {
  const accountId = ownAccountId(caller)
  const keys =
    apiKeyId == null
      ? ((await keysOfAccounts(deps.db, [accountId])).get(accountId) ?? [])
      : [await visibleKey(deps.db, caller, apiKeyId)]
  const cells = await usageCells(deps.db)
    .months.find({ accountId, at: new Date(month) })
    .toArray()
  const totals = new Map(cells.map((cell) => [cell.apiKeyId, cell.total]))
  const used = keys
    .filter((key) => apiKeyId != null || totals.has(key._id) || lived(key, month))
    .map((key) => totals.get(key._id) ?? 0)
  return used.length > 0 ? used : [0]
}

function lived({ createdAt, revokedAt }: ApiKeyDoc, month: number): boolean {
  const ended = revokedAt?.getTime() ?? Number.POSITIVE_INFINITY
  return createdAt.getTime() < startOfNextMonth(month) && ended >= month
}
