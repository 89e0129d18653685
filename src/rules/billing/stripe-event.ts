import { z } from 'zod'
import {
  type BillingFact,
  FACT_RANK,
  type FactContent,
  type FactLink,
  type SubscriptionStatus,
} from './fact.ts'
import {
  currencyText,
  type EventContent,
  idOrObject,
  linkOf,
  noLink,
  type ProviderEvent,
  providerIdText,
  readAs,
  saidInvoice,
  UnreadableEvent,
} from './provider-event.ts'

/** Stripe tells whole seconds. */
const seconds = z
  .int()
  .min(0)
  .max(4_102_444_800)
  .transform((value) => value * 1_000)
const maybeSeconds = seconds.nullish().transform((value) => value ?? null)
const amount = z.int()

const envelope = z.looseObject({
  id: providerIdText,
  type: z.string(),
  created: seconds,
  livemode: z.boolean().nullish(),
  data: z.looseObject({ object: z.looseObject({}) }),
})

const status = z.enum([
  'incomplete',
  'incomplete_expired',
  'trialing',
  'active',
  'past_due',
  'unpaid',
  'canceled',
  'paused',
])

const statuses: Readonly<Record<z.infer<typeof status>, SubscriptionStatus | null>> = {
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

const subscription = z.looseObject({
  id: providerIdText,
  status,
  customer: idOrObject,
  metadata: linkOf,
  items: z
    .looseObject({ data: z.array(item) })
    .nullish()
    .transform((list) => list?.data ?? []),
  current_period_end: maybeSeconds,
  cancel_at: maybeSeconds,
  cancel_at_period_end: z.boolean().nullish(),
  ended_at: maybeSeconds,
  created: maybeSeconds,
})

const details = z.looseObject({ subscription: idOrObject, metadata: linkOf }).nullish()

const invoice = z.looseObject({
  id: providerIdText,
  number: z.string().max(255).nullish(),
  created: maybeSeconds,
  customer: idOrObject,
  currency: currencyText.nullish().catch(null),
  total: amount.nullish().catch(null),
  // Since 2025 the subscription stands in `parent`, before that beside it.
  parent: z.looseObject({ subscription_details: details }).nullish(),
  subscription: idOrObject,
  subscription_details: details,
})

const session = z.looseObject({
  subscription: idOrObject,
  customer: idOrObject,
  metadata: linkOf,
})

const charge = z.looseObject({
  id: providerIdText,
  customer: idOrObject,
  invoice: idOrObject,
  amount_refunded: amount.min(0),
  currency: currencyText,
})

const dispute = z.looseObject({
  id: providerIdText,
  charge: idOrObject,
  customer: idOrObject,
  reason: z.string().max(255).nullish(),
  amount,
  currency: currencyText,
})

type Envelope = z.infer<typeof envelope>

/**
 * What a Stripe event says (docs.stripe.com/api/events/types, read 2026-11).
 * @param content the parsed body
 * @throws UnreadableEvent where a known type has another shape
 */
export function readStripeEvent(content: unknown): ProviderEvent {
  const event = readAs(envelope, content)
  const { id, type, created: at, livemode } = event
  return { id, type, at, live: livemode ?? null, says: contentOf(event) }
}

function contentOf(event: Envelope): EventContent | null {
  const { object } = event.data
  switch (event.type) {
    case 'checkout.session.completed':
      return checkoutContent(event)
    case 'customer.subscription.created':
    case 'customer.subscription.updated':
    case 'customer.subscription.deleted':
    case 'customer.subscription.paused':
    case 'customer.subscription.resumed':
      return subscriptionContent(event)
    case 'invoice.paid':
    case 'invoice.payment_succeeded':
      return invoiceContent(event, true)
    case 'invoice.payment_failed':
      return invoiceContent(event, false)
    case 'charge.refunded': {
      const { id, customer, invoice: of, amount_refunded: total, currency } = readAs(charge, object)
      const refund = { id, customer, subscription: null, invoice: of, total, currency }
      return { about: 'refund', refund }
    }
    case 'charge.dispute.created': {
      const { amount: total, reason = null, ...said } = readAs(dispute, object)
      const { id, customer, charge: of, currency } = said
      return { about: 'dispute', dispute: { id, customer, charge: of, reason, total, currency } }
    }
    default:
      return null
  }
}

function factOf(event: Envelope, rank: number, says: FactContent, link: FactLink): BillingFact {
  return { at: event.created, micros: 0, rank, eventId: event.id, type: event.type, says, link }
}

function checkoutContent(event: Envelope): EventContent | null {
  const said = readAs(session, event.data.object)
  // A single payment: nothing that goes on.
  if (said.subscription === null) return null
  const fact = factOf(event, FACT_RANK.checkout, { kind: 'linked' }, said.metadata)
  const { subscription: of, customer } = said
  return { about: 'subscription', of: { subscription: of, customer, fact }, invoice: null }
}

function subscriptionContent(event: Envelope): EventContent {
  const said = readAs(subscription, event.data.object)
  const fact = snapshotFact(event, said)
  const of = { subscription: said.id, customer: said.customer, fact }
  return { about: 'subscription', of, invoice: null }
}

function snapshotFact(event: Envelope, said: z.infer<typeof subscription>): BillingFact {
  const status = statusSaid(event.type, said.status)
  const rank =
    status === 'CANCELED'
      ? FACT_RANK.ended
      : event.type === 'customer.subscription.created'
        ? FACT_RANK.created
        : FACT_RANK.updated
  const ofItem = said.items.find((one) => one.current_period_end !== null)
  const currentPeriodEnd = ofItem?.current_period_end ?? said.current_period_end
  const booked = said.cancel_at ?? (said.cancel_at_period_end ? currentPeriodEnd : null)
  const says: FactContent = {
    kind: 'snapshot',
    status,
    unpaid: said.status === 'unpaid',
    priceIds: said.items.flatMap((one) => one.price ?? one.plan ?? []),
    currentPeriodEnd,
    endsAt: status === 'CANCELED' ? said.ended_at : booked,
    startedAt: said.created,
  }
  return factOf(event, rank, says, said.metadata)
}

/** The type is the stronger word: what was deleted is, whatever its last status. */
function statusSaid(type: string, said: z.infer<typeof status>): SubscriptionStatus | null {
  if (type === 'customer.subscription.deleted') return 'CANCELED'
  if (type === 'customer.subscription.paused') return 'PAUSED'
  return statuses[said]
}

/** An invoice without a subscription concerns nothing that we sell. */
function invoiceContent(event: Envelope, paid: boolean): EventContent | null {
  const said = readAs(invoice, event.data.object)
  const about = said.parent?.subscription_details ?? said.subscription_details
  const of = about?.subscription ?? said.subscription
  if (of === null) return null
  const says: FactContent = { kind: paid ? 'paid' : 'paymentFailed' }
  const fact = factOf(event, FACT_RANK.invoice, says, about?.metadata ?? noLink)
  const { id, number = null, customer } = said
  const createdAt = said.created ?? event.created
  const shown = saidInvoice({ id, number, createdAt, paid }, said.total, said.currency)
  return { about: 'subscription', of: { subscription: of, customer, fact }, invoice: shown }
}

/**
 * A subscription as Stripe answers when it is asked, as a fact of the instant that was asked about.
 * @throws UnreadableEvent
 */
export function fetchedStripeFact(
  content: unknown,
  place: { at: number; eventId: string; rank: number },
): BillingFact {
  const said = readAs(subscription, content)
  const event = {
    id: place.eventId,
    type: 'fetched',
    created: place.at,
    data: { object: {} },
  }
  const fact = snapshotFact(event, said)
  if (fact.says.kind !== 'snapshot') throw new UnreadableEvent('not a subscription')
  // What has ended is final, whoever says so.
  return fact.rank === FACT_RANK.ended ? fact : { ...fact, rank: place.rank }
}
