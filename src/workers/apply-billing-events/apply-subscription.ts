import type { ClientSession } from 'mongodb'
import { providerId, providerName } from '../../rules/billing/fact.ts'
import type { EventContent } from '../../rules/billing/provider-event.ts'
import { keepFact } from '../../store/billing-facts.ts'
import type { SubscriptionDoc } from '../../store/billing-subscriptions.ts'
import { keepProviderInvoice } from '../../store/provider-invoices.ts'
import type { SettleCause } from '../../store/settle-key.ts'
import { createSettleTools, settleSubscription } from '../../store/settle-subscription.ts'
import { tellOfKeptRefunds } from './apply-refund.ts'
import { type Applying, namedCustomer } from './applying.ts'
import type { Settled } from './inbox-claims.ts'
import { refuseTie } from './tied-facts.ts'

type Content = Extract<EventContent, { about: 'subscription' }>

/** @throws TiedFact */
export async function applyToSubscription(
  applying: Applying,
  { at, of, invoice }: Content,
  session: ClientSession,
): Promise<Settled> {
  const { db, provider, inboxId, answer } = applying
  const _id = providerId(provider, of.subscription)
  const fact = { _id: inboxId, subscription: _id, ...of.fact }
  await keepFact(db, fact, session)
  if (answer?.fact) await keepFact(db, answer.fact, session)
  else if (!answer) await refuseTie(applying, fact, session)
  if (invoice) {
    const { id, ...said } = invoice
    const about = { _id: providerId(provider, id), subscription: _id, at }
    await keepProviderInvoice(db, { ...about, ...said }, session)
  }
  const customer = of.customer && { ...namedCustomer(applying, of.customer), as: of.fact }
  const tools = createSettleTools(applying)
  const after = await settleSubscription(
    tools,
    { provider, _id, customer: customer || null },
    causeOf(applying, at),
    session,
  )
  await tellOfKeptRefunds(applying, after, session)
  return endOf(after)
}

function causeOf({ provider, inboxId, event }: Applying, happenedAt: number): SettleCause {
  return { cause: inboxId, because: `${providerName(provider)} sent ${event.type}`, happenedAt }
}

/** What was said is kept in any case: it counts as soon as a later event names a key, or the plans the price. */
function endOf({ apiKeyId, state }: SubscriptionDoc): Settled {
  const link = state?.link.apiKey ?? state?.link.userId ?? null
  const why =
    link === null
      ? 'its subscription names no API key yet'
      : apiKeyId === null
        ? 'it names no API key here'
        : state?.status && state.tier === null
          ? 'no plan here has any of its prices'
          : null
  if (why === null) return { status: 'APPLIED', because: null }
  return { status: 'IGNORED', because: `${why}; it is kept, and counts once that changes` }
}
