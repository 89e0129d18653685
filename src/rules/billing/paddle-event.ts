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
  type ProviderEvent,
  providerIdText,
  readAs,
  saidInvoice,
  UnreadableEvent,
} from './provider-event.ts'

/** RFC 3339 in UTC, up to microseconds. */
const instantText = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/, 'is not an instant in UTC')
const instant = instantText.transform((text) => Date.parse(text))
const maybeInstant = instant.nullish().transform((at) => at ?? null)

/** Whole minor units as a string. */
const amount = z
  .string()
  .regex(/^-?\d{1,15}$/, 'is not an amount in minor units')
  .transform(Number)

const envelope = z.looseObject({
  event_id: providerIdText,
  event_type: z.string(),
  occurred_at: instantText,
  data: z.looseObject({}),
})

const status = z.enum(['trialing', 'active', 'past_due', 'paused', 'canceled', 'cancelled'])

const statuses: Readonly<Record<z.infer<typeof status>, SubscriptionStatus>> = {
  trialing: 'TRIALING',
  active: 'ACTIVE',
  past_due: 'PAST_DUE',
  paused: 'PAUSED',
  canceled: 'CANCELED',
  cancelled: 'CANCELED',
}

/** Types that say the status themselves: then it need not stand in the data. */
const statusOfType: Readonly<Record<string, SubscriptionStatus>> = {
  'subscription.activated': 'ACTIVE',
  'subscription.past_due': 'PAST_DUE',
  'subscription.paused': 'PAUSED',
  'subscription.canceled': 'CANCELED',
}

const subscription = z.looseObject({
  id: providerIdText,
  status: status.nullish(),
  customer_id: idOrObject,
  custom_data: linkOf,
  items: z.array(z.looseObject({ price: idOrObject, price_id: idOrObject })).nullish(),
  // Missing while a subscription is paused or over.
  current_billing_period: z.looseObject({ ends_at: maybeInstant }).nullish(),
  scheduled_change: z.looseObject({ action: z.string(), effective_at: maybeInstant }).nullish(),
  canceled_at: maybeInstant,
  created_at: maybeInstant,
})

const transaction = z.looseObject({
  id: providerIdText,
  subscription_id: idOrObject,
  customer_id: idOrObject,
  custom_data: linkOf,
  origin: z.string().nullish(),
  invoice_number: z.string().max(255).nullish(),
  billed_at: maybeInstant,
  created_at: maybeInstant,
  currency_code: currencyText.nullish().catch(null),
  details: z
    .looseObject({ totals: z.looseObject({ total: amount }) })
    .nullish()
    .catch(null),
})

const adjustment = z.looseObject({
  id: providerIdText,
  action: z.string(),
  status: z.string().nullish(),
  customer_id: idOrObject,
  subscription_id: idOrObject,
  transaction_id: idOrObject,
  reason: z.string().max(1_000).nullish(),
  currency_code: currencyText,
  totals: z.looseObject({ total: amount }),
})

type Envelope = z.infer<typeof envelope>

/**
 * What a Paddle event says (developer.paddle.com/webhooks, read 2026-11).
 * @param content the parsed body
 * @throws UnreadableEvent where a known type has another shape
 */
export function readPaddleEvent(content: unknown): ProviderEvent {
  const event = readAs(envelope, content)
  const { event_id: id, event_type: type } = event
  // Sandbox and live differ by their secrets, not by what they send.
  return { id, type, ...timeOf(event.occurred_at), live: null, says: contentOf(event) }
}

function timeOf(text: string): { at: number; micros: number } {
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw new UnreadableEvent('occurred_at: is no instant')
  const fraction = /\.(\d+)Z$/.exec(text)?.[1] ?? ''
  return { at, micros: Number(fraction.padEnd(6, '0').slice(3, 6)) }
}

function contentOf(event: Envelope): EventContent | null {
  // A spelling that Paddle does not send, and people write.
  const type =
    event.event_type === 'subscription.cancelled' ? 'subscription.canceled' : event.event_type
  switch (type) {
    case 'subscription.created':
    case 'subscription.activated':
    case 'subscription.updated':
    case 'subscription.trialing':
    case 'subscription.past_due':
    case 'subscription.paused':
    case 'subscription.resumed':
    case 'subscription.canceled':
      return subscriptionContent(event, type)
    case 'transaction.completed':
      return transactionContent(event, true)
    case 'transaction.payment_failed':
      return transactionContent(event, false)
    case 'adjustment.created':
    case 'adjustment.updated':
      return adjustmentContent(event)
    default:
      return null
  }
}

