import { access } from '../rules/access.ts'
import { builder } from '../schema/builder.ts'
import { UsageChargeConnection } from '../schema/usage-charge.ts'
import { usageCharges } from '../store/usage-charges.ts'
import { newestFirst } from './newest-first.ts'

builder.queryField('usageCharges', (t) =>
  t.field({
    type: UsageChargeConnection,
    nullable: true,
    description: 'Charges of calls above the limit in a month, of all keys, newest first.',
    extensions: access(['admin']),
    args: {
      month: t.arg({ type: 'YearMonth', required: true }),
      first: t.arg.int(),
      after: t.arg.string(),
    },
    resolve: (_root, { month, ...page }, { deps }) => {
      const list = { collection: usageCharges(deps.db), name: 'charge', wanted: { month } }
      return newestFirst({ ...list, id: /^[\x21-\x7e]{1,300}$/ }, page)
    },
  }),
)
