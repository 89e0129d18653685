import { access } from '../rules/access.ts'
import { builder } from '../schema/builder.ts'
import { DayAggregation, Monitoring, MonthInvoicing } from '../schema/jobs-on-demand.ts'

builder.mutationField('triggerAggregation', (t) =>
  t.field({
    type: DayAggregation,
    nullable: true,
    extensions: access(['admin']),
    description:
      'Closes a day, as POST /admin/trigger-aggregation does; today as far as it goes. Repeating it is harmless.',
    args: { date: t.arg({ type: 'Date', description: 'UTC; left out: yesterday.' }) },
    resolve: (_root, { date }, { deps }) => deps.jobs.aggregateDay(date ?? null),
  }),
)

builder.mutationField('triggerMonitoring', (t) =>
  t.field({
    type: Monitoring,
    nullable: true,
    extensions: access(['admin']),
    description: 'Looks at every key at once, as POST /admin/trigger-monitoring does.',
    resolve: (_root, _args, { deps }) => deps.jobs.scanEveryKey(),
  }),
)

builder.mutationField('triggerInvoicing', (t) =>
  t.field({
    type: MonthInvoicing,
    nullable: true,
    extensions: access(['admin']),
    description:
      'Invoices a month, as POST /admin/trigger-invoicing does, the running one as drafts. Repeated, it issues nothing twice.',
    args: {
      month: t.arg({ type: 'YearMonth', description: 'Left out: the last complete one.' }),
    },
    resolve: (_root, { month }, { deps }) => deps.jobs.invoiceMonth(month ?? null),
  }),
)
