import { startOfDay, startOfHour } from '../format/times.ts'
import type { LiveTotalsSubscription } from '../gql/graphql.ts'

export type LiveTotal = LiveTotalsSubscription['liveUsage']

/** What a key has used by now, in units. */
export interface KeyUsage {
  month: number
  day: number
  hour: number
  /** Of the month; null: unlimited. */
  limit: number | null
  /** Null: unlimited. */
  remaining: number | null
}

/** What was read of a key, for as long as nothing of it has moved. */
export interface UsageRead {
  totalRequests: number
  remaining: number | null
}

/**
 * The newest totals of a key. An hour, day or month that ends sends nothing: of one that is over nothing is
 * left.
 * @param now ms
 */
export function keyUsage(
  live: LiveTotal | undefined,
  read: UsageRead | undefined,
  limit: number | null,
  now: number,
): KeyUsage {
  if (!live) {
    const { totalRequests: month = 0, remaining = limit } = read ?? {}
    return { month, day: 0, hour: 0, limit, remaining }
  }
  const at = Date.parse(live.at)
  const over = now >= Date.parse(live.resetsAt)
  return {
    month: over ? 0 : live.monthRequests,
    day: startOfDay(at) < startOfDay(now) ? 0 : live.dayRequests,
    hour: startOfHour(at) < startOfHour(now) ? 0 : live.hourRequests,
    limit: live.monthlyLimit,
    remaining: over ? live.monthlyLimit : live.remaining,
  }
}
