import { DAY, HOUR } from './calendar-time.ts'

/**
 * How long after its start a day can be held against its hours, and a month against its days: as long
 * as none of them can have expired (hours live 7 days, days 90, each from its own start), less an
 * hour for clocks that differ between the processes that write and the one that proves.
 */
export const HOURS_PROVABLE_MS = 7 * DAY - HOUR
export const DAYS_PROVABLE_MS = 90 * DAY - HOUR
