/**
 * What one answered operation adds to one endpoint of one API key. An operation that asks for
 * `taxDates` twice (aliases) and `countries` once is two events in the same frame.
 */
export interface UsageEvent {
  /** The API's clock when the answer was ready, ms: decides hour, day and month, never arrival. */
  at: number
  apiKeyId: string
  accountId: string
  /** The key's tier when the call was answered. */
  tier: string
  /** Root field (`taxDates`) or route (`GET /api/v1/tax-dates`); never contains `.` or starts with `$`. */
  endpoint: string
  /** Billed units: root response keys that ended without error. */
  units: number
  /** Root response keys that ended in an error: counted, not billed. */
  failed: number
}
