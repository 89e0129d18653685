import type { ClientSession, Db } from 'mongodb'
import type { Logger } from '../../log.ts'
import { type BillingProvider, FACT_RANK, providerId } from '../../rules/billing/fact.ts'
import { readPaddleEvent } from '../../rules/billing/paddle-event.ts'
import type {
  EventContent,
  ProviderEvent,
  SaidDispute,
  SaidRefund,
} from '../../rules/billing/provider-event.ts'
import { fetchedStripeFact, readStripeEvent } from '../../rules/billing/stripe-event.ts'
import type { Plans } from '../../rules/plan.ts'
import { type BillingFactDoc, billingFacts, keepFact } from '../../store/billing-facts.ts'
import type { InboxDoc } from '../../store/billing-inbox.ts'
import { billingNotices, type NewBillingNotice, writeNotices } from '../../store/billing-notices.ts'
import { billingSubscriptions } from '../../store/billing-subscriptions.ts'
import type { Encryption } from '../../store/encryption.ts'
import { keepProviderInvoice } from '../../store/provider-invoices.ts'
import { keepProviderRefund } from '../../store/provider-refunds.ts'
import type { SettleCause } from '../../store/settle-key.ts'
import { createSettleTools, settleSubscription } from '../../store/settle-subscription.ts'
import { type Settled, settleEvent } from './inbox-claims.ts'

export interface ApplyTools {
  db: Db
  plans: Plans
  encryption: Encryption
  /** Keyed hash by which a provider's customer is found: `STRIPE:cus_1`. */
  customerHash: (customer: string) => string
  clock: () => number
  log: Logger
  /** Events of real money count; false: those of test modes. */
  live: boolean
  /** Asks Stripe for a subscription; null: no secret key is set. */
  fetchSubscription: ((id: string) => Promise<unknown>) | null
}

interface Applying extends ApplyTools {
  provider: BillingProvider
  inboxId: string
  event: ProviderEvent
  now: number
  /** What the provider said about a tie; its fact is null where it could not be asked. Null: not asked. */
  answer: { fact: BillingFactDoc | null } | null
}

/**
 * Applies one event of the inbox, in one transaction with its end: so that whoever dies in between leaves
 * nothing half done, and a second try finds either all or nothing.
 * @returns how it ended
 * @throws UnreadableEvent, what MongoDB throws, and Error where it cannot be decrypted here
 */
export async function applyEvent(tools: ApplyTools, inbox: InboxDoc): Promise<Settled> {
  const { _id: inboxId, provider, raw } = inbox
  const now = tools.clock()
  if (!raw) return await ignored(tools, inboxId, 'its body is gone: it is older than 90 days')
  const content: unknown = JSON.parse(tools.encryption.decrypt(raw, inboxId, 'raw'))
  const event = provider === 'STRIPE' ? readStripeEvent(content) : readPaddleEvent(content)
  if (event.live !== null && event.live !== tools.live) {
    const mode = event.live ? 'live' : 'test'
    return await ignored(tools, inboxId, `it is of the ${mode} mode, which does not count here`)
  }
  if (event.says === null) return await ignored(tools, inboxId, 'it changes nothing here')
  const { says } = event
  const applying: Applying = { ...tools, provider, inboxId, event, now, answer: null }
  try {
    return await applyAtOnce(applying, says)
  } catch (error) {
    if (!(error instanceof TiedFact)) throw error
    return await applyAtOnce({ ...applying, answer: await askAboutTie(applying, error) }, says)
  }
}

async function applyAtOnce(applying: Applying, says: EventContent): Promise<Settled> {
  const { db, inboxId, now } = applying
  let settled: Settled = applied
  await db.client.withSession((session) =>
    session.withTransaction(async () => {
      settled = await applyContent(applying, says, session)
      const ours = await settleEvent(db, inboxId, settled, new Date(now), session)
      // Another process was faster: what was written here would be written twice.
      if (!ours) await session.abortTransaction()
    }),
  )
  return settled
}

const applied: Settled = { status: 'APPLIED', because: null }

async function ignored(
  { db, clock }: ApplyTools,
  inboxId: string,
  because: string,
): Promise<Settled> {
  const settled: Settled = { status: 'IGNORED', because }
  await settleEvent(db, inboxId, settled, new Date(clock()))
  return settled
}

async function applyContent(
  applying: Applying,
  says: EventContent,
  session: ClientSession,
): Promise<Settled> {
  switch (says.about) {
    case 'subscription':
      return await applyToSubscription(applying, says, session)
    case 'refund':
      return await applyRefund(applying, says.refund, session)
    case 'dispute':
      return await applyDispute(applying, says.dispute, session)
  }
}

