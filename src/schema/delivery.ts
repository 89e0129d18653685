import type { DeliveryAttempt, DeliveryDoc, DeliveryStatus } from '../store/deliveries.ts'
import { builder } from './builder.ts'
import { connectionType } from './connection-type.ts'

export const DeliveryStatusType = builder.enumType('DeliveryStatus', {
  description: 'DEAD: given up; it can be replayed.',
  values: ['PENDING', 'DELIVERED', 'DEAD'] as const satisfies readonly DeliveryStatus[],
})

const DeliveryAttemptType = builder.objectRef<DeliveryAttempt>('DeliveryAttempt').implement({
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime' }),
    tookMs: t.exposeInt('tookMs'),
    code: t.exposeInt('code', {
      nullable: true,
      description: 'HTTP status or SMTP reply code; null where nothing answered.',
    }),
    error: t.exposeString('error', {
      nullable: true,
      description: 'In plain words; null: it was accepted.',
    }),
  }),
})

export const Delivery = builder.objectRef<DeliveryDoc>('Delivery').implement({
  description:
    'One alert, one test message or one mail about billing, to one channel. Kept for 90 days.',
  fields: (t) => ({
    id: t.exposeID('_id', {
      description: 'The same over all attempts: receivers tell doubles by it.',
    }),
    accountId: t.exposeID('accountId'),
    channelId: t.exposeID('channelId', { description: 'The channel may have been removed since.' }),
    alertId: t.id({
      nullable: true,
      description: 'Null: a test message, or a mail about billing.',
      resolve: ({ event }) => (event.kind === 'alert' ? event.alertId : null),
    }),
    status: t.field({ type: DeliveryStatusType, resolve: ({ status }) => status }),
    attempts: t.field({
      type: [DeliveryAttemptType],
      description: 'Oldest first.',
      resolve: ({ attempts }) => attempts,
    }),
    nextAttemptAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Not before; null unless PENDING.',
      resolve: ({ status, dueAt }) => (status === 'PENDING' ? dueAt : null),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    deliveredAt: t.expose('deliveredAt', { type: 'DateTime', nullable: true }),
  }),
})

export const DeliveryConnection = connectionType('Delivery', Delivery)
