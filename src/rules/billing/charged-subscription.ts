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
  return held.filter((one) => inForce(one, day)).toSorted(newer)[0] ?? null
}

function inForce({ state }: Held, day: number): boolean {
  const { tier, status, startedAt, endsAt } = state
  const counts = tier !== null && status !== null
  return counts && startedAt < day + DAY && (endsAt === null || endsAt > day)
}