async function applyToSubscription(
  applying: Applying,
  { of, invoice }: Extract<EventContent, { about: 'subscription' }>,
  session: ClientSession,
): Promise<Settled> {
  const { db, provider, inboxId, event, answer } = applying
  const subscription = providerId(provider, of.subscription)
  await keepFact(db, { _id: inboxId, subscription, ...of.fact }, session)
  if (answer?.fact) await keepFact(db, answer.fact, session)
  else if (!answer) await refuseTie(applying, { _id: inboxId, subscription, ...of.fact }, session)
  if (invoice) {
    const { id, ...said } = invoice
    const about = { _id: providerId(provider, id), subscription, at: event.at }
    await keepProviderInvoice(db, { ...about, ...said }, session)
  }
  const customer = of.customer === null ? null : namedCustomer(applying, of.customer)
  const about = { provider, _id: subscription, customer }
  const { apiKeyId, state } = await settleSubscription(
    createSettleTools(applying),
    about,
    causeOf(applying),
    session,
  )
  if (apiKeyId !== null) return applied
  const link = state?.link.apiKey ?? state?.link.userId
  const why = link === null ? 'its subscription names no API key yet' : 'it names no API key here'
  return { status: 'IGNORED', because: `${why}; it is kept, and counts once one is named` }
}

function namedCustomer({ customerHash, provider }: Applying, id: string) {
  return { id, hash: customerHash(providerId(provider, id)) }
}

function causeOf({ provider, inboxId, event }: Applying): SettleCause {
  const who = provider === 'STRIPE' ? 'Stripe' : 'Paddle'
  return { cause: inboxId, because: `${who} sent ${event.type}`, happenedAt: event.at }
}

/** Thrown out of the transaction: the provider is asked outside of it. */
class TiedFact extends Error {
  override readonly name = 'TiedFact'
  readonly fact: BillingFactDoc

  constructor(fact: BillingFactDoc) {
    super(`${fact.subscription} has several events of one second`)
    this.fact = fact
  }
}

/**
 * Stripe's events tell whole seconds, and ties are common: then the subscription itself is asked for, and
 * its answer counts for that second.
 * @throws TiedFact where there is one and Stripe can be asked
 */
async function refuseTie(
  { db, provider, fetchSubscription }: Applying,
  fact: BillingFactDoc,
  session: ClientSession,
): Promise<void> {
  if (provider !== 'STRIPE' || !fetchSubscription) return
  const { _id, subscription, at } = fact
  const tied = await billingFacts(db).findOne({ subscription, at, _id: { $ne: _id } }, { session })
  if (tied) throw new TiedFact(fact)
}

/** Where the answer cannot be had, ranks decide, and the nightly reconcile corrects. */
async function askAboutTie(
  { provider, fetchSubscription, log, event }: Applying,
  { fact: { subscription, at } }: TiedFact,
): Promise<Applying['answer']> {
  const id = subscription.slice(provider.length + 1)
  const _id = `${provider}:fetched:${id}:${at}`
  try {
    const content = await fetchSubscription?.(id)
    const place = { at, eventId: _id, rank: FACT_RANK.fetched }
    return { fact: { _id, subscription, ...fetchedStripeFact(content, place) } }
  } catch (error) {
    log.warn({ err: error, event: event.id }, 'a tie could not be asked about: its ranks decide')
    return { fact: null }
  }
}

async function applyRefund(
  applying: Applying,
  refund: SaidRefund,
  session: ClientSession,
): Promise<Settled> {
  const { db, provider, event } = applying
  const accountId = await accountOf(applying, refund, session)
  if (accountId === null) return nobodys
  const { total, currency } = refund
  const named = (id: string | null) => (id === null ? null : providerId(provider, id))
  const [subscription, invoice] = [named(refund.subscription), named(refund.invoice)]
  const _id = providerId(provider, refund.id)
  const doc = { _id, accountId, subscription, invoice, total, currency, at: new Date(event.at) }
  const more = await keepProviderRefund(db, doc, session)
  if (more > 0) {
    const data = { provider, refunded: more, total, currency, invoice }
    await tell(applying, accountId, 'refund-recorded', data, session)
  }
  return applied
}

async function applyDispute(
  applying: Applying,
  dispute: SaidDispute,
  session: ClientSession,
): Promise<Settled> {
  const accountId = await accountOf(applying, { ...dispute, subscription: null }, session)
  if (accountId === null) return nobodys
  const { reason, total, currency } = dispute
  const data = { provider: applying.provider, reason, total, currency }
  await tell(applying, accountId, 'dispute-opened', data, session)
  return applied
}

const nobodys: Settled = { status: 'IGNORED', because: 'it is of a customer of nobody here' }

async function tell(
  { db, inboxId, now }: Applying,
  accountId: string,
  type: NewBillingNotice['type'],
  data: NewBillingNotice['data'],
  session: ClientSession,
): Promise<void> {
  // A replay tells nobody again.
  if (await billingNotices(db).findOne({ _id: inboxId }, { session })) return
  const notice = { _id: inboxId, accountId, apiKeyId: null, type, at: new Date(now), data }
  await writeNotices(db, accountId, [notice], session)
}

/** By the subscription that is named, else by the customer. */
async function accountOf(
  applying: Applying,
  { subscription, customer }: Pick<SaidRefund, 'subscription' | 'customer'>,
  session: ClientSession,
): Promise<string | null> {
  const { db, provider } = applying
  const bySubscription = subscription && { _id: providerId(provider, subscription) }
  const byCustomer = customer && { customerHash: namedCustomer(applying, customer).hash }
  for (const filter of [bySubscription, byCustomer]) {
    if (!filter) continue
    const wanted = { ...filter, accountId: { $type: 'string' as const } }
    const found = await billingSubscriptions(db).findOne(wanted, { session })
    if (found) return found.accountId
  }
  return null
}
