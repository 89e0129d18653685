import type { Context } from '../context.ts'
import { access } from '../rules/access.ts'
import { startOfNextMonth } from '../rules/calendar-time.ts'
import { builder } from '../schema/builder.ts'
import { LiveUsage } from '../schema/live-usage.ts'
import { apiKeys } from '../store/api-keys.ts'
import { asOf, type LiveState } from '../streams/live-state.ts'
import type { LiveSubscriber } from '../streams/live-subscriber.ts'
import { readLiveTotals } from '../streams/live-totals.ts'
import { type UsageScope, usageScope } from './usage-scope.ts'

builder.subscriptionField('liveUsage', (t) =>
  t.field({
    type: LiveUsage,
    extensions: access(['apiKey', 'account']),
    description:
      'One state now, then one after each roll-up that changed it, at most ten a second and key: the latest wins. Keys created meanwhile are included. An hour that ends sends nothing; the next state has the new one.',
    args: {
      apiKeyId: t.arg.id({
        description:
          'Left out: with an API key that key, with a bearer token every key of the account, one message for each.',
      }),
    },
    subscribe: async (_root, { apiKeyId }, context) => {
      const scope = await usageScope(context, apiKeyId)
      // Before the reading, so that no roll-up falls between the two.
      const subscriber = context.deps.live.subscribe(scope)
      try {
        await beginWithCurrent(context, scope, subscriber)
      } catch (error) {
        await subscriber.return()
        throw error
      }
      return subscriber
    },
    resolve: ({ totals, tier }, _args, { deps }) => {
      const state = asOf(totals, deps.clock())
      return {
        ...{ ...state, tier },
        monthlyLimit: deps.plans.get(tier)?.monthlyLimit ?? null,
        resetsAt: startOfNextMonth(state.at),
      }
    },
  }),
)

/** A key that was asked for by id has a state even when it is revoked; else only those that can be used. */
async function beginWithCurrent(
  { deps }: Context,
  { accountId, apiKeyId }: UsageScope,
  subscriber: LiveSubscriber,
): Promise<void> {
  const { db, clock } = deps
  const which = apiKeyId === null ? { accountId, revokedAt: null } : { _id: apiKeyId }
  const keys = await apiKeys(db)
    .find(which)
    .sort({ createdAt: 1, _id: 1 })
    .project<{ _id: string; tier: string }>({ tier: 1 })
    .toArray()
  const tiers = new Map(keys.map(({ _id, tier }) => [_id, tier]))
  const ids = keys.map(({ _id }) => ({ apiKeyId: _id, accountId }))
  for (const totals of await readLiveTotals(db, ids, clock())) {
    const state: LiveState = { totals, tier: tiers.get(totals.apiKeyId) ?? '' }
    subscriber.begin(state)
  }
}
