import type { Context, Deps } from '../context.ts'
import { access } from '../rules/access.ts'
import { monthName } from '../rules/calendar-time.ts'
import { exhaustsAt } from '../rules/forecast/exhaustion.ts'
import type { Plan } from '../rules/plan.ts'
import { builder } from '../schema/builder.ts'
import { UsageForecast } from '../schema/forecast.ts'
import { LiveUsage } from '../schema/live-usage.ts'
import { type ApiKeyDoc, apiKeys } from '../store/api-keys.ts'
import { usageCells } from '../store/usage-cells.ts'
import { type UsageScope, usageScope } from './usage-scope.ts'

/** Of an account with more keys, those nearest to their limits are forecast to find which comes first. */
const KEYS_FORECAST = 50

builder.queryField('usageForecast', (t) =>
  t.field({
    type: UsageForecast,
    nullable: true,
    extensions: access(['apiKey', 'account']),
    description:
      'The running month; at most five minutes old. Below 14 days of use it is the pace of these days, with a wide margin.',
    args: {
      apiKeyId: t.arg.id({
        description:
          'Left out: with an API key that key, with a bearer token the sum over the account.',
      }),
    },
    resolve: async (_root, { apiKeyId }, context) => {
      const { deps } = context
      const scope = await usageScope(context, apiKeyId)
      const plan = await planOf(deps, scope)
      const used = await usedThisMonth(deps, scope)
      const forecast = await deps.forecasts.of(scope, plan, used)
      return {
        ...scope,
        month: monthName(forecast.month),
        // The forecast is some minutes old; what was used since is no forecast any more.
        expected: Math.max(forecast.expected, used),
        low: Math.max(forecast.low, used),
        high: Math.max(forecast.high, used),
        because: forecast.because,
      }
    },
  }),
)

builder.objectField(UsageForecast, 'exhaustsAt', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description:
      'When the limit is reached at the expected pace; now, where it is; null: not this month. Of an account: the first of its keys’ limits.',
    resolve: async ({ accountId, apiKeyId }, _args, { deps }) => {
      const keys = await keysNearTheirLimits(deps, { accountId, apiKeyId })
      const instants = await Promise.all(
        keys.map(({ key, plan, used }) => keyExhaustsAt(deps, key, plan, used)),
      )
      const known = instants.filter((at) => at !== null)
      return known.length === 0 ? null : new Date(Math.min(...known))
    },
  }),
)

builder.objectField(LiveUsage, 'exhaustsAt', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description:
      'When the limit is reached at the expected pace; now, where it is; null: not this month.',
    resolve: async ({ apiKeyId, accountId, tier, monthTotal }, _args, { deps }) => {
      const plan = deps.plans.get(tier)
      if (!plan) return null
      const key = { _id: apiKeyId, accountId }
      // The counts are what the subscriber is here for: they go out also while MongoDB cannot be asked.
      const at = await keyExhaustsAt(deps, key, plan, monthTotal).catch((error: unknown) => {
        deps.log.debug({ err: error, apiKeyId }, 'no forecast for a live state')
        return null
      })
      return at === null ? null : new Date(at)
    },
  }),
)

async function keyExhaustsAt(
  { forecasts, clock }: Deps,
  { _id, accountId }: Pick<ApiKeyDoc, '_id' | 'accountId'>,
  plan: Plan,
  used: number,
): Promise<number | null> {
  const { monthlyLimit } = plan
  if (monthlyLimit === null) return null
  if (used >= monthlyLimit) return clock()
  const forecast = await forecasts.of({ apiKeyId: _id, accountId }, plan, used)
  return exhaustsAt(forecast, monthlyLimit, used, clock())
}

async function planOf({ db, plans }: Deps, { apiKeyId }: UsageScope): Promise<Plan | null> {
  if (apiKeyId === null) return null
  const key = await apiKeys(db).findOne({ _id: apiKeyId }, { projection: { tier: 1 } })
  return (key && plans.get(key.tier)) ?? null
}

async function usedThisMonth({ db, clock }: Deps, scope: UsageScope): Promise<number> {
  const used = await usedByKey(db, scope, clock())
  return [...used.values()].reduce((sum, units) => sum + units, 0)
}

async function usedByKey(
  db: Context['deps']['db'],
  { accountId, apiKeyId }: UsageScope,
  now: number,
): Promise<Map<string, number>> {
  const month = monthName(now)
  const { months } = usageCells(db)
  const which =
    apiKeyId === null
      ? { accountId, at: new Date(`${month}-01T00:00:00Z`) }
      : { _id: `${apiKeyId}:${month}` }
  const found = months.find(which, { projection: { apiKeyId: 1, total: 1 } })
  return new Map((await found.toArray()).map((cell) => [cell.apiKeyId, cell.total]))
}

/** The key, or the account's keys that can be used and have a limit, the nearest to it first. */
async function keysNearTheirLimits({ db, plans, clock }: Deps, scope: UsageScope) {
  const { accountId, apiKeyId } = scope
  const which = apiKeyId === null ? { accountId, revokedAt: null } : { _id: apiKeyId }
  const [keys, used] = await Promise.all([
    apiKeys(db)
      .find(which, { projection: { accountId: 1, tier: 1 } })
      .toArray(),
    usedByKey(db, scope, clock()),
  ])
  return keys
    .flatMap((key) => {
      const plan = plans.get(key.tier)
      if (!plan || plan.monthlyLimit === null) return []
      const units = used.get(key._id) ?? 0
      return [{ key, plan, used: units, share: units / plan.monthlyLimit }]
    })
    .sort((a, b) => b.share - a.share)
    .slice(0, KEYS_FORECAST)
}
