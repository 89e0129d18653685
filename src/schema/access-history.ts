import type { AccessChange, AccessState } from '../store/access-history.ts'
import { ApiKeyStatus, statusOf } from './api-key.ts'
import { BillingStatusType } from './billing.ts'
import { builder } from './builder.ts'
import { connectionType } from './connection-type.ts'

const AccessStateType = builder.objectRef<AccessState>('AccessState').implement({
  description: 'What a key could do.',
  fields: (t) => ({
    tier: t.exposeString('tier'),
    status: t.field({
      type: ApiKeyStatus,
      resolve: ({ revoked, blockedBecause }) => statusOf({ revoked, blockedBecause }),
    }),
    blockedBecause: t.exposeString('blockedBecause', {
      nullable: true,
      description: 'Null: not blocked.',
    }),
    billingStatus: t.field({
      type: BillingStatusType,
      resolve: ({ billingStatus }) => billingStatus,
    }),
  }),
})

const AccessCause = builder.enumType('AccessCause', {
  description: 'TIME: a date was reached, as a booked end or the last day of grace.',
  values: ['OWNER', 'ADMIN', 'PROVIDER', 'TIME'] as const,
})

const causes = { owner: 'OWNER', admin: 'ADMIN', time: 'TIME' } as const

const AccessChangeType = builder.objectRef<AccessChange>('AccessChange').implement({
  description: 'One change of what a key may do. Never altered.',
  fields: (t) => ({
    id: t.exposeID('_id'),
    accountId: t.exposeID('accountId'),
    apiKeyId: t.exposeID('apiKeyId'),
    at: t.expose('at', {
      type: 'DateTime',
      description: 'From when on it holds: when it happened, though we may have heard of it later.',
    }),
    recordedAt: t.expose('recordedAt', { type: 'DateTime' }),
    from: t.expose('from', {
      type: AccessStateType,
      nullable: true,
      description: 'Null: the key was made.',
    }),
    to: t.expose('to', { type: AccessStateType }),
    because: t.exposeString('because', { description: 'In plain words.' }),
    cause: t.field({
      type: AccessCause,
      resolve: ({ cause }) => (isOurs(cause) ? causes[cause] : 'PROVIDER'),
    }),
    event: t.string({
      nullable: true,
      description: "The provider's event, as STRIPE:evt_1; null: none caused it.",
      resolve: ({ cause }) => (isOurs(cause) ? null : cause),
    }),
  }),
})

function isOurs(cause: string): cause is keyof typeof causes {
  return cause in causes
}

export const AccessChangeConnection = connectionType('AccessChange', AccessChangeType)
