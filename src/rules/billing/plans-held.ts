import { DAY, startOfDay } from '../calendar-time.ts'
import type { Plan, Plans } from '../plan.ts'

/** A change of plan. Times in ms. */
export interface TierChange {
  at: number
  /** Null: the key was made. */
  from: string | null
  to: string
}

/** A key from its making to its end, as far as its plans go. */
export interface KeyPlans {
  createdAt: number
  revokedAt: number | null
  /** The plan of today: where there is no history it was always this one. */
  tier: string
  /** In the order of entry; times never go back. */
  changes: readonly TierChange[]
}

/**
 * The plans held from `month` through `through` (starts of UTC days, both included). A day belongs to what
 * holds at its end: the day of a change to the new plan, days before the key was made to none. On the day of
 * its revocation a key was still called on the plan that it lost.
 */
export function plansHeld(key: KeyPlans, month: number, through: number): Set<string> {
  const held = new Set<string>()
  for (let day = month; day <= through; day += DAY) {
    if (day < startOfDay(key.createdAt)) continue
    if (key.revokedAt !== null && day > key.revokedAt) break
    const end = day + DAY - 1
    held.add(tierAt(key, key.revokedAt === null ? end : Math.min(end, key.revokedAt - 1)))
  }
  return held
}

function tierAt({ tier, changes }: KeyPlans, at: number): string {
  const last = changes.findLast((change) => change.at <= at)
  const [first] = changes
  return last?.to ?? first?.from ?? first?.to ?? tier
}

/**
 * Decides about calls above the limit: of several the one with the larger limit, unlimited being the largest.
 * What PLANS_FILE does not have any more decides nothing.
 * @returns null where there is none
 */
export function largestOf(tiers: Iterable<string>, plans: Plans): Plan | null {
  let largest: Plan | null = null
  for (const tier of tiers) {
    const plan = plans.get(tier)
    if (plan && (!largest || limitOf(plan) > limitOf(largest))) largest = plan
  }
  return largest
}

function limitOf({ monthlyLimit }: Plan): number {
  return monthlyLimit ?? Number.POSITIVE_INFINITY
}
