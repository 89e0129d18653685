/** Who takes the money. */
export type BillingProvider = 'STRIPE' | 'PADDLE'

export const BILLING_PROVIDERS = ['STRIPE', 'PADDLE'] as const

/** Where a subscription stands, in words that both providers share. */
export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number]

export const SUBSCRIPTION_STATUSES = [
  'TRIALING',
  'ACTIVE',
  'PAST_DUE',
  'PAUSED',
  'CANCELED',
] as const

const names: Readonly<Record<BillingProvider, string>> = { STRIPE: 'Stripe', PADDLE: 'Paddle' }

/** How the provider is called where people read it. */
export function providerName(provider: BillingProvider): string {
  return names[provider]
}

/** `STRIPE:sub_1`: how a subscription, an event or an invoice of a provider is named in our store. */
export function providerId(provider: BillingProvider, id: string): string {
  return `${provider}:${id}`
}

/** Back from `providerId`: `sub_1`. */
export function idAtProvider(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

/** Back from `providerId`; null: it is no such name. */
export function providerOf(name: string): BillingProvider | null {
  return BILLING_PROVIDERS.find((one) => name.startsWith(providerId(one, ''))) ?? null
}

/** Whom a subscription is for, as its metadata (Stripe) or custom data (Paddle) say; null: they do not. */
export interface FactLink {
  /** Id of an API key, or its prefix. */
  apiKey: string | null
  /** The owner's `userId`. */
  userId: string | null
}

/** The whole subscription as the provider saw it at that instant. */
export interface SubscriptionSnapshot {
  kind: 'snapshot'
  /** Null: not begun (Stripe `incomplete`), which changes nothing. */
  status: SubscriptionStatus | null
  /** Stripe `unpaid`: given up collecting, so that no grace is left. */
  unpaid: boolean
  /** Of its items; those that PLANS_FILE knows decide the tier. */
  priceIds: readonly string[]
  /** ms */
  currentPeriodEnd: number | null
  /** Cancelled as of then, ms; null: it goes on. */
  endsAt: number | null
  /** When the subscription was made, ms. */
  startedAt: number | null
}

/** What one event says about one subscription. */
export type FactContent =
  | SubscriptionSnapshot
  | { kind: 'paymentFailed' }
  | { kind: 'paid' }
  /** Nothing but whom it is for. */
  | { kind: 'linked' }

/** Where a fact stands among all of its subscription: independent of when and how often it came. */
export interface FactPlace {
  /** When it happened, ms. */
  at: number
  /** 0–999, where the provider tells more than milliseconds. */
  micros: number
  /** Of facts of the same instant the higher one comes later, so that it wins. */
  rank: number
  /** The provider's event id; of equals in all the above the larger one comes later. */
  eventId: string
}

export interface BillingFact extends FactPlace {
  /** The provider's event type. */
  type: string
  says: FactContent
  link: FactLink
}

/** Ranks of one instant (design.md, 10). */
export const FACT_RANK = {
  checkout: 1,
  invoice: 2,
  created: 3,
  updated: 4,
  /** What the provider answered when it was asked about this very instant. */
  fetched: 5,
  ended: 6,
} as const

/** Of what an event says of a whole subscription. */
export function snapshotRank(status: SubscriptionStatus | null, isFirst: boolean): number {
  if (status === 'CANCELED') return FACT_RANK.ended
  return isFirst ? FACT_RANK.created : FACT_RANK.updated
}

/**
 * A subscription as its provider answers when it is asked, as a fact of that instant. What has ended stands where
 * it ended, so that no late event of the time before can bring it back.
 * @param askedAt ms; the end of what does not say when it ended
 */
export function fetchedFact(
  says: SubscriptionSnapshot,
  link: FactLink,
  { at, eventId }: Pick<FactPlace, 'at' | 'eventId'>,
  askedAt: number,
): BillingFact {
  const ended = says.status === 'CANCELED'
  return {
    at: ended ? Math.max(says.endsAt ?? askedAt, at) : at,
    micros: 0,
    rank: ended ? FACT_RANK.ended : FACT_RANK.fetched,
    ...{ eventId, type: 'fetched', says, link },
  }
}

/** For `toSorted`: in the order in which facts count. */
export function compareFacts(a: FactPlace, b: FactPlace): number {
  return (
    a.at - b.at ||
    a.micros - b.micros ||
    a.rank - b.rank ||
    // By code unit, whatever the locale.
    (a.eventId < b.eventId ? -1 : a.eventId > b.eventId ? 1 : 0)
  )
}
