import { DAY, monthName, startOfMonth, startOfNextMonth } from './calendar-time.ts'

/** The UTC month that a quota holds for. */
export interface QuotaPeriod {
  /** Its start, ms; also what orders and identifies it. */
  month: number
  /** `2026-11` */
  name: string
  /** `2026-10` */
  nameBefore: string
  /** Start of the next one, ms. */
  resetsAt: number
}

/** How long a counter outlives its month: late give-backs and clocks that are behind still find it. */
const AFTERLIFE = 7 * DAY

export function quotaPeriod(at: number): QuotaPeriod {
  const month = startOfMonth(at)
  return {
    month,
    name: monthName(month),
    nameBefore: monthName(month - DAY),
    resetsAt: startOfNextMonth(month),
  }
}

/** The quota period of now, computed anew only when it has ended. */
export function createPeriodClock(clock: () => number): () => QuotaPeriod {
  let period = quotaPeriod(clock())
  return () => {
    const now = clock()
    if (now >= period.resetsAt || now < period.month) period = quotaPeriod(now)
    return period
  }
}

/** Whole seconds from `now` that a counter of this period is still of use; at most 0: it is not. */
export function secondsToKeep(period: QuotaPeriod, now: number): number {
  return Math.ceil((period.resetsAt + AFTERLIFE - now) / 1_000)
}
