import type { BillingFact, SubscriptionSnapshot, SubscriptionStatus } from './fact.ts'
import {
  foldFacts,
  type SubscriptionState,
  statusAt,
  type TierOfPrice,
} from './subscription-state.ts'

/** What counts of a subscription, as one side sees it. Times in ms. */
export interface SeenSubscription {
  status: SubscriptionStatus | null
  /** Null: no price of it is known here. */
  tier: string | null
  /** Given up collecting. */
  unpaid: boolean
  currentPeriodEnd: number | null
  endsAt: number | null
}

export type SeenField = keyof SeenSubscription

export function seenHere(state: SubscriptionState, now: number): SeenSubscription {
  const { tier, unpaid, currentPeriodEnd, endsAt } = state
  return { status: statusAt(state, now), tier, unpaid, currentPeriodEnd, endsAt }
}

export function seenThere(said: SubscriptionSnapshot, tierOf: TierOfPrice): SeenSubscription {
  const { status, unpaid, currentPeriodEnd, endsAt, priceIds } = said
  const tier = priceIds.map(tierOf).find((one) => one !== undefined) ?? null
  return { status, tier, unpaid, currentPeriodEnd, endsAt }
}

/**
 * In what both differ. What the provider does not say (a price that we do not sell, the period of what is
 * paused) is no difference, and of what has ended on both sides nothing matters any more.
 */
export function differingFields(ours: SeenSubscription, theirs: SeenSubscription): SeenField[] {
  if (ours.status === 'CANCELED' && theirs.status === 'CANCELED') return []
  const fields: SeenField[] = []
  if (ours.status !== theirs.status) fields.push('status')
  if (theirs.tier !== null && ours.tier !== theirs.tier) fields.push('tier')
  if (ours.unpaid !== theirs.unpaid) fields.push('unpaid')
  if (theirs.currentPeriodEnd !== null && ours.currentPeriodEnd !== theirs.currentPeriodEnd) {
    fields.push('currentPeriodEnd')
  }
  if (ours.endsAt !== theirs.endsAt) fields.push('endsAt')
  return fields
}

export interface Judged {
  ours: SeenSubscription | null
  theirs: SeenSubscription
  fields: SeenField[]
  /** Whether the answer, taken as a fact, changes what we say. */
  corrects: boolean
  /** What differs even then: nothing undoes an end. */
  left: SeenField[]
}

/** Events that came while it was asked: what they say is newer than the answer. */
const MOVING_MS = 600_000

/**
 * Holds an answer against what its earlier facts amount to.
 * @param state what these amount to now; null: nothing was heard of it
 * @returns null: it changed while it was asked, and its events know better
 */
export function judgeAnswer(
  answer: BillingFact & { says: SubscriptionSnapshot },
  facts: readonly BillingFact[],
  state: SubscriptionState | null,
  tierOf: TierOfPrice,
  now: number,
): Judged | null {
  if (facts.some(({ at }) => at > answer.at && at <= answer.at + MOVING_MS)) return null
  const theirs = seenThere(answer.says, tierOf)
  const ours = state && seenHere(state, now)
  const fields = differingFields(ours ?? { ...theirs, status: null, tier: null }, theirs)
  const after = foldFacts([...facts, answer], tierOf)
  const left = after ? differingFields(seenHere(after, now), theirs) : fields
  // That a booked end came is no news: only the last word of it was missing.
  const missedEnd = theirs.status === 'CANCELED' && state !== null && state.status !== 'CANCELED'
  return { ours, theirs, fields, left, corrects: left.length < fields.length || missedEnd }
}
