import type { SeenField, SeenSubscription } from '../rules/billing/subscription-difference.ts'
import type { ReconciliationDoc, ReconciliationKind } from '../store/reconciliations.ts'
import { BillingProviderType } from './billing.ts'
import { builder } from './builder.ts'
import { connectionType } from './connection-type.ts'

const ReconciliationKindType = builder.enumType('ReconciliationKind', {
  description:
    'DIFFERS: both know the subscription. UNHEARD: it names a key here, and no event of it ever came. UNKNOWN_THERE: its provider knows none of this id. UNREADABLE: what it answers is in no form that is known.',
  values: [
    'DIFFERS',
    'UNHEARD',
    'UNKNOWN_THERE',
    'UNREADABLE',
  ] as const satisfies readonly ReconciliationKind[],
})

const dateOf = (ms: number | null) => (ms === null ? null : new Date(ms))

const SeenSubscriptionType = builder.objectRef<SeenSubscription>('SeenSubscription').implement({
  description: 'What counts of a subscription, as one side sees it.',
  fields: (t) => ({
    status: t.exposeString('status', { nullable: true, description: 'Null: not begun.' }),
    tier: t.exposeString('tier', { nullable: true, description: 'Null: no price of ours.' }),
    unpaid: t.exposeBoolean('unpaid', { description: 'Collecting was given up.' }),
    currentPeriodEnd: t.field({
      type: 'DateTime',
      nullable: true,
      resolve: (seen) => dateOf(seen.currentPeriodEnd),
    }),
    endsAt: t.field({ type: 'DateTime', nullable: true, resolve: (seen) => dateOf(seen.endsAt) }),
  }),
})

export const Reconciliation = builder.objectRef<ReconciliationDoc>('Reconciliation').implement({
  description: 'A difference between a payment provider and us. Kept for 400 days.',
  fields: (t) => ({
    id: t.exposeID('_id'),
    provider: t.expose('provider', { type: BillingProviderType }),
    subscription: t.exposeString('subscription', { description: 'Its id at the provider, named.' }),
    accountId: t.exposeID('accountId', { nullable: true }),
    apiKeyId: t.exposeID('apiKeyId', { nullable: true }),
    kind: t.expose('kind', { type: ReconciliationKindType }),
    fields: t.stringList({ resolve: ({ fields }): SeenField[] => fields }),
    ours: t.expose('ours', { type: SeenSubscriptionType, nullable: true }),
    theirs: t.expose('theirs', { type: SeenSubscriptionType, nullable: true }),
    corrected: t.exposeBoolean('corrected', {
      description: 'Whether we say the same since; else somebody has to look, or it was a dry run.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
})

export const ReconciliationConnection = connectionType('Reconciliation', Reconciliation)

export interface ReconcileRunShape {
  dryRun: boolean
  checked: number
  differences: ReconciliationDoc[]
  next: string | null
}

export const ReconcileRun = builder.objectRef<ReconcileRunShape>('ReconcileRun').implement({
  fields: (t) => ({
    dryRun: t.exposeBoolean('dryRun'),
    checked: t.exposeInt('checked', { description: 'Subscriptions that were compared.' }),
    differences: t.expose('differences', { type: [Reconciliation] }),
    next: t.exposeString('next', {
      nullable: true,
      description: 'Where to go on, as after; null: all were checked.',
    }),
  }),
})