function factOf(event: Envelope, rank: number, says: FactContent, link: FactLink): BillingFact {
  const { event_id: eventId, event_type: type } = event
  return { ...timeOf(event.occurred_at), rank, eventId, type, says, link }
}

function subscriptionContent(event: Envelope, type: string): EventContent {
  const said = readAs(subscription, event.data)
  const status = statusOfType[type] ?? (said.status ? statuses[said.status] : null)
  if (status === null) throw new UnreadableEvent('status: missing')
  const fact = snapshotFact(event, type, status, said)
  const of = { subscription: said.id, customer: said.customer_id, fact }
  return { about: 'subscription', of, invoice: null }
}

function snapshotFact(
  event: Envelope,
  type: string,
  status: SubscriptionStatus,
  said: z.infer<typeof subscription>,
): BillingFact {
  const rank =
    status === 'CANCELED'
      ? FACT_RANK.ended
      : type === 'subscription.created'
        ? FACT_RANK.created
        : FACT_RANK.updated
  const change = said.scheduled_change
  const booked = change?.action === 'cancel' ? change.effective_at : null
  const says: FactContent = {
    kind: 'snapshot',
    status,
    unpaid: false,
    priceIds: (said.items ?? []).flatMap((one) => one.price ?? one.price_id ?? []),
    currentPeriodEnd: said.current_billing_period?.ends_at ?? null,
    endsAt: status === 'CANCELED' ? said.canceled_at : booked,
    startedAt: said.created_at,
  }
  return factOf(event, rank, says, said.custom_data)
}

function transactionContent(event: Envelope, paid: boolean): EventContent | null {
  const said = readAs(transaction, event.data)
  // The first one of a checkout: its subscription comes with an event of its own.
  if (said.subscription_id === null) return null
  // Nothing is paid where a card is replaced.
  const isPayment = said.origin !== 'subscription_payment_method_change'
  const says: FactContent = { kind: !isPayment ? 'linked' : paid ? 'paid' : 'paymentFailed' }
  const fact = factOf(event, FACT_RANK.invoice, says, said.custom_data)
  const { id, invoice_number: number = null, subscription_id, customer_id: customer } = said
  const createdAt = said.billed_at ?? said.created_at ?? fact.at
  const total = said.details?.totals.total
  const shown = saidInvoice({ id, number, createdAt, paid }, total, said.currency_code)
  return {
    about: 'subscription',
    of: { subscription: subscription_id, customer, fact },
    invoice: isPayment ? shown : null,
  }
}

/** Refunds wait for Paddle's approval, and are told again with it. */
function adjustmentContent(event: Envelope): EventContent | null {
  const said = readAs(adjustment, event.data)
  const { id, customer_id: customer, currency_code: currency } = said
  const { total } = said.totals
  if (said.action === 'chargeback') {
    const reason = said.reason ?? null
    const dispute = { id, customer, charge: said.transaction_id, reason, total, currency }
    return { about: 'dispute', dispute }
  }
  const isDone = said.status === 'approved' && ['refund', 'credit'].includes(said.action)
  if (!isDone) return null
  const { subscription_id: of, transaction_id: invoice } = said
  return {
    about: 'refund',
    refund: { id, customer, subscription: of, invoice, total, currency },
  }
}

/**
 * A subscription as Paddle answers when it is asked, as a fact of the instant that was asked about.
 * @throws UnreadableEvent
 */
export function fetchedPaddleFact(
  content: unknown,
  { at, eventId, rank }: { at: number; eventId: string; rank: number },
): BillingFact {
  const said = readAs(subscription, content)
  if (!said.status) throw new UnreadableEvent('status: missing')
  const event = {
    ...{ event_id: eventId, event_type: 'fetched', data: {} },
    occurred_at: new Date(at).toISOString(),
  }
  const fact = snapshotFact(event, 'fetched', statuses[said.status], said)
  // What has ended is final, whoever says so.
  return fact.rank === FACT_RANK.ended ? fact : { ...fact, rank }
}
