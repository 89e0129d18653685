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

/** Stripe tells whole seconds. */
const seconds = z
  .int()
  .min(0)
  .max(4_102_444_800)
  .transform((value) => value * 1_000)
const maybeSeconds = seconds.nullish().transform((value) => value ?? null)
/** Where nothing but what is shown depends on it. */
const shownSeconds = maybeSeconds.catch(null)
const amount = z.int()

/** Of every event, also of types that nobody here knows. */
export const stripeName = z.looseObject({
  id: providerIdText,
  type: z.string(),
  livemode: z.boolean().nullish(),
})

export const stripeEnvelope = z.looseObject({
  id: providerIdText,
  type: z.string(),
  created: seconds,
  data: z.looseObject({ object: z.looseObject({}) }),
})

export const stripeStatus = z.enum([
  'incomplete',
  'incomplete_expired',
  'trialing',
  'active',
  'past_due',
  'unpaid',
  'canceled',
  'paused',
])

export const stripeStatuses: Readonly<
  Record<z.infer<typeof stripeStatus>, SubscriptionStatus | null>
> = {
  incomplete: null,
  incomplete_expired: 'CANCELED',
  trialing: 'TRIALING',
  active: 'ACTIVE',
  past_due: 'PAST_DUE',
  unpaid: 'PAST_DUE',
  canceled: 'CANCELED',
  paused: 'PAUSED',
}

const item = z.looseObject({
  // Before prices there were plans; their ids are price ids too.
  price: idOrObject,
  plan: idOrObject,
  current_period_end: maybeSeconds,
})

export const stripeSubscription = z.looseObject({
  id: providerIdText,
  // Of what was deleted it matters no more.
  status: stripeStatus.nullish().catch(null),
  customer: idIfAny,
  metadata: linkOf,
  items: z
    .looseObject({ data: z.array(item) })
    .nullish()
    .transform((list) => list?.data ?? []),
  // Since API version 2025-03-31 it stands on the items alone.
  current_period_end: maybeSeconds,
  cancel_at: maybeSeconds,
  cancel_at_period_end: z.boolean().nullish(),
  ended_at: maybeSeconds,
  created: shownSeconds,
})

const details = z.looseObject({ subscription: idOrObject, metadata: linkOf }).nullish()

export const stripeInvoice = z.looseObject({
  id: idIfAny,
  number: shownText,
  created: shownSeconds,
  customer: idIfAny,
  currency: currencyText.nullish().catch(null),
  total: amount.nullish().catch(null),
  // Since 2025 the subscription stands in `parent`, before that beside it.
  parent: z.looseObject({ subscription_details: details }).nullish(),
  subscription: idOrObject,
  subscription_details: details,
})

export const stripeSession = z.looseObject({
  subscription: idOrObject,
  customer: idIfAny,
  metadata: linkOf,
})

export const stripeCharge = z.looseObject({
  id: providerIdText,
  customer: idIfAny,
  // Gone since 2025-03-31.
  invoice: idIfAny,
  amount_refunded: amount.min(0),
  currency: currencyText,
})

export const stripeDispute = z.looseObject({
  id: providerIdText,
  // Expanded it names the customer.
  charge: z.union([providerIdText, z.looseObject({ id: providerIdText, customer: idIfAny })]),
  reason: shownText,
  amount,
  currency: currencyText,
})
