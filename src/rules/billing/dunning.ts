import { DAY } from '../calendar-time.ts'
import { graceEndsAt } from './key-access.ts'
import { type SubscriptionState, statusAt } from './subscription-state.ts'

/** Days after the first failed payment on which its owner is reminded, while calls are still served. */
const REMINDER_DAYS = [0, 3, 7, 14] as const

/** One mail of a series: at most once for each `since`. */
export interface DunningStep {
  kind: 'reminder' | 'blocked'
  /** When it is due, ms. */
  at: number
  /** When calls are refused from, ms. */
  blockedAt: number
}

/** How far a series of mails about one failing payment has come. Times in ms. */
export interface DunningRecord {
  /** The first failed payment, as far as that is known. */
  since: number
  /** When the newest step that was told, or passed, had been due. */
  through: number
  /** The last mail said that calls are refused. */
  blocked: boolean
}

/** What is to be done about a subscription now. */
export interface DunningDecision {
  /** Null: nothing fails. */
  record: DunningRecord | null
  /** The mail to write; null: none. */
  write: DunningStep | null
}

/**
 * The mails of a payment that keeps failing, oldest first: reminders after 0, 3, 7 and 14 days, as far as calls
 * are still served then, and the last one when they are not any more (after 14 days by default). Computed from the
 * record alone, so that a restart or a missed day makes no difference.
 */
export function dunningSteps(
  state: Pick<SubscriptionState, 'pastDueSince' | 'changedAt' | 'unpaid'>,
  graceDays: number,
): DunningStep[] {
  const since = sinceOf(state)
  const end = state.unpaid ? state.changedAt : graceEndsAt(state, graceDays)
  const reminders = REMINDER_DAYS.map((days) => since + days * DAY).filter((at) => at < end)
  return [
    ...reminders.map((at) => ({ kind: 'reminder' as const, at, blockedAt: end })),
    { kind: 'blocked', at: end, blockedAt: end },
  ]
}

/**
 * Which mail is due and was not written yet. Of several overdue ones only the newest: who was told of the block
 * needs no reminder from before it. A series begins anew when its first failure lies after all that was told;
 * one that turns out to have begun earlier is the same.
 *
 * | newest step that is due | is written                                                             |
 * | ----------------------- | ---------------------------------------------------------------------- |
 * | a reminder              | unless one of that day or a later one was written in this series       |
 * | the block               | when the key is refused, unless the last mail of this series said so   |
 *
 * @param refused calls of the key are refused: another subscription may go on paying for it
 */
export function decideDunning(
  before: DunningRecord | null,
  state: SubscriptionState,
  graceDays: number,
  { now, refused }: { now: number; refused: boolean },
): DunningDecision {
  const failing = statusAt(state, now) === 'PAST_DUE'
  const due = failing ? dunningSteps(state, graceDays).findLast(({ at }) => at <= now) : undefined
  if (!due) return { record: null, write: null }
  const since = sinceOf(state)
  const same = before !== null && since <= before.through ? before : null
  const through = Math.max(due.at, same?.through ?? due.at)
  if (due.kind === 'reminder') {
    const isNew = same === null || due.at > same.through
    return { record: { since, through, blocked: false }, write: isNew ? due : null }
  }
  const isNew = refused && !same?.blocked
  return { record: { since, through, blocked: refused }, write: isNew ? due : null }
}

/** When something about it changes by itself next, ms: a mail, the block, the end; null: never. */
export function nextCheckAt(
  state: SubscriptionState,
  graceDays: number,
  now: number,
): number | null {
  const failing = statusAt(state, now) === 'PAST_DUE'
  const steps = failing ? dunningSteps(state, graceDays).map(({ at }) => at) : []
  const ends = state.endsAt === null ? [] : [state.endsAt]
  const ahead = [...ends, ...steps].filter((at) => at > now)
  return ahead.length > 0 ? Math.min(...ahead) : null
}

function sinceOf({
  pastDueSince,
  changedAt,
}: Pick<SubscriptionState, 'pastDueSince' | 'changedAt'>) {
  return pastDueSince ?? changedAt
}
