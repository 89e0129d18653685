import { integer } from '../faults/random.ts'
import { paddleHistory } from './random-paddle.ts'
import { stripeHistory } from './random-stripe.ts'

/** Who a history is about: two tellings of one history differ in nothing else. */
export interface HistoryNames {
  /** Goes into every id: letters and digits, as long in each telling. */
  copy: string
  /** The first is linked, the second perhaps later. */
  apiKeyIds: readonly [string, string]
  userId: string
}

/** What a provider sends in the life of a key's subscriptions, and what it would answer at the end. */
export interface History {
  /** Bodies of events, in the order in which they happened. */
  events: string[]
  /** By the provider's id: the subscription as it is in the end; of Stripe alone. */
  answers: Map<string, unknown>
}

export type Random = () => number

export const chance = (random: Random, share: number) => random() < share

export function oneOf<T>(random: Random, some: readonly [T, ...T[]]): T {
  return some[integer(random, 0, some.length - 1)] ?? some[0]
}

/** The plans that are shipped, and a price that none of them knows. */
export const randomPlan = (random: Random) =>
  oneOf(random, ['starter', 'starter', 'pro', 'enterprise', 'unheard_of'])

export const HISTORY_DAYS = 40

/** @param now ms; the history lies before it */
export function randomHistory(
  provider: 'STRIPE' | 'PADDLE',
  random: Random,
  names: HistoryNames,
  now: number,
): History {
  return provider === 'STRIPE'
    ? stripeHistory(random, names, now)
    : paddleHistory(random, names, now)
}

/** Words that name the key, in the ways that metadata may. */
export function randomLink(random: Random, { apiKeyIds, userId }: HistoryNames) {
  const [apiKey] = apiKeyIds
  return oneOf<Record<string, unknown>>(random, [
    { api_key: apiKey, user_id: userId },
    { api_key: apiKey },
    { api_key: apiKey, note: 'from a form', list: [1, { deep: true }] },
  ])
}
