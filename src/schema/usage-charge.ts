import { dayName } from '../rules/calendar-time.ts'
import type {
  ChargeStatus,
  ChargeTry,
  InvoiceReason,
  UsageChargeDoc,
} from '../store/usage-charges.ts'
import { BillingProviderType } from './billing.ts'
import { builder } from './builder.ts'
import { connectionType } from './connection-type.ts'

const UsageChargeStatus = builder.enumType('UsageChargeStatus', {
  description:
    'PENDING: to be charged, or not known yet. ACKNOWLEDGED: the provider has it. NEXT_INVOICE: it never will; an invoice of ours says it.',
  values: ['PENDING', 'ACKNOWLEDGED', 'NEXT_INVOICE'] as const satisfies readonly ChargeStatus[],
})

const UsageChargeReason = builder.enumType('UsageChargeReason', {
  description: 'Why calls go on an invoice of ours although a provider bills the plan.',
  values: [
    'LATE_CALLS',
    'TOO_OLD',
    'NO_SUBSCRIPTION',
    'SUBSCRIPTION_ENDED',
    'NOT_SOLD_THERE',
    'NO_PRICE',
    'REFUSED',
  ] as const satisfies readonly InvoiceReason[],
})

const UsageChargeTry = builder.objectRef<ChargeTry>('UsageChargeTry').implement({
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime' }),
    did: t.exposeString('did', { description: 'sent, or asked whether it had arrived.' }),
    outcome: t.exposeString('outcome', {
      description: 'taken, duplicate, found, missing, refused, unavailable or unknown.',
    }),
    answer: t.exposeString('answer', {
      nullable: true,
      description: "The provider's own word or id, as far as it is kept.",
    }),
  }),
})

export const UsageCharge = builder.objectRef<UsageChargeDoc>('UsageCharge').implement({
  description: 'Calls above the limit of a key that a provider bills.',
  fields: (t) => ({
    id: t.exposeID('_id', { description: 'Under which the provider tells doubles.' }),
    apiKeyId: t.exposeID('apiKeyId'),
    accountId: t.exposeID('accountId'),
    month: t.expose('month', { type: 'YearMonth' }),
    day: t.field({
      type: 'Date',
      description: 'The day that was closed.',
      resolve: ({ day }) => dayName(day.getTime()),
    }),
    tier: t.exposeString('tier', { description: 'The largest plan held in the month by then.' }),
    provider: t.expose('provider', {
      type: BillingProviderType,
      nullable: true,
      description: 'Null: nobody is asked.',
    }),
    units: t.expose('units', { type: 'SafeInt' }),
    acknowledged: t.expose('acknowledged', {
      type: 'SafeInt',
      description: 'Of these the provider has so many.',
    }),
    toNextInvoice: t.expose('toNextInvoice', { type: 'SafeInt' }),
    status: t.expose('status', { type: UsageChargeStatus }),
    reason: t.expose('reason', { type: UsageChargeReason, nullable: true }),
    because: t.exposeString('because', { nullable: true, description: 'The same in words.' }),
    attempts: t.exposeInt('attempts'),
    tries: t.field({
      type: [UsageChargeTry],
      description: 'Oldest first, the last fifty.',
      resolve: ({ tries }) => tries,
    }),
    nextTryAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Not before; null unless PENDING.',
      resolve: ({ status, dueAt }) => (status === 'PENDING' ? dueAt : null),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    settledAt: t.expose('settledAt', { type: 'DateTime', nullable: true }),
  }),
})

export const UsageChargeConnection = connectionType('UsageCharge', UsageCharge)
