import { decideAccess, graceEndsAt, type HeldSubscription } from './key-access.ts'
import { statusAt } from './subscription-state.ts'

/**
 * From when on a key's calls are refused unless a payment arrives, ms. Null: nothing fails, another of its
 * subscriptions is paid for, or they are refused already. Of several that fail the last one counts, as in decideAccess.
 */
export function refusedFrom(held: readonly HeldSubscription[], now: number): number | null {
  const access = decideAccess(held, now)
  if (!access || access.paidFor || access.blockedBecause !== null) return null
  const ends = held
    .filter(({ state }) => !state.unpaid && statusAt(state, now) === 'PAST_DUE')
    .map(({ state, graceDays }) => graceEndsAt(state, graceDays))
  return ends.length > 0 ? Math.max(...ends) : null
}
