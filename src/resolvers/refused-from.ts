import type { Context } from '../context.ts'
import { DEFAULT_GRACE_DAYS } from '../rules/billing/key-access.ts'
import { refusedFrom } from '../rules/billing/refused-from.ts'
import { ApiKey } from '../schema/api-key.ts'
import { builder } from '../schema/builder.ts'
import { accounts } from '../store/accounts.ts'
import { billingSubscriptions } from '../store/billing-subscriptions.ts'

builder.objectField(ApiKey, 'refusedFrom', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description:
      'While payments fail: from then on calls are refused unless one arrives. Null: none fails, or they are refused already.',
    resolve: ({ _id, billing }, _args, { deps }) =>
      billing?.status === 'PAST_DUE' ? refusalOf(deps, _id) : null,
  }),
)

async function refusalOf(deps: Context['deps'], apiKeyId: string): Promise<Date | null> {
  const { db, plans, clock } = deps
  const docs = await billingSubscriptions(db).find({ apiKeyId }).toArray()
  const accountId = docs[0]?.accountId
  const account = accountId ? await accounts(db).findOne({ _id: accountId }) : null
  const held = docs.flatMap(({ _id: id, state }) => {
    if (!state) return []
    const ofPlan = plans.get(state.tier ?? '')?.graceDays
    return [{ id, state, graceDays: account?.graceDays ?? ofPlan ?? DEFAULT_GRACE_DAYS }]
  })
  const at = refusedFrom(held, clock())
  return at === null ? null : new Date(at)
}
