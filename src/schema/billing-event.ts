import type { InboxDoc, InboxStatus } from '../store/billing-inbox.ts'
import { BillingProviderType } from './billing.ts'
import { builder } from './builder.ts'
import { connectionType } from './connection-type.ts'

export const BillingEventStatusType = builder.enumType('BillingEventStatus', {
  description:
    'IGNORED: it changed nothing, for the reason told. DEAD: it could not be applied; it can be replayed.',
  values: ['PENDING', 'APPLIED', 'IGNORED', 'DEAD'] as const satisfies readonly InboxStatus[],
})

export const BillingEvent = builder.objectRef<InboxDoc>('BillingEvent').implement({
  description:
    'One event of a payment provider, as it was received. What it says stays between us and the provider.',
  fields: (t) => ({
    id: t.exposeID('_id', { description: 'The provider, a colon, and its id of the event.' }),
    provider: t.field({ type: BillingProviderType, resolve: ({ provider }) => provider }),
    type: t.exposeString('type', { description: 'As the provider calls it.' }),
    status: t.field({ type: BillingEventStatusType, resolve: ({ status }) => status }),
    because: t.exposeString('because', {
      nullable: true,
      description: 'Why it is IGNORED or DEAD, in plain words; null otherwise.',
    }),
    attempts: t.exposeInt('attempts', { description: 'Tries that failed, since the last replay.' }),
    receivedAt: t.expose('receivedAt', { type: 'DateTime' }),
    settledAt: t.expose('settledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was applied, ignored or given up; null while it is PENDING.',
    }),
  }),
})

export const BillingEventConnection = connectionType('BillingEvent', BillingEvent)
