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
  paddleAdjustment,
  paddleEnvelope,
  paddleName,
  paddleStatuses,
  paddleSubscription,
  paddleTransaction,
} from './paddle-shapes.ts'
import {
  type EventContent,
  type ProviderEvent,
  readAs,
  saidInvoice,
  UnreadableEvent,
} from './provider-event.ts'

type Envelope = z.infer<typeof paddleEnvelope>
type Subscription = z.infer<typeof paddleSubscription>

/** What is read of each type that changes something. */
const readers: Readonly<Record<string, (event: Envelope) => EventContent | null>> = {
  'subscription.created': subscriptionContent,
  'subscription.trialing': subscriptionContent,
  'subscription.activated': subscriptionContent,
  'subscription.updated': subscriptionContent,
  'subscription.past_due': subscriptionContent,
  'subscription.paused': subscriptionContent,
  'subscription.resumed': subscriptionContent,
  'subscription.canceled': subscriptionContent,
  // A spelling that Paddle does not send, and people write.
  'subscription.cancelled': subscriptionContent,
  'transaction.completed': transactionContent,
  'transaction.payment_failed': transactionContent,
  'adjustment.created': adjustmentContent,
  'adjustment.updated': adjustmentContent,
}

/** Types that say the status themselves: then it need not stand in the data, or stand there rightly. */
const statusOfType: Readonly<Record<string, SubscriptionStatus>> = {
  'subscription.activated': 'ACTIVE',
  'subscription.past_due': 'PAST_DUE',
  'subscription.paused': 'PAUSED',
  'subscription.canceled': 'CANCELED',
  'subscription.cancelled': 'CANCELED',
}

/** Of a subscription's transactions those that its status does not hang on, as Paddle describes origins. */
const besideOrigins: readonly (string | null | undefined)[] = [
  'subscription_charge',
  'subscription_update',
  'subscription_payment_method_change',
]

/**
 * What a Paddle event says (developer.paddle.com/webhooks, API version 1, read 2026-11).
 * @param content the parsed body
 * @throws UnreadableEvent where a known type has another shape
 */
export function readPaddleEvent(content: unknown): ProviderEvent {
  const { event_id: id, event_type: type } = readAs(paddleName, content)
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined
  const says = read ? read(readAs(paddleEnvelope, content)) : null
  // Sandbox and live differ by their secrets, not by what they send.
  return { id, type, live: null, says }
}

/** Paddle tells microseconds, of which a Date holds the thousands. */
function timeOf(text: string): { at: number; micros: number } {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? ''
  return { at: Date.parse(text), micros: Number(fraction.padEnd(6, '0').slice(3, 6)) }
}

function factOf(event: Envelope, rank: number, says: FactContent, link: FactLink): BillingFact {
  const { event_id: eventId, event_type: type } = event
  return { ...timeOf(event.occurred_at), rank, eventId, type, says, link }
}

function subscriptionContent(event: Envelope): EventContent {
  const said = readAs(paddleSubscription, event.data)
  const { event_type: type } = event
  const status = statusOfType[type] ?? (said.status ? paddleStatuses[said.status] : null)
  if (status === null) throw new UnreadableEvent('status: is none that we know')
  const rank = snapshotRank(status, type === 'subscription.created')
  const fact = factOf(event, rank, snapshotOf(said, status), said.custom_data)
  const of = { subscription: said.id, customer: said.customer_id, fact }
  return { at: fact.at, about: 'subscription', of, invoice: null }
}

function snapshotOf(said: Subscription, status: SubscriptionStatus): SubscriptionSnapshot {
  const change = said.scheduled_change
  const booked = change?.action === 'cancel' ? change.effective_at : null
  return {
    kind: 'snapshot',
    status,
    unpaid: false,
    priceIds: (said.items ?? []).flatMap((one) => one.price ?? one.price_id ?? []),
    currentPeriodEnd: said.current_billing_period?.ends_at ?? null,
    endsAt: status === 'CANCELED' ? said.canceled_at : booked,
    startedAt: said.created_at,
  }
}

function transactionContent(event: Envelope): EventContent | null {
  const said = readAs(paddleTransaction, event.data)
  // A checkout that nobody has paid yet: its subscription comes with an event of its own.
  if (said.subscription_id === null) return null
  const paid = event.event_type === 'transaction.completed'
  // One that is beside the renewals may be paid while a renewal is not, and the other way round.
  const isBeside = besideOrigins.includes(said.origin)
  const says: FactContent = { kind: isBeside ? 'linked' : paid ? 'paid' : 'paymentFailed' }
  const fact = factOf(event, FACT_RANK.invoice, says, said.custom_data)
  const { id, invoice_number: number, customer_id: customer } = said
  const createdAt = said.billed_at ?? said.created_at ?? fact.at
  const total = said.details?.totals.total
  // Nothing is paid where a card is replaced.
  const isPayment = said.origin !== 'subscription_payment_method_change'
  const shown = saidInvoice({ number, createdAt, paid }, id, total, said.currency_code)
  return {
    at: fact.at,
    about: 'subscription',
    of: { subscription: said.subscription_id, customer, fact },
    invoice: isPayment ? shown : null,
  }
}

/** Refunds wait for Paddle's approval, and are told again with it. */
function adjustmentContent(event: Envelope): EventContent | null {
  const said = readAs(paddleAdjustment, event.data)
  const { at } = timeOf(event.occurred_at)
  const { id, customer_id: customer, currency_code: currency, subscription_id: of } = said
  const { total } = said.totals
  if (said.action === 'chargeback') {
    const { reason, transaction_id: charge } = said
    const dispute = { id, customer, subscription: of, charge, reason, total, currency }
    return { at, about: 'dispute', dispute }
  }
  const isDone = said.status === 'approved' && ['refund', 'credit'].includes(said.action)
  if (!isDone) return null
  const refund = { id, customer, subscription: of, invoice: said.transaction_id, total, currency }
  return { at, about: 'refund', refund }
}

/**
 * A subscription as Paddle answers when it is asked.
 * @param askedAt ms
 * @throws UnreadableEvent
 */
export function fetchedPaddleFact(
  content: unknown,
  place: Pick<FactPlace, 'at' | 'eventId'>,
  askedAt: number,
): BillingFact {
  const said = readAs(paddleSubscription, content)
  if (!said.status) throw new UnreadableEvent('status: is none that we know')
  const says = snapshotOf(said, paddleStatuses[said.status])
  return fetchedFact(says, said.custom_data, place, askedAt)
}
