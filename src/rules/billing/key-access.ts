import { DAY, dayName } from '../calendar-time.ts'
import { FREE_TIER } from '../plan.ts'
import type { SubscriptionStatus } from './fact.ts'
import { type SubscriptionState, statusAt } from './subscription-state.ts'

/** How long calls are served after a payment has failed, where neither account nor plan says otherwise. */
export const DEFAULT_GRACE_DAYS = 14

/** One subscription of a key, as the decision needs it. */
export interface HeldSubscription {
  /** `STRIPE:sub_1` */
  id: string
  state: SubscriptionState
  /** Days between the first failed payment and the block. */
  graceDays: number
}

/** What billing says about a key at an instant. */
export interface KeyAccess {
  /** The subscription that is shown: the newest that is not CANCELED, else the last CANCELED one. */
  shown: { id: string; status: SubscriptionStatus; state: SubscriptionState }
  tier: string
  /** Plain words, and what to do about it; null: calls are served. */
  blockedBecause: string | null
  /** Some subscription of it is paid for, or on trial: what fails beside it blocks nothing. */
  paidFor: boolean
  /** When the decision changes by itself, ms; null: never. */
  nextChangeAt: number | null
}

/**
 * | best-standing subscription           | tier     | calls                          |
 * | ------------------------------------ | -------- | ------------------------------ |
 * | TRIALING, ACTIVE                     | its plan | served                         |
 * | PAST_DUE within grace                | its plan | served                         |
 * | PAST_DUE after grace, or given up on | its plan | refused, until it is paid      |
 * | PAUSED                               | free     | served: nobody pays, as before |
 * | CANCELED                             | free     | served                         |
 *
 * A key with several is as good as the best of them: who pays for one is not locked out by another.
 * Null: none of them ever counted.
 */
export function decideAccess(held: readonly HeldSubscription[], now: number): KeyAccess | null {
  const counting = held.filter(({ state }) => state.tier !== null && state.status !== null)
  const shown = shownOf(counting, now)
  if (!shown) return null
  const best = counting.toSorted((a, b) => standing(b, now) - standing(a, now) || newer(a, b))[0]
  const stands = best && standing(best, now)
  const status = best && statusAt(best.state, now)
  const pays = status !== 'CANCELED' && status !== 'PAUSED'
  return {
    shown: { id: shown.id, status: statusOf(shown, now), state: shown.state },
    tier: (pays && best?.state.tier) || FREE_TIER,
    blockedBecause: best && stands === STANDING.blocked ? whyBlocked(best) : null,
    paidFor: stands === STANDING.served,
    nextChangeAt: nextChange(counting, now),
  }
}

const STANDING = { served: 4, grace: 3, blocked: 2, paused: 1, canceled: 0 } as const

function standing({ state, graceDays }: HeldSubscription, now: number): number {
  switch (statusAt(state, now)) {
    case 'TRIALING':
    case 'ACTIVE':
      return STANDING.served
    case 'PAST_DUE':
      return state.unpaid || now >= graceEndsAt(state, graceDays)
        ? STANDING.blocked
        : STANDING.grace
    case 'PAUSED':
      return STANDING.paused
    default:
      return STANDING.canceled
  }
}

/** ms */
export function graceEndsAt(
  { pastDueSince, changedAt }: Pick<SubscriptionState, 'pastDueSince' | 'changedAt'>,
  graceDays: number,
): number {
  return (pastDueSince ?? changedAt) + graceDays * DAY
}

/** What decides which of several subscriptions is shown. */
interface Shown {
  id: string
  state: Pick<SubscriptionState, 'status' | 'startedAt' | 'endsAt'>
}

/** Of several the newest that is not CANCELED, else the last CANCELED one. */
export function shownOf<Held extends Shown>(held: readonly Held[], now: number): Held | undefined {
  const live = held.filter(({ state }) => statusAt(state, now) !== 'CANCELED').toSorted(newer)[0]
  return (
    live ?? held.toSorted((a, b) => (b.state.endsAt ?? 0) - (a.state.endsAt ?? 0) || newer(a, b))[0]
  )
}

/** For `toSorted`: the one that was begun last comes first. */
export function newer(a: Shown, b: Shown): number {
  return b.state.startedAt - a.state.startedAt || (a.id < b.id ? 1 : -1)
}

function statusOf({ state }: Pick<HeldSubscription, 'state'>, now: number): SubscriptionStatus {
  return statusAt(state, now) ?? 'CANCELED'
}

/** What happened, since when, and what to do: read by who asks why his calls are refused. */
function whyBlocked({ state, graceDays }: HeldSubscription): string {
  const { pastDueSince, changedAt, unpaid, tier } = state
  const failing = `The payment for the plan "${tier}" has been failing since ${dayName(pastDueSince ?? changedAt)}`
  const why = unpaid
    ? ', and collecting it was given up'
    : graceDays > 0
      ? `, and the ${inDays(graceDays)} of grace ended on ${dayName(graceEndsAt(state, graceDays))}`
      : ''
  return `${failing}${why}. Pay it, or change the payment method, in the billing portal of your account: calls are served again as soon as the payment arrives.`
}

/** Plain words for a change that no event brought but the time alone. Times in ms. */
export function whatTimeBrought(
  state: SubscriptionState | null,
  graceDays: number,
  now: number,
): { because: string; happenedAt: number } {
  if (state && state.status !== 'CANCELED' && statusAt(state, now) === 'CANCELED') {
    const happenedAt = state.endsAt ?? now
    const because = `The subscription ended on ${dayName(happenedAt)}, as had been booked.`
    return { because, happenedAt }
  }
  const graceEnd = state?.status === 'PAST_DUE' ? graceEndsAt(state, graceDays) : Infinity
  // No date was reached: it was looked at because settings may be others now.
  if (graceEnd > now)
    return { because: 'The plans, or their days of grace, have changed.', happenedAt: now }
  const because = `The ${inDays(graceDays)} of grace after a failed payment ended on ${dayName(graceEnd)}.`
  return { because, happenedAt: graceEnd }
}

function inDays(days: number): string {
  return days === 1 ? '1 day' : `${days} days`
}

function nextChange(held: readonly HeldSubscription[], now: number): number | null {
  const instants = held.flatMap(({ state, graceDays }) => [
    ...(state.endsAt === null ? [] : [state.endsAt]),
    ...(state.status === 'PAST_DUE' ? [graceEndsAt(state, graceDays)] : []),
  ])
  const ahead = instants.filter((at) => at > now)
  return ahead.length > 0 ? Math.min(...ahead) : null
}
