import type { EpochDay } from '../tax/calendar-date.ts'
import type { Cause } from './cause.ts'
import type { DueProfile } from './due-profile.ts'
import type { Frame } from './frame.ts'

/** Something that may explain the days, and what speaks for it before they are looked at. */
export interface Candidate extends Cause {
  /** Logarithm of the odds. */
  readonly odds: number
  /** The first and one past the last of the known rows on which it does anything. */
  readonly rows: readonly [number, number]
}

/** Days in which the pull of a due date grows by e. */
const RISES = [2, 5]
/** Beyond it a due date does not pull yet. */
const DAYS_AHEAD = 30
/** By the days to the due date, for each rise. */
const STRENGTHS = RISES.map((rise) =>
  Float64Array.from({ length: DAYS_AHEAD + 1 }, (_, ahead) => Math.exp(-ahead / rise)),
)
/** A due date of which less than half was seen says nothing about itself. */
const SEEN_ENOUGH = 0.5
const PEAK = { prior: 0.6, odds: Math.log(0.5 / 90) }
const STEP = { prior: 0.7, odds: Math.log(0.1 / 60) }

export function candidatesOf(frame: Frame, profiles: readonly DueProfile[]): Candidate[] {
  return [...peaksBeforeDueDates(frame, profiles), ...stepsOfTheLevel(frame)]
}

/** Use swells before a due date, is highest on the day, and is the usual one the day after. */
function peaksBeforeDueDates(frame: Frame, profiles: readonly DueProfile[]): Candidate[] {
  const found: Candidate[] = []
  for (const profile of profiles) {
    for (const strength of STRENGTHS) {
      const values = pull(frame, profile.dueDays, strength)
      let seen = 0
      for (let row = 0; row < frame.known; row++) seen += (values[row] ?? 0) ** 2
      if (seen < SEEN_ENOUGH) continue
      const odds = PEAK.odds - Math.log(RISES.length)
      const rows = [0, frame.known] as const
      found.push({ kind: 'peak', values, prior: PEAK.prior, odds, rows, profiles: [profile] })
    }
  }
  return found
}

function pull(
  { first, end, rows }: Frame,
  dueDays: readonly EpochDay[],
  strength: Float64Array,
): Float64Array {
  const values = new Float64Array(rows)
  for (const due of dueDays) {
    const last = Math.min(due, end - 1)
    for (let day = Math.max(first, due - DAYS_AHEAD); day <= last; day++) {
      values[day - first] = (values[day - first] ?? 0) + (strength[due - day] ?? 0)
    }
  }
  return values
}

/** A level that changed for good, told from a bad day by at least three days of it; long ago a day more or less is one. */
function stepsOfTheLevel({ first, today, rows }: Frame): Candidate[] {
  const found: Candidate[] = []
  for (let day = today - 3; day >= first + 4; day -= today - day < 45 ? 1 : 2) {
    const values = new Float64Array(rows).fill(1, 0, day - first)
    found.push({ kind: 'step', values, ...STEP, rows: [0, day - first], day })
  }
  return found
}
