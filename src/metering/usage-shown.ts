import { startOfMonth } from '../rules/calendar-time.ts'

/** Where a key's month stands, as counters and refusals know it. */
export interface QuotaStanding {
  used: number
  /** null: unlimited */
  limit: number | null
  /** ms */
  resetsAt: number
}

/** `extensions.usage` of every metered answer. */
export interface UsageShown {
  /** What this operation cost. */
  units: number
  used: number
  limit: number | null
  /** Never negative; null: unlimited. */
  remaining: number | null
  /** RFC 3339, UTC. */
  resetsAt: string
}

/** The largest integer of a structured header field (RFC 9651, 3.3.1): how "unlimited" is said. */
const largest = 999_999_999_999_999

export function usageShown(units: number, { used, limit, resetsAt }: QuotaStanding): UsageShown {
  return {
    units,
    used,
    limit,
    remaining: limit === null ? null : Math.max(0, limit - used),
    resetsAt: new Date(resetsAt).toISOString(),
  }
}

/**
 * draft-ietf-httpapi-ratelimit-headers: the policy is the UTC month, its window that month's seconds.
 * @param now ms
 */
export function rateLimitHeaders(
  { used, limit, resetsAt }: QuotaStanding,
  now: number,
): Record<string, string> {
  const quota = Math.min(limit ?? largest, largest)
  const remaining = limit === null ? largest : Math.max(0, quota - used)
  const window = (resetsAt - startOfMonth(resetsAt - 1)) / 1_000
  const seconds = Math.max(0, Math.ceil((resetsAt - now) / 1_000))
  return {
    'RateLimit-Policy': `"month";q=${quota};w=${window}`,
    RateLimit: `"month";r=${remaining};t=${seconds}`,
  }
}
