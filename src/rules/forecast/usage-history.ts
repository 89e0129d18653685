/** What is known of one key's use (or of several keys' together) when a forecast is made. */
export interface UsageHistory {
  /** The instant of the forecast, ms. */
  readonly now: number
  /** Start of the first day of `days`, UTC, ms: the oldest day kept, or the one the key was made on. */
  readonly firstDay: number
  /**
   * Billed units of every day from then on, zeros included. The last one is today, which is not over;
   * there is always that one.
   */
  readonly days: readonly number[]
}
