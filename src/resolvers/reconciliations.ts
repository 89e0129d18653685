import { askedProvider } from '../callers/provider-calls.ts'
import { access } from '../rules/access.ts'
import { BillingProviderType } from '../schema/billing.ts'
import { builder } from '../schema/builder.ts'
import { ReconcileRun, ReconciliationConnection } from '../schema/reconciliation.ts'
import { reconciliations } from '../store/reconciliations.ts'
import { newestFirst } from './newest-first.ts'

const adminOnly = access(['admin'])

builder.queryField('reconciliations', (t) =>
  t.field({
    type: ReconciliationConnection,
    nullable: true,
    description: 'Where payment providers said something else than we did, newest first.',
    extensions: adminOnly,
    args: { first: t.arg.int(), after: t.arg.string() },
    resolve: (_root, page, { deps }) => {
      const list = { collection: reconciliations(deps.db), name: 'reconciliation', wanted: {} }
      return newestFirst({ ...list, id: /^(STRIPE|PADDLE):[\x21-\x7e]{1,280}$/ }, page)
    },
  }),
)

builder.mutationField('reconcileSubscriptions', (t) =>
  t.field({
    type: ReconcileRun,
    nullable: true,
    description:
      'Holds subscriptions against what their providers say, as happens each night, for some seconds: repeat with next until it is null. A dry run corrects and records nothing.',
    extensions: adminOnly,
    args: {
      dryRun: t.arg.boolean({ required: true, defaultValue: false }),
      provider: t.arg({ type: BillingProviderType }),
      after: t.arg.string(),
    },
    resolve: (_root, { dryRun, provider = null, after = null }, { deps }) =>
      askedProvider(deps.reconcileNow({ dryRun, provider, after }), deps.log),
  }),
)
