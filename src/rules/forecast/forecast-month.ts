import { startOfMonth } from '../calendar-time.ts'
import { because } from './because.ts'
import type { DueProfile } from './due-profile.ts'
import { type Explanation, findCauses } from './find-causes.ts'
import { type Frame, frameOf } from './frame.ts'
import { type Remaining, remainingDays } from './remaining-days.ts'
import { DAYS_TO_REGRESS, smallSample } from './small-sample.ts'
import type { UsageHistory } from './usage-history.ts'

/** What the running month may come to, in billed units. */
export interface MonthForecast {
  /** Start of the month, ms. */
  readonly month: number
  /** When it was made, ms. */
  readonly now: number
  /** Units of the month so far. */
  readonly used: number
  /** Whole numbers, none below `used`; 80 % of months end between `low` and `high`. */
  readonly expected: number
  readonly low: number
  readonly high: number
  /** Expected units of today's rest and of each day after it. */
  readonly days: readonly number[]
  /** What drives it, in words. */
  readonly because: readonly string[]
}

export interface ForecastOptions {
  /** See `dueProfiles`: from the oldest day kept to a month after the forecast's. */
  readonly profiles: readonly DueProfile[]
  /** Countries whose dates the key is known to read; empty where nothing is known. */
  readonly countriesRead?: readonly string[]
  /** Units a month after which calls are refused; null: never. */
  readonly hardLimit?: number | null
}

/** The same history gives the same forecast. Takes some 3 ms where there are 90 days. */
export function forecastMonth(history: UsageHistory, options: ForecastOptions): MonthForecast {
  const frame = frameOf(history, options.hardLimit ?? null)
  const silent = daysSilent(frame)
  if (frame.known < DAYS_TO_REGRESS) {
    const quiet = silent >= ASLEEP_AFTER
    const remaining = smallSample(frame)
    const reason = quiet ? silenceInWords(silent) : fewDaysInWords(frame)
    return toMonth(history, frame, quiet ? asleep(remaining) : remaining, [reason])
  }
  const explanation = findCauses(frame, options.profiles, new Set(options.countriesRead))
  const remaining = remainingDays(frame, explanation)
  if (isAsleep(frame, explanation, silent)) {
    return toMonth(history, frame, asleep(remaining), [silenceInWords(silent)])
  }
  return toMonth(history, frame, remaining, because(frame, explanation))
}

function toMonth(
  { now }: UsageHistory,
  { used }: Frame,
  { days, low, high }: Remaining,
  reasons: readonly string[],
): MonthForecast {
  const rest = days.reduce((sum, units) => sum + units, 0)
  return {
    ...{ month: startOfMonth(now), now, used, days, because: reasons },
    expected: used + Math.round(rest),
    low: used + Math.floor(low),
    high: used + Math.ceil(high),
  }
}

const ASLEEP_AFTER = 4
/** So many expected calls that did not come are no chance. */
const MISSED = 15
const CERTAINLY_ASLEEP_AFTER = 10
/** What one that sleeps may wake up to, as a share of its usual use. */
const WAKING = 0.1

/** Days without a call up to today, those that a limit had stopped not counted. */
function daysSilent({ known, counts, counted, usedToday }: Frame): number {
  if (usedToday > 0) return 0
  let silent = 0
  for (let row = known - 1; row >= 0 && counts[row] === 0 && counted[row] === 1; row--) silent += 1
  return silent
}

function isAsleep(frame: Frame, { fit }: Explanation, silent: number): boolean {
  if (silent < ASLEEP_AFTER) return false
  let missed = 0
  for (let back = 1; back <= silent; back++) missed += Math.exp(fit.fitted[frame.known - back] ?? 0)
  return silent >= CERTAINLY_ASLEEP_AFTER || missed > MISSED
}

function asleep({ days }: Remaining): Remaining {
  const usual = days.reduce((sum, units) => sum + units, 0)
  return { days: days.map(() => 0), low: 0, high: WAKING * usual }
}

function silenceInWords(days: number): string {
  return `no calls for ${days} days: silence is expected to last`
}

function fewDaysInWords({ known }: Frame): string {
  if (known === 0) return 'no full day of use yet: only what was called so far is known'
  const days = known === 1 ? 'one full day' : `${known} full days`
  return `${days} of use so far: the pace of these days, with a wide margin`
}
