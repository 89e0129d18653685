import { type AlertLevel, QUOTA_LEVELS } from './alert.ts'
import { BadInput } from './bad-input.ts'

/** One of the key's own: a share of the plan's limit, or a number of calls a month. */
export type AlertThreshold = { percent: number } | { requests: number }

/** What the quota's levels have come to. Of another month or limit it says nothing. */
export interface QuotaAlert {
  /** `2026-11` */
  month: string
  monthlyLimit: number
  level: AlertLevel
  percent: number
}

/** Which of the key's own thresholds were told, or passed by a jump, in a month. */
export interface ThresholdsTold {
  month: string
  ids: string[]
}

/** What stands on the key; both absent: nothing was ever raised. */
export interface ToldOfKey {
  quotaAlert?: QuotaAlert
  thresholdsTold?: ThresholdsTold
}

/** What a key has used of a month, and what it may. */
export interface KeyMonth {
  /** `2026-11` */
  month: string
  /** Billed units so far. */
  used: number
  /** null: unlimited. */
  monthlyLimit: number | null
}

/** A level that is reached. */
export interface Step {
  /** What makes it one within key and month: `WARNING:1000`, `p50:1000`, `r400:400`. */
  id: string
  level: AlertLevel
  /** null for a number of calls. */
  percent: number | null
  /** Units from which on it is reached. */
  at: number
}

/** The highest level reached and not told, and those below it that this jump has passed. */
export interface Reached<Told> {
  step: Step
  passed: Step[]
  /** What stands on the key once it is raised. */
  told: Told
}

export const MOST_THRESHOLDS = 20
const MOST_PERCENT = 1_000
/** Of percentages: 99.95 is told from 99.9. */
const HUNDREDTHS = 100

/** Which of 80, 95 and 100 % is to be raised now; null: none. */
export function reachedQuotaLevel(
  { month, used, monthlyLimit }: KeyMonth,
  told: ToldOfKey,
): Reached<QuotaAlert> | null {
  if (monthlyLimit === null) return null
  const known = told.quotaAlert
  const same = known?.month === month && known.monthlyLimit === monthlyLimit
  const toldPercent = same ? known.percent : 0
  const pending = QUOTA_LEVELS.filter(
    ({ percent }) => percent > toldPercent && isReached(used, monthlyLimit, percent),
  )
  const highest = pending.at(-1)
  if (!highest) return null
  const [step, ...passed] = pending.toReversed().map(({ level, percent }) => ({
    id: `${level}:${monthlyLimit}`,
    ...{ level, percent, at: shareOf(monthlyLimit, percent) },
  }))
  if (!step) return null
  return { step, passed, told: { month, monthlyLimit, ...highest } }
}

/** Which of the key's own thresholds is to be raised now; null: none. */
export function reachedThreshold(
  { month, used, monthlyLimit }: KeyMonth,
  thresholds: readonly AlertThreshold[],
  told: ToldOfKey,
): Reached<ThresholdsTold> | null {
  const known = told.thresholdsTold?.month === month ? told.thresholdsTold.ids : []
  const [step, ...passed] = thresholds
    .flatMap((threshold) => stepOf(threshold, monthlyLimit) ?? [])
    .filter(({ at, id }) => used >= at && !known.includes(id))
    .sort((a, b) => b.at - a.at)
  if (!step) return null
  const ids = [...known, step.id, ...passed.map(({ id }) => id)]
  return { step, passed, told: { month, ids } }
}

/** The level of the running month under the present limit; null: none, or it has begun anew. */
export function presentLevel(
  told: ToldOfKey,
  month: string,
  monthlyLimit: number | null,
): AlertLevel | null {
  const { quotaAlert: last } = told
  return last?.month === month && last.monthlyLimit === monthlyLimit ? last.level : null
}

/** A share means nothing without a limit; one that is a level of the quota is told as that level. */
function stepOf(threshold: AlertThreshold, monthlyLimit: number | null): Step | null {
  if ('requests' in threshold) {
    const { requests } = threshold
    return { id: `r${requests}:${requests}`, level: 'THRESHOLD', percent: null, at: requests }
  }
  const { percent } = threshold
  if (monthlyLimit === null || QUOTA_LEVELS.some((level) => level.percent === percent)) return null
  const at = shareOf(monthlyLimit, percent)
  return { id: `p${percent}:${monthlyLimit}`, level: 'THRESHOLD', percent, at }
}

function isReached(used: number, limit: number, percent: number): boolean {
  return used >= shareOf(limit, percent)
}

/** The least number of units that is at least this share. Exact for every limit that a plan may have. */
function shareOf(limit: number, percent: number): number {
  const parts = BigInt(Math.round(percent * HUNDREDTHS))
  return Number((BigInt(limit) * parts + 9_999n) / 10_000n)
}

/**
 * What an owner sent, in ascending order and without repetitions.
 * @throws BadInput
 */
export function checkedThresholds(
  given: readonly { percent?: number | null | undefined; requests?: number | null | undefined }[],
): AlertThreshold[] {
  if (given.length > MOST_THRESHOLDS) {
    throw new BadInput(`"thresholds" may hold at most ${MOST_THRESHOLDS}.`)
  }
  const percents = new Set<number>()
  const requests = new Set<number>()
  for (const one of given) {
    const [percent, calls] = [one.percent ?? null, one.requests ?? null]
    if ((percent === null) === (calls === null)) {
      throw new BadInput('Each threshold has either "percent" or "requests".')
    }
    if (percent !== null) percents.add(checkedPercent(percent))
    if (calls !== null) requests.add(checkedRequests(calls))
  }
  const ascending = (numbers: Set<number>) => [...numbers].sort((a, b) => a - b)
  return [
    ...ascending(percents).map((percent) => ({ percent })),
    ...ascending(requests).map((calls) => ({ requests: calls })),
  ]
}

function checkedPercent(value: number): number {
  const isShown = Math.round(value * HUNDREDTHS) / HUNDREDTHS === value
  if (isShown && value > 0 && value <= MOST_PERCENT) return value
  throw new BadInput(`"percent" must be from 0.01 to ${MOST_PERCENT}, with at most two decimals.`)
}

function checkedRequests(value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new BadInput(`"requests" must be a whole number from 1 to ${Number.MAX_SAFE_INTEGER}.`)
}
