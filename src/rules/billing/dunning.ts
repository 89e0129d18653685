import { DAY } from '../calendar-time.ts'
import { graceEndsAt } from './key-access.ts'
import type { SubscriptionState } from './subscription-state.ts'

/** Days after the first failed payment on which its owner is reminded, while calls are still served. */
const REMINDER_DAYS = [0, 3, 7] as const

/** One mail of a series: at most once for each `since`. */
export interface DunningStep {
  kind: 'reminder' | 'blocked'
  /** When it is due, ms. */
  at: number
  /** When calls are refused from, ms. */
  blockedAt: number
}

/**
 * The mails of a payment that keeps failing, oldest first: reminders after 0, 3 and 7 days, as far as calls are
 * still served then, and the last one when they are not any more (14 days by default). Computed from the
 * record alone, so that a restart or a missed day makes no difference.
 */
export function dunningSteps(
  state: Pick<SubscriptionState, 'pastDueSince' | 'changedAt' | 'unpaid'>,
  graceDays: number,
): DunningStep[] {
  const since = state.pastDueSince ?? state.changedAt
  const end = state.unpaid ? state.changedAt : graceEndsAt(state, graceDays)
  const reminders = REMINDER_DAYS.map((days) => since + days * DAY).filter((at) => at < end)
  return [
    ...reminders.map((at) => ({ kind: 'reminder' as const, at, blockedAt: end })),
    { kind: 'blocked', at: end, blockedAt: end },
  ]
}
