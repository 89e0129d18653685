import type { Context } from '../context.ts'
import { access } from '../rules/access.ts'
import { monthName, startOfMonth } from '../rules/calendar-time.ts'
import { averagePerDay, daysOfMonth, parseDay, parseMonth } from '../rules/usage-period.ts'
import { DAYS_PROVABLE_MS } from '../rules/usage-proof.ts'
import { peakDay, sumTotals } from '../rules/usage-totals.ts'
import { builder } from '../schema/builder.ts'
import { type ApiKeyUsageShape, MonthlyUsage, type PeriodShape } from '../schema/usage.ts'
import { accountMonths } from '../store/account-months.ts'
import { type ApiKeyDoc, keysOfAccounts } from '../store/api-keys.ts'
import { type MonthCell, type PeakDay, usageCells } from '../store/usage-cells.ts'
import { cellsByStart, type UsageScope, usageScope } from './usage-scope.ts'

builder.queryField('monthlyUsage', (t) =>
  t.field({
    type: MonthlyUsage,
    nullable: true,
    extensions: access(['apiKey', 'account']),
    description:
      'A bearer token sees all keys of its account, revoked ones included; an API key itself alone. A month to come is all zeros.',
    args: {
      month: t.arg({ type: 'YearMonth', description: 'UTC; left out: the running month.' }),
    },
    resolve: async (_root, args, context) => {
      const { db, clock } = context.deps
      const now = clock()
      const month = args.month ? parseMonth(args.month) : startOfMonth(now)
      const scope = await usageScope(context, null)
      const [cells, keys] = await Promise.all([
        readMonths(context, scope, month),
        context.caller.kind === 'apiKey'
          ? [context.caller.apiKey]
          : keysOfAccounts(db, [scope.accountId]).then((all) => all.get(scope.accountId) ?? []),
      ])
      const sum = sumTotals(cells.values())
      return {
        month: monthName(month),
        ...sum,
        averagePerDay: averagePerDay(sum.total, month, now),
        peakDay: sum.total === 0 ? null : await readPeak(context, scope, month, cells),
        apiKeys: byKey(context, month < startOfMonth(now), keys, cells),
      }
    },
  }),
)

type MonthsByKey = ReadonlyMap<string, MonthCell>

async function readMonths(
  { deps }: Context,
  { accountId, apiKeyId }: UsageScope,
  month: number,
): Promise<MonthsByKey> {
  const whose = apiKeyId === null ? { accountId } : { apiKeyId }
  const cells = await usageCells(deps.db)
    .months.find({ ...whose, at: new Date(month) })
    .toArray()
  return new Map(cells.map((cell) => [cell.apiKeyId, cell]))
}

/**
 * From the days while all of them exist; later from what aggregate-days kept of them. A month of which
 * nothing was kept falls back to the days that are left.
 */
async function readPeak(
  { deps }: Context,
  scope: UsageScope,
  month: number,
  cells: MonthsByKey,
): Promise<PeriodShape | null> {
  if (month + DAYS_PROVABLE_MS <= deps.clock()) {
    const kept = await keptPeak(deps, scope, month, cells)
    if (kept) return { ...kept, at: parseDay(kept.date) }
  }
  const days = await cellsByStart(usageCells(deps.db).days, scope, daysOfMonth(month))
  return peakDay([...days].map(([at, parts]) => ({ at, ...sumTotals(parts) })))
}

async function keptPeak(
  { db }: Context['deps'],
  { accountId, apiKeyId }: UsageScope,
  month: number,
  cells: MonthsByKey,
): Promise<PeakDay | null | undefined> {
  const [only, ...others] = cells.values()
  if (apiKeyId !== null || others.length === 0) return only?.peakDay
  const kept = await accountMonths(db).findOne({ _id: `${accountId}:${monthName(month)}` })
  return kept?.peakDay
}

/** Keys that can be used, and those that cannot but were in this month. */
function byKey(
  { deps }: Context,
  past: boolean,
  keys: readonly ApiKeyDoc[],
  cells: MonthsByKey,
): ApiKeyUsageShape[] {
  return keys
    .filter((key) => key.revokedAt === null || cells.has(key._id))
    .map((apiKey) => {
      const cell = cells.get(apiKey._id)
      const total = cell?.total ?? 0
      // What a month allowed is a matter of the plan that the key had then.
      const plan = deps.plans.get(past && cell ? cell.tier : apiKey.tier)
      return { apiKey, total, remaining: remaining(plan?.monthlyLimit ?? null, total) }
    })
}

function remaining(monthlyLimit: number | null, total: number): number | null {
  return monthlyLimit === null ? null : Math.max(0, monthlyLimit - total)
}
