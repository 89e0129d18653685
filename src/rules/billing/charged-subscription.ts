import { DAY } from '../calendar-time.ts'
import { type HeldSubscription, newer } from './key-access.ts'

type Held = Pick<HeldSubscription, 'id' | 'state'>

/**
 * The subscription that a day's calls above the limit are charged to: of those in force on that UTC day the one
 * that was begun last. Null: there was none.
 * @param day its start, ms
 */
export function chargedSubscription<Some extends Held>(
  held: readonly Some[],
  day: number,
): Some | null {
  return held.filter((one) => inForce(one, day, day)).toSorted(newer)[0] ?? null
}

/**
 * Whether a provider's subscription was in force on any of these days. Calls of a key that had none all month are
 * for our own invoice, and none of the provider's business.
 */
export function wasSubscribed(held: readonly Held[], first: number, last: number): boolean {
  return held.some((one) => inForce(one, first, last))
}

function inForce({ state }: Held, first: number, last: number): boolean {
  const { tier, status, startedAt, endsAt } = state
  const counts = tier !== null && status !== null
  return counts && startedAt < last + DAY && (endsAt === null || endsAt > first)
}
