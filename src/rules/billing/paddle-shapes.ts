import { z } from 'zod'
import type { SubscriptionStatus } from './fact.ts'
import {
  currencyText,
  idIfAny,
  idOrObject,
  linkOf,
  providerIdText,
  shownText,
} from './provider-event.ts'

/** RFC 3339; Paddle tells microseconds. */
const instantText = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/,
    'is not an instant such as 2026-11-22T11:57:47.390028Z',
  )
  // The thirteenth month has the shape of one.
  .refine((text) => !Number.isNaN(Date.parse(text)), 'is no day or hour that there is')
const maybeInstant = instantText
  .transform((text) => Date.parse(text))
  .nullish()
  .transform((at) => at ?? null)
/** Where nothing but what is shown depends on it. */
const shownInstant = maybeInstant.catch(null)

/** Whole minor units as a string. */
const amount = z
  .string()
  .regex(/^-?\d{1,15}$/, 'is not an amount in minor units')
  .transform(Number)

/** Of every event, also of types that nobody here knows. */
export const paddleName = z.looseObject({ event_id: providerIdText, event_type: z.string() })

export const paddleEnvelope = z.looseObject({
  event_id: providerIdText,
  event_type: z.string(),
  occurred_at: instantText,
  data: z.looseObject({}),
})

const status = z.enum(['trialing', 'active', 'past_due', 'paused', 'canceled', 'cancelled'])

export const paddleStatuses: Readonly<Record<z.infer<typeof status>, SubscriptionStatus>> = {
  trialing: 'TRIALING',
  active: 'ACTIVE',
  past_due: 'PAST_DUE',
  paused: 'PAUSED',
  canceled: 'CANCELED',
  cancelled: 'CANCELED',
}

export const paddleSubscription = z.looseObject({
  id: providerIdText,
  // Of a type that says it, it matters no more.
  status: status.nullish().catch(null),
  customer_id: idIfAny,
  custom_data: linkOf,
  items: z.array(z.looseObject({ price: idOrObject, price_id: idOrObject })).nullish(),
  // Missing while a subscription is paused or over.
  current_billing_period: z.looseObject({ ends_at: shownInstant }).nullish().catch(null),
  scheduled_change: z.looseObject({ action: z.string(), effective_at: maybeInstant }).nullish(),
  canceled_at: maybeInstant,
  created_at: shownInstant,
})

export const paddleTransaction = z.looseObject({
  id: idIfAny,
  subscription_id: idOrObject,
  customer_id: idIfAny,
  custom_data: linkOf,
  origin: z.string().nullish().catch(null),
  invoice_number: shownText,
  billed_at: shownInstant,
  created_at: shownInstant,
  currency_code: currencyText.nullish().catch(null),
  details: z
    .looseObject({ totals: z.looseObject({ total: amount }) })
    .nullish()
    .catch(null),
})

export const paddleAdjustment = z.looseObject({
  id: providerIdText,
  action: z.string(),
  status: z.string().nullish(),
  customer_id: idIfAny,
  subscription_id: idIfAny,
  transaction_id: idIfAny,
  reason: shownText,
  currency_code: currencyText,
  totals: z.looseObject({ total: amount }),
})
