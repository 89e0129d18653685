import { DAY } from '../calendar-time.ts'

export const MINUTE = 60_000

/** For when Stripe is to count a day's calls. Times in ms. */
export interface MeterDay {
  /** Start of the UTC day. */
  day: number
  /** Ends of the subscription's periods, as far as they are known. */
  periodEnds: readonly number[]
  startedAt: number
  now: number
  /** Minutes that other calls of the same customer count in. */
  taken: ReadonlySet<number>
}

/**
 * The minute in which a day's calls count. Late in the day: a subscription's period ends at the hour at which it
 * was begun, and Stripe bills a period an hour after its end, without what is sent for it later. So the last
 * minutes of a day belong to a period that is open when they are sent on the next morning. Where another period
 * has begun since then (it was sent late, or the change fell into the night) the first minutes of that one are
 * taken. Each event has a minute of its own, by which its customer's sum tells whether it arrived.
 */
export function meterInstant({ day, periodEnds, startedAt, now, taken }: MeterDay): number {
  const begun = periodStart(periodEnds, startedAt, now)
  const earliest = Math.max(day, Math.ceil(begun / MINUTE) * MINUTE)
  const latest = Math.floor(now / MINUTE) * MINUTE
  const lastOfDay = day + DAY - MINUTE
  const minutes: number[] = []
  for (let at = lastOfDay; at >= earliest; at -= MINUTE) minutes.push(at)
  for (let at = Math.max(earliest, day + DAY); at <= latest; at += MINUTE) minutes.push(at)
  return minutes.find((at) => at <= latest && !taken.has(at)) ?? latest
}

/** Whether what counts at that minute counts in a period that is over: it may be billed already. */
export function isPeriodOver(
  at: number,
  { periodEnds, startedAt, now }: Pick<MeterDay, 'periodEnds' | 'startedAt' | 'now'>,
): boolean {
  return at < periodStart(periodEnds, startedAt, now)
}

function periodStart(periodEnds: readonly number[], startedAt: number, now: number): number {
  return Math.max(startedAt, ...periodEnds.filter((end) => end <= now))
}
