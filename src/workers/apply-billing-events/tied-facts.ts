import type { ClientSession } from 'mongodb'
import { FACT_RANK, idAtProvider, providerId } from '../../rules/billing/fact.ts'
import { fetchedStripeFact } from '../../rules/billing/stripe-event.ts'
import { type BillingFactDoc, billingFacts } from '../../store/billing-facts.ts'
import type { Applying } from './applying.ts'

/** Thrown out of the transaction: the provider is asked outside of it. */
export class TiedFact extends Error {
  override readonly name = 'TiedFact'
  readonly fact: BillingFactDoc

  constructor(fact: BillingFactDoc) {
    super(`${fact.subscription} has several events of one second`)
    this.fact = fact
  }
}

/**
 * Stripe's events tell whole seconds, and ties are common: then the subscription itself is asked for, and its
 * answer counts for that second. Not where something later is known, which an answer of today could only
 * anticipate, nor where the events of that second agree or one of them ends the subscription.
 * @throws TiedFact where there is one and Stripe can be asked
 */
export async function refuseTie(
  { db, provider, fetchSubscription }: Applying,
  fact: BillingFactDoc,
  session: ClientSession,
): Promise<void> {
  if (provider !== 'STRIPE' || !fetchSubscription) return
  const { subscription, at } = fact
  const since = await billingFacts(db)
    .find({ subscription, at: { $gte: at }, type: { $ne: 'fetched' } }, { session })
    .toArray()
  if (since.some((other) => other.at > at && other.says.kind === 'snapshot')) return
  const ofThatSecond = since.filter((other) => other.at === at && other.says.kind !== 'linked')
  if (ofThatSecond.some(({ rank }) => rank === FACT_RANK.ended)) return
  const different = new Set(ofThatSecond.map(({ says }) => JSON.stringify(says)))
  if (different.size > 1) throw new TiedFact(fact)
}

/** Where the answer cannot be had, ranks decide, and the nightly reconcile corrects. */
export async function askAboutTie(
  { provider, fetchSubscription, log, event, clock }: Applying,
  { fact: { subscription, at } }: TiedFact,
): Promise<Applying['answer']> {
  const id = idAtProvider(subscription)
  const _id = providerId(provider, `fetched:${id}:${at}`)
  try {
    const content = await fetchSubscription?.(id)
    const fact = fetchedStripeFact(content, { at, eventId: _id }, clock())
    return { fact: { _id, subscription, ...fact } }
  } catch (error) {
    log.warn({ err: error, event: event.id }, 'a tie could not be asked about: its ranks decide')
    return { fact: null }
  }
}
