import { access } from '../rules/access.ts'
import { DAY, HOUR, startOfHour } from '../rules/calendar-time.ts'
import { daysOfRange } from '../rules/usage-period.ts'
import { sumTotals } from '../rules/usage-totals.ts'
import { builder } from '../schema/builder.ts'
import { DailyUsage, HourlyUsage, type PeriodShape } from '../schema/usage.ts'
import { type UsageCell, usageCells } from '../store/usage-cells.ts'
import { cellsByStart, usageScope } from './usage-scope.ts'

const visible = access(['apiKey', 'account'])

builder.queryField('dailyUsage', (t) =>
  t.field({
    type: [DailyUsage],
    nullable: true,
    extensions: visible,
    description:
      'Every day of the range, both ends included, days without calls too; at most 92. Days are kept for 90 days, months for ever.',
    args: {
      apiKeyId: t.arg.id({
        description:
          'Left out: with an API key that key, with a bearer token the sum over the account.',
      }),
      startDate: t.arg({ type: 'Date', required: true }),
      endDate: t.arg({ type: 'Date', required: true }),
    },
    resolve: async (_root, { apiKeyId, startDate, endDate }, context) => {
      const days = daysOfRange(startDate, endDate)
      const scope = await usageScope(context, apiKeyId)
      return inOrder(days, await cellsByStart(usageCells(context.deps.db).days, scope, days))
    },
  }),
)

builder.queryField('realtimeUsage', (t) =>
  t.field({
    type: [HourlyUsage],
    nullable: true,
    extensions: visible,
    description: 'The running hour and the 23 before, oldest first, hours without calls too.',
    args: {
      apiKeyId: t.arg.id({ description: 'As in dailyUsage.' }),
    },
    resolve: async (_root, { apiKeyId }, context) => {
      const { db, clock } = context.deps
      const running = startOfHour(clock())
      const hours = Array.from({ length: DAY / HOUR }, (_, index) => running - (23 - index) * HOUR)
      const scope = await usageScope(context, apiKeyId)
      return inOrder(hours, await cellsByStart(usageCells(db).hours, scope, hours))
    },
  }),
)

function inOrder(
  starts: readonly number[],
  cells: ReadonlyMap<number, readonly UsageCell[]>,
): PeriodShape[] {
  return starts.map((at) => ({ at, ...sumTotals(cells.get(at) ?? []) }))
}
