import {
  type BillingFact,
  compareFacts,
  FACT_RANK,
  type FactLink,
  type SubscriptionSnapshot,
  type SubscriptionStatus,
} from './fact.ts'

/** What all that is known of a subscription amounts to. Times in ms. */
export interface SubscriptionState {
  /** Null: it never began, or only its payments are known so far. */
  status: SubscriptionStatus | null
  /** Plan of its newest known price; null: it never had one, and then it counts for nothing. */
  tier: string | null
  unpaid: boolean
  currentPeriodEnd: number | null
  /** When a cancellation takes or took effect. */
  endsAt: number | null
  /** Since when payments have been failing without a break. */
  pastDueSince: number | null
  /** When it was made; until that is known, when it was first heard of. */
  startedAt: number
  link: FactLink
  /** When the newest change of the above happened, and by which event. */
  changedAt: number
  changedBy: string
}

/** Which plan a provider's price belongs to; undefined: none. */
export type TierOfPrice = (priceId: string) => string | undefined

/**
 * The state after all facts, in the order in which they happened: the order in which they came, and how
 * often, cannot matter. Null without facts.
 *
 * | fact                | nothing yet | TRIALING, ACTIVE | PAST_DUE                  | PAUSED     | CANCELED |
 * | ------------------- | ----------- | ---------------- | ------------------------- | ---------- | -------- |
 * | snapshot            | its status  | its status       | its status                | its status | stays    |
 * | snapshot, not begun | stays       | stays            | stays                     | stays      | stays    |
 * | payment failed      | stays       | PAST_DUE         | stays, and since when     | stays      | stays    |
 * | paid                | stays       | stays            | ACTIVE                    | stays      | stays    |
 * | linked              | stays       | stays            | stays                     | stays      | stays    |
 *
 * CANCELED stays whatever comes: neither a late payment nor an older snapshot brings back what is over. What
 * was fetched about an instant counts as long as no later snapshot is known.
 */
export function foldFacts(
  facts: readonly BillingFact[],
  tierOf: TierOfPrice,
): SubscriptionState | null {
  let state: SubscriptionState | null = null
  let isGuess = false
  for (const fact of countingFacts(facts)) {
    const before: SubscriptionState = state ?? nothingYet(fact)
    if (before.status === 'CANCELED') break
    state = stateAfter(before, fact, tierOf)
    if (isGuess && saysFailing(fact)) {
      state = { ...state, pastDueSince: fact.at, changedAt: fact.at, changedBy: fact.eventId }
    }
    isGuess = isGuessedSince(before, state, fact, facts, isGuess)
  }
  return state
}

/**
 * In the order in which they happened. An answer is of the moment at which it was given, whenever the events
 * came that it was asked about: so that this moment cannot matter, it gives way to what happened later.
 */
function countingFacts(facts: readonly BillingFact[]): BillingFact[] {
  const ofEvents = facts.filter((fact) => isSnapshot(fact) && fact.rank !== FACT_RANK.fetched)
  const last = ofEvents.reduce((at, fact) => Math.max(at, fact.at), Number.NEGATIVE_INFINITY)
  return facts
    .filter((fact) => fact.rank !== FACT_RANK.fetched || fact.at >= last)
    .toSorted(compareFacts)
}

/** Of a subscription that has begun. */
function isSnapshot({ says }: BillingFact): boolean {
  return says.kind === 'snapshot' && says.status !== null
}

/**
 * What was fetched about an instant may know of a failure that came after it. Until an event tells when that
 * was, the instant stands for it: nobody's grace must begin before his payment failed.
 */
function isGuessedSince(
  before: SubscriptionState,
  { status }: SubscriptionState,
  fact: BillingFact,
  facts: readonly BillingFact[],
  wasGuess: boolean,
): boolean {
  if (status !== 'PAST_DUE' || saysFailing(fact)) return false
  if (before.pastDueSince !== null || fact.rank !== FACT_RANK.fetched) return wasGuess
  return !facts.some((other) => other.at === fact.at && saysFailing(other))
}

/** In an event of its own. */
function saysFailing({ says, rank }: BillingFact): boolean {
  if (rank === FACT_RANK.fetched) return false
  return says.kind === 'paymentFailed' || (says.kind === 'snapshot' && says.status === 'PAST_DUE')
}

function nothingYet({ at, eventId }: BillingFact): SubscriptionState {
  return {
    status: null,
    tier: null,
    unpaid: false,
    currentPeriodEnd: null,
    endsAt: null,
    pastDueSince: null,
    startedAt: at,
    link: { apiKey: null, userId: null },
    changedAt: at,
    changedBy: eventId,
  }
}

function stateAfter(
  before: SubscriptionState,
  fact: BillingFact,
  tierOf: TierOfPrice,
): SubscriptionState {
  const link = {
    apiKey: fact.link.apiKey ?? before.link.apiKey,
    userId: fact.link.userId ?? before.link.userId,
  }
  const said = whatIsSaid(before, fact, tierOf)
  const changed = said !== before || link.apiKey !== before.link.apiKey
  const cause = changed ? { changedAt: fact.at, changedBy: fact.eventId } : {}
  return { ...said, ...cause, link }
}

function whatIsSaid(
  before: SubscriptionState,
  { says, at }: BillingFact,
  tierOf: TierOfPrice,
): SubscriptionState {
  switch (says.kind) {
    case 'snapshot':
      return says.status === null
        ? withStart(before, says)
        : afterSnapshot(before, says, says.status, at, tierOf)
    case 'paymentFailed':
      return before.status === 'TRIALING' || before.status === 'ACTIVE'
        ? { ...before, status: 'PAST_DUE', pastDueSince: at }
        : before
    case 'paid':
      return before.status === 'PAST_DUE'
        ? { ...before, status: 'ACTIVE', unpaid: false, pastDueSince: null }
        : before
    case 'linked':
      return before
  }
}

function afterSnapshot(
  before: SubscriptionState,
  says: SubscriptionSnapshot,
  status: SubscriptionStatus,
  at: number,
  tierOf: TierOfPrice,
): SubscriptionState {
  const { currentPeriodEnd, endsAt, unpaid } = says
  return {
    ...withStart(before, says),
    status,
    unpaid: unpaid && status === 'PAST_DUE',
    tier: tierOfAny(says.priceIds, tierOf) ?? before.tier,
    currentPeriodEnd: currentPeriodEnd ?? before.currentPeriodEnd,
    // What ended, ended when it did, whatever was booked before.
    endsAt: status === 'CANCELED' ? Math.min(endsAt ?? at, at) : endsAt,
    pastDueSince: status === 'PAST_DUE' ? (before.pastDueSince ?? at) : null,
  }
}

function withStart(before: SubscriptionState, { startedAt }: SubscriptionSnapshot) {
  return startedAt === null || startedAt === before.startedAt ? before : { ...before, startedAt }
}

function tierOfAny(priceIds: readonly string[], tierOf: TierOfPrice): string | undefined {
  return priceIds.map(tierOf).find((tier) => tier !== undefined)
}

/** A cancellation that was booked takes effect by itself: whether or not the provider's word of it has come. */
export function statusAt(
  { status, endsAt }: Pick<SubscriptionState, 'status' | 'endsAt'>,
  now: number,
): SubscriptionStatus | null {
  return status !== null && endsAt !== null && endsAt <= now ? 'CANCELED' : status
}
