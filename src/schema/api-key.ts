import type { AlertThreshold, ToldOfKey } from '../rules/threshold.ts'
import { BillingStatusType, BillingSubscription, type BillingSubscriptionShape } from './billing.ts'
import { builder } from './builder.ts'

/** What the API reads of a key; never its secrets. */
export interface ApiKeyShape extends ToldOfKey {
  _id: string
  name: string
  prefix: string
  lastFour: string
  tier: string
  blockedBecause: string | null
  revokedAt: Date | null
  alertsEnabled: boolean
  alertsSnoozedUntil?: Date
  alertThresholds?: AlertThreshold[]
  createdAt: Date
  billing?: BillingSubscriptionShape
  overageCap?: number | null
  lastUsedAt?: Date
}

export const ApiKeyStatus = builder.enumType('ApiKeyStatus', {
  values: ['ACTIVE', 'BLOCKED', 'REVOKED'] as const,
})

/** Revoked is final and hides a block: nothing can be done about it any more. */
export function statusOf({
  revoked,
  blockedBecause,
}: {
  revoked: boolean
  blockedBecause: string | null
}): 'ACTIVE' | 'BLOCKED' | 'REVOKED' {
  if (revoked) return 'REVOKED'
  return blockedBecause === null ? 'ACTIVE' : 'BLOCKED'
}

const statusOfKey = ({ revokedAt, blockedBecause }: ApiKeyShape) =>
  statusOf({ revoked: revokedAt !== null, blockedBecause })

export const ApiKey = builder.objectRef<ApiKeyShape>('ApiKey').implement({
  fields: (t) => ({
    id: t.exposeID('_id'),
    name: t.exposeString('name'),
    prefix: t.exposeString('prefix', {
      description: 'gc_live_xxxx: never more of the secret than prefix and last four.',
    }),
    lastFour: t.exposeString('lastFour'),
    tier: t.exposeString('tier'),
    status: t.field({ type: ApiKeyStatus, resolve: statusOfKey }),
    blockedBecause: t.string({
      nullable: true,
      description: 'In plain words, and what to do about it; null unless BLOCKED.',
      resolve: (key) => (statusOfKey(key) === 'BLOCKED' ? key.blockedBecause : null),
    }),
    billingStatus: t.field({
      type: BillingStatusType,
      description: "Of the key's own subscription; NONE: it never had one.",
      resolve: ({ billing }) => billing?.status ?? 'NONE',
    }),
    subscription: t.field({
      type: BillingSubscription,
      nullable: true,
      description: "The key's own: the newest that is not CANCELED, else the last CANCELED one.",
      resolve: ({ billing }) => billing ?? null,
    }),
    overageCap: t.field({
      type: 'SafeInt',
      nullable: true,
      description:
        'Calls above the limit that a month may be billed, on plans that bill them; null: any number.',
      resolve: (key) => key.overageCap ?? null,
    }),
    alertsEnabled: t.exposeBoolean('alertsEnabled'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    lastUsedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'At most a minute old.',
      resolve: (key) => key.lastUsedAt ?? null,
    }),
  }),
})

export const CreatedApiKey = builder
  .objectRef<{ secret: string; apiKey: ApiKeyShape }>('CreatedApiKey')
  .implement({
    fields: (t) => ({
      secret: t.exposeString('secret', { description: 'Shown once, kept nowhere.' }),
      apiKey: t.expose('apiKey', { type: ApiKey }),
    }),
  })

export const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'Only the admin names an accountId or a tier.',
  fields: (t) => ({
    accountId: t.id(),
    name: t.string({ required: true }),
    tier: t.string(),
  }),
})

export const UpdateApiKeyInput = builder.inputType('UpdateApiKeyInput', {
  fields: (t) => ({ name: t.string(), alertsEnabled: t.boolean() }),
})
