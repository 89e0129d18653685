import type { z } from 'zod'
import {
  type BillingFact,
  FACT_RANK,
  type FactContent,
  type FactLink,
  type FactPlace,
  fetchedFact,
  type SubscriptionSnapshot,
  type SubscriptionStatus,
  snapshotRank,
} from './fact.ts'
import {
  type EventContent,
  noLink,
  type ProviderEvent,
  readAs,
  saidInvoice,
  UnreadableEvent,
} from './provider-event.ts'
import {
  stripeCharge,
  stripeDispute,
  stripeEnvelope,
  stripeInvoice,
  stripeName,
  stripeSession,
  stripeStatuses,
  stripeSubscription,
} from './stripe-shapes.ts'

type Envelope = z.infer<typeof stripeEnvelope>
type Subscription = z.infer<typeof stripeSubscription>

/** What is read of each type that changes something. */
const readers: Readonly<Record<string, (event: Envelope) => EventContent | null>> = {
  'checkout.session.completed': checkoutContent,
  'customer.subscription.created': subscriptionContent,
  'customer.subscription.updated': subscriptionContent,
  'customer.subscription.deleted': subscriptionContent,
  'customer.subscription.paused': subscriptionContent,
  'customer.subscription.resumed': subscriptionContent,
  'invoice.paid': invoiceContent,
  'invoice.payment_succeeded': invoiceContent,
  'invoice.payment_failed': invoiceContent,
  'charge.refunded': refundContent,
  'charge.dispute.created': disputeContent,
}

/**
 * What a Stripe event says (docs.stripe.com/api/events/types, API version 2026-10-28, read 2026-11).
 * @param content the parsed body
 * @throws UnreadableEvent where a known type has another shape
 */
export function readStripeEvent(content: unknown): ProviderEvent {
  const { id, type, livemode } = readAs(stripeName, content)
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined
  const says = read ? read(readAs(stripeEnvelope, content)) : null
  // What does not say that money is real is not.
  return { id, type, live: livemode ?? false, says }
}

function factOf(event: Envelope, rank: number, says: FactContent, link: FactLink): BillingFact {
  return { at: event.created, micros: 0, rank, eventId: event.id, type: event.type, says, link }
}

function checkoutContent(event: Envelope): EventContent | null {
  const said = readAs(stripeSession, event.data.object)
  // A single payment: nothing that goes on.
  if (said.subscription === null) return null
  const fact = factOf(event, FACT_RANK.checkout, { kind: 'linked' }, said.metadata)
  const of = { subscription: said.subscription, customer: said.customer, fact }
  return { at: event.created, about: 'subscription', of, invoice: null }
}

function subscriptionContent(event: Envelope): EventContent {
  const said = readAs(stripeSubscription, event.data.object)
  const status = statusSaid(event.type, said.status)
  const rank = snapshotRank(status, event.type === 'customer.subscription.created')
  const fact = factOf(event, rank, snapshotOf(said, status), said.metadata)
  const of = { subscription: said.id, customer: said.customer, fact }
  return { at: event.created, about: 'subscription', of, invoice: null }
}

/**
 * The type is the stronger word: what was deleted is, whatever its last status.
 * @throws UnreadableEvent where it takes a status, and there is none that we know
 */
function statusSaid(type: string, said: Subscription['status']): SubscriptionStatus | null {
  if (type === 'customer.subscription.deleted') return 'CANCELED'
  if (type === 'customer.subscription.paused') return 'PAUSED'
  if (said == null) throw new UnreadableEvent('status: is none that we know')
  return stripeStatuses[said]
}

function snapshotOf(said: Subscription, status: SubscriptionStatus | null): SubscriptionSnapshot {
  const ofItem = said.items.find((one) => one.current_period_end !== null)
  const currentPeriodEnd = ofItem?.current_period_end ?? said.current_period_end
  const booked = said.cancel_at ?? (said.cancel_at_period_end ? currentPeriodEnd : null)
  return {
    kind: 'snapshot',
    status,
    unpaid: status === 'PAST_DUE' && said.status === 'unpaid',
    priceIds: said.items.flatMap((one) => one.price ?? one.plan ?? []),
    currentPeriodEnd,
    endsAt: status === 'CANCELED' ? said.ended_at : booked,
    startedAt: said.created,
  }
}

/** An invoice without a subscription concerns nothing that we sell. */
function invoiceContent(event: Envelope): EventContent | null {
  const said = readAs(stripeInvoice, event.data.object)
  const about = said.parent?.subscription_details ?? said.subscription_details
  const of = about?.subscription ?? said.subscription
  if (of === null) return null
  const paid = event.type !== 'invoice.payment_failed'
  const says: FactContent = { kind: paid ? 'paid' : 'paymentFailed' }
  const fact = factOf(event, FACT_RANK.invoice, says, about?.metadata ?? noLink)
  const { id, number, customer } = said
  const createdAt = said.created ?? event.created
  return {
    at: event.created,
    about: 'subscription',
    of: { subscription: of, customer, fact },
    invoice: saidInvoice({ number, createdAt, paid }, id, said.total, said.currency),
  }
}

function refundContent({ created: at, data }: Envelope): EventContent {
  const {
    id,
    customer,
    invoice: of,
    amount_refunded: total,
    currency,
  } = readAs(stripeCharge, data.object)
  const refund = { id, customer, subscription: null, invoice: of, total, currency }
  return { at, about: 'refund', refund }
}

function disputeContent({ created: at, data }: Envelope): EventContent {
  const { id, charge: of, reason, amount: total, currency } = readAs(stripeDispute, data.object)
  const [charge, customer] = typeof of === 'string' ? [of, null] : [of.id, of.customer]
  const dispute = { id, customer, subscription: null, charge, reason, total, currency }
  return { at, about: 'dispute', dispute }
}

/**
 * A subscription as Stripe answers when it is asked: about events of one second, or by a reconcile.
 * @param askedAt ms
 * @throws UnreadableEvent
 */
export function fetchedStripeFact(
  content: unknown,
  place: Pick<FactPlace, 'at' | 'eventId'>,
  askedAt: number,
): BillingFact {
  const said = readAs(stripeSubscription, content)
  const says = snapshotOf(said, statusSaid('', said.status))
  return fetchedFact(says, said.metadata, place, askedAt)
}

/** @returns the customer of a charge as Stripe answers when it is asked; null: it has none */
export function customerOfCharge(content: unknown): string | null {
  return readAs(stripeCharge, content).customer
}
