import { DAY, startOfNextMonth } from '../calendar-time.ts'
import type { SubscriptionStatus } from './fact.ts'

/** What a key could do at a time, as far as bills depend on it. */
export interface AccessThen {
  tier: string
  revoked: boolean
  billingStatus: SubscriptionStatus | 'NONE'
}

/** An entry of a key's access history. Times in ms. */
export interface AccessEntry {
  at: number
  /** Null: the key was made. */
  from: AccessThen | null
  to: AccessThen
}

/** A key from its making to its end. */
export interface KeyLife {
  createdAt: number
  revokedAt: number | null
  /** The plan of today: of a key without history since it was made. */
  tier: string
  /** In the order of entry; their times never go back. */
  changes: readonly AccessEntry[]
}

/** The plan that a day belongs to. */
export interface HeldPlan {
  tier: string
  /** In a trial a plan costs nothing. */
  trial: boolean
}

/** With these a provider takes the money. */
const atProvider: ReadonlySet<string> = new Set<SubscriptionStatus>([
  'TRIALING',
  'ACTIVE',
  'PAST_DUE',
  'PAUSED',
])

/**
 * The plan of each UTC day of a month, null where the key had none. A day belongs to what holds at its end: so
 * the day of a change belongs to the new plan, that of a revocation to none, and a key made in the month
 * counts from that day. What lies ahead is as it is after the last entry.
 * @param month its start, ms
 * @param end of the days that count, ms
 */
export function planDays(
  life: KeyLife,
  month: number,
  end = startOfNextMonth(month),
): (HeldPlan | null)[] {
  const days = (end - month) / DAY
  return Array.from({ length: days }, (_, index) => heldAt(life, month + (index + 1) * DAY - 1))
}

function heldAt(life: KeyLife, at: number): HeldPlan | null {
  const { createdAt, revokedAt } = life
  if (at < createdAt || (revokedAt !== null && revokedAt <= at)) return null
  const { tier, revoked, billingStatus } = accessAt(life, at)
  return revoked ? null : { tier, trial: billingStatus === 'TRIALING' }
}

function accessAt({ tier, changes }: KeyLife, at: number): AccessThen {
  const last = changes.findLast((change) => change.at <= at)
  const first = changes[0]
  if (last) return last.to
  return first?.from ?? first?.to ?? { tier, revoked: false, billingStatus: 'NONE' }
}

/**
 * The plans that decide about calls above the limit, in the order in which they were held last: those of the
 * days, and the one that a revocation ended, because that day's calls were made on it.
 */
export function tiersHeld(life: KeyLife, month: number, end = startOfNextMonth(month)): string[] {
  const tiers = planDays(life, month, end).flatMap((held) => held?.tier ?? [])
  const ended = endOf(life)
  if (ended !== null && ended >= month && ended < end) {
    tiers.push(accessAt(life, ended - 1).tier)
  }
  // Of several days the last one counts.
  return [...new Set(tiers.toReversed())].toReversed()
}

function endOf({ revokedAt, changes }: KeyLife): number | null {
  const entered = changes.find(({ to }) => to.revoked)?.at ?? null
  return revokedAt === null || (entered !== null && entered < revokedAt) ? entered : revokedAt
}

/**
 * Whether a provider had a subscription for the key at any time of the month: then what is above the limit is the
 * provider's to charge, else ours.
 */
export function wasAtProvider(
  life: KeyLife,
  month: number,
  end = startOfNextMonth(month),
): boolean {
  const atStart = accessAt(life, month).billingStatus
  const within = life.changes.filter(({ at }) => at >= month && at < end)
  return [atStart, ...within.map(({ to }) => to.billingStatus)].some((one) => atProvider.has(one))
}

/** Days counted from 0 as people write them: `1–5, 11–30`. */
export function daysText(days: readonly number[]): string {
  const runs: [number, number][] = []
  for (const day of days) {
    const run = runs.at(-1)
    if (run && run[1] === day - 1) run[1] = day
    else runs.push([day, day])
  }
  return runs
    .map(([from, to]) => (from === to ? `${from + 1}` : `${from + 1}–${to + 1}`))
    .join(', ')
}
