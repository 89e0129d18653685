import { HOUR } from './calendar-time.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

/** Before the second try, the third, …; after the last of them there is none. */
export const RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND,
  30 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  6 * HOUR,
  12 * HOUR,
]

/** Up to so much is added, so that what failed together does not come back together. */
const JITTER = 0.2
const LONGEST_RETRY_AFTER_MS = 24 * HOUR

/**
 * How long to wait after the `tries`-th try (from 1) has failed, in ms; null: it was the last one.
 * @param retryAfterMs what the receiver asked for; a shorter wait than the schedule's is not believed
 * @param random 0 ≤ random < 1
 */
export function retryDelay(
  tries: number,
  retryAfterMs: number | null,
  random: number,
): number | null {
  const scheduled = RETRY_DELAYS_MS[tries - 1]
  if (scheduled === undefined) return null
  return Math.max(Math.round(scheduled * (1 + JITTER * random)), retryAfterMs ?? 0)
}

/**
 * `Retry-After` (RFC 9110: seconds, or an HTTP date) in ms from `now`, at most 24 hours; null where it is
 * neither. Only dates of the preferred form count: the obsolete two nobody sends.
 */
export function parseRetryAfter(header: string, now: number): number | null {
  const text = header.trim()
  // Some receivers send fractions.
  if (/^\d{1,15}(\.\d{1,15})?$/.test(text)) return bounded(Number(text) * SECOND)
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return null
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : bounded(at - now)
}

function bounded(ms: number): number {
  return Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS)
}
