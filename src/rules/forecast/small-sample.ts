import { SATURDAY, SUNDAY, weekdayOf } from '../tax/calendar-date.ts'
import type { Frame } from './frame.ts'
import type { Remaining } from './remaining-days.ts'

/** Fewer days with a beginning than this show no week twice, so that nothing can be regressed on them. */
export const DAYS_TO_REGRESS = 14
const CAUTIOUS = 3
/** What a weekend is against a weekday while two of them have not been seen: most keys are used by offices. */
const WEEKEND = 0.6
/** Each day says less than the one after it. */
const FADING = 0.93

/** The pace of the last days, the later the more, for the days left; the fewer days, the wider. */
export function smallSample(frame: Frame): Remaining {
  const pace = paceOf(frame)
  const left = frame.end - frame.today
  const days = Array.from({ length: left }, (_, index) => {
    const whole = pace * weekShape(frame.today + index)
    return index === 0 ? whole * (1 - frame.elapsed) : whole
  })
  const rest = days.reduce((sum, units) => sum + units, 0)
  const width = frame.known < CAUTIOUS ? 1.1 : 0.32 + 0.64 / Math.sqrt(frame.known)
  return { days, low: rest * Math.exp(-width), high: rest * Math.exp(1.3 * width) }
}

/** Units of a usual weekday. */
function paceOf({ first, today, known, counts, usedToday, elapsed }: Frame): number {
  let units = 0
  let days = 0
  counts.forEach((count, row) => {
    const weight = FADING ** (known - row)
    units += weight * count
    days += weight * weekShape(first + row)
  })
  // Today counts by the part of it that is over; of the very first minutes nothing is made.
  if (known < CAUTIOUS) {
    units += usedToday
    days += Math.max(elapsed, 0.25) * weekShape(today)
  }
  return days === 0 ? 0 : units / days
}

function weekShape(day: number): number {
  const weekday = weekdayOf(day)
  return weekday === SATURDAY || weekday === SUNDAY ? WEEKEND : 1
}
