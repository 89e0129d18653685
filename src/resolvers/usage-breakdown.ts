import type { Context } from '../context.ts'
import { access } from '../rules/access.ts'
import { type GroupedBy, type UsageGroup, usageGroups } from '../rules/usage-groups.ts'
import { daysOfRange } from '../rules/usage-period.ts'
import { builder } from '../schema/builder.ts'
import { UsageGrouping, type UsageGroupShape, UsageGroupType } from '../schema/usage-breakdown.ts'
import { type ApiKeyDoc, keysOfAccounts } from '../store/api-keys.ts'
import { usageCells } from '../store/usage-cells.ts'
import { cellsByStart, usageScope } from './usage-scope.ts'

builder.queryField('usageBreakdown', (t) =>
  t.field({
    type: [UsageGroupType],
    nullable: true,
    extensions: access(['apiKey', 'account']),
    description:
      'The days of a range, both ends included, at most 92, split; most used first. An API key sees itself alone.',
    args: {
      startDate: t.arg({ type: 'Date', required: true }),
      endDate: t.arg({ type: 'Date', required: true }),
      by: t.arg({ type: UsageGrouping, required: true }),
    },
    resolve: async (_root, { startDate, endDate, by }, context) => {
      const range = daysOfRange(startDate, endDate)
      const scope = await usageScope(context, null)
      const byStart = await cellsByStart(usageCells(context.deps.db).days, scope, range)
      const cells = [...byStart].flatMap(([at, found]) => found.map((cell) => ({ ...cell, at })))
      const keys = by === 'KEY' ? await keysById(context, scope.accountId) : new Map()
      return usageGroups(cells, by).map((group) => shown(group, by, range, keys, context))
    },
  }),
)

type Keys = ReadonlyMap<string, ApiKeyDoc>

async function keysById({ deps, caller }: Context, accountId: string): Promise<Keys> {
  if (caller.kind === 'apiKey') return new Map([[caller.apiKey._id, caller.apiKey]])
  const keys = (await keysOfAccounts(deps.db, [accountId])).get(accountId) ?? []
  return new Map(keys.map((key) => [key._id, key]))
}

function shown(
  group: UsageGroup,
  by: GroupedBy,
  range: readonly number[],
  keys: Keys,
  { deps }: Context,
): UsageGroupShape {
  const apiKey = keys.get(group.name) ?? null
  const label =
    by === 'TIER' ? (deps.plans.get(group.name)?.name ?? group.name) : (apiKey?.name ?? group.name)
  return { ...group, label, apiKey, range }
}
