import { WEEKLY_DRIFT } from './cause.ts'
import type { Explanation } from './find-causes.ts'
import type { Frame } from './frame.ts'
import { clamp } from './robust-fit.ts'

/** What is still to come this month. */
export interface Remaining {
  /** Expected units of today's rest and of each day after it. */
  readonly days: readonly number[]
  /** The middle 80 % of what the sum may become. */
  readonly low: number
  readonly high: number
}

/** Share of a day's noise that the next day shares, and how fast that fades. */
const KINSHIP = { share: 0.3, fading: 0.6 }
/**
 * The regression knows neither outages nor bulk imports nor new customers to come: its spread is widened
 * by these, more upwards than downwards, so that four months in five end within (seeds 1–100).
 */
const UNFORESEEN = { spread: 1.5, floor: 0.06, upwards: 1.3 }
/** Ninth decile of the normal distribution. */
const DECILE = 1.2816
/** Beyond it the exponential of a variance says nothing any more. */
const MOST_COVARIANCE = 2

export function remainingDays(frame: Frame, explanation: Explanation): Remaining {
  const factor = toMean(frame, explanation)
  const from = frame.known
  const whole = Array.from(
    explanation.fit.fitted.subarray(from),
    (logarithm) => factor * Math.exp(logarithm),
  )
  const days = whole.map((units, index) => (index === 0 ? restOfToday(frame, units) : units))
  return { days, ...interval(days, covarianceOf(frame, explanation)) }
}

/** Days are fitted by logarithm, whose mean is not the mean of the days: what the days themselves say. */
function toMean(frame: Frame, { fit }: Explanation): number {
  let counts = 0
  let expected = 0
  frame.counts.forEach((count, row) => {
    const mean = Math.exp(fit.fitted[row] ?? 0)
    const age = frame.known - row
    const weight =
      ((frame.counted[row] ?? 1) * (fit.belief[row] ?? 0) ** 2 * 0.98 ** age) /
      (1 + fit.noise ** 2 * mean)
    counts += weight * count
    expected += weight * mean
  })
  return expected > 0 ? clamp(counts / expected, 0.8, 1.3) : 1
}

/** Nobody knows at what hours a key is used, so that a morning says less of the day than an evening. */
function restOfToday({ elapsed, usedToday }: Frame, whole: number): number {
  const pace = elapsed > 0 && whole > 0 ? usedToday / (whole * elapsed) : 1
  const trust = elapsed ** 2 / (1 + elapsed ** 2)
  return whole * (1 - elapsed) * (1 - trust + trust * Math.min(4, pace))
}

/** Covariance of the logarithms of any two days to come, by their distance from today. */
function covarianceOf(frame: Frame, { causes, fit }: Explanation) {
  const { known } = frame
  const noise = fit.noise ** 2
  const columns = causes.map(({ values }) => values.subarray(known))
  const spread = columns.map((_, a) => {
    const row = new Float64Array(frame.rows - known)
    columns.forEach((values, b) => {
      const covariance = fit.covariance.get(a, b)
      for (let day = 0; day < row.length; day++) {
        row[day] = (row[day] ?? 0) + covariance * (values[day] ?? 0)
      }
    })
    return row
  })
  return (one: number, other: number): number => {
    let sum = (WEEKLY_DRIFT ** 2 * (Math.min(one, other) + 1)) / 7
    for (let a = 0; a < columns.length; a++) {
      sum += (columns[a]?.[one] ?? 0) * (spread[a]?.[other] ?? 0)
    }
    const near = KINSHIP.share * KINSHIP.fading ** Math.abs(one - other)
    return sum + noise * (one === other ? 1 + near : near)
  }
}

/** The sum of log-normal days as one log-normal with the same mean and variance (Fenton and Wilkinson). */
function interval(
  days: readonly number[],
  covariance: (one: number, other: number) => number,
): { low: number; high: number } {
  let mean = 0
  let variance = 0
  days.forEach((units, one) => {
    mean += units
    // What chance does to a count.
    variance += units
    for (let other = 0; other <= one; other++) {
      const both = Math.exp(Math.min(MOST_COVARIANCE, covariance(one, other))) - 1
      variance += (one === other ? 1 : 2) * units * (days[other] ?? 0) * both
    }
  })
  if (mean === 0) return { low: 0, high: 0 }
  const widened = UNFORESEEN.spread * variance + (UNFORESEEN.floor * mean) ** 2
  const deviation = DECILE * Math.sqrt(Math.log(1 + widened / mean ** 2))
  return {
    low: mean * Math.exp(-deviation),
    high: mean * Math.exp(UNFORESEEN.upwards * deviation),
  }
}
