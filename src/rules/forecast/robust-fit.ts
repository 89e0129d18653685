import type { Frame } from './frame.ts'
import { type Column, type Fit, fitRidge } from './regression.ts'

export interface RobustFit extends Fit {
  /** Deviation of a usual day's logarithm, beyond what chance does to a count. */
  readonly noise: number
  /** Observed minus fitted logarithm of the known rows. */
  readonly residuals: Float64Array
  /** Variance of each known row's logarithm: the noise, and what chance does to a count of that size. */
  readonly variances: Float64Array
  /** How much each known row was believed: far below 1 for outages and bulk imports. */
  readonly belief: Float64Array
}

const ROUNDS = 3
/** Student's t: a day that is 4 deviations off counts a quarter of a usual one. */
const FREEDOM = 4
const NOISE = { low: 0.03, high: 0.6 }
/** Median absolute deviation of a normal distribution, to its standard deviation. */
const FROM_MEDIAN = 1.48

/** So that a day without calls has a logarithm too. */
export function logOf(count: number): number {
  return Math.log(count + 0.5)
}

/**
 * Fits the logarithm of each day in rounds: what is far off the last round's fit is believed less in the
 * next, and the noise is measured anew.
 */
export function fitRobustly(frame: Frame, columns: readonly Column[], noise?: number): RobustFit {
  const target = frame.counts.map(logOf)
  let deviation = noise ?? noiseWithinWeeks(target)
  let sizes = frame.counts.map((count) => Math.max(0.5, count))
  let belief = new Float64Array(frame.known).fill(1)
  let fit: Fit
  let variances: Float64Array
  let residuals: Float64Array
  let round = 0
  do {
    const assumed = deviation
    const precision = belief.map(
      (share, row) => ((frame.counted[row] ?? 1) * share) / (assumed ** 2 + 1 / (sizes[row] ?? 1)),
    )
    fit = fitRidge(columns, target, precision)
    const { fitted } = fit
    sizes = sizes.map((_, row) => Math.max(0.5, Math.exp(fitted[row] ?? 0)))
    residuals = target.map((value, row) => value - (fitted[row] ?? 0))
    const off = residuals.map(
      (residual, row) => residual / Math.sqrt(assumed ** 2 + 1 / (sizes[row] ?? 1)),
    )
    belief = off.map((steps) => (FREEDOM + 1) / (FREEDOM + steps ** 2))
    deviation = rescaled(
      assumed,
      off.filter((_, row) => frame.counted[row] === 1),
    )
    const measured = deviation
    variances = sizes.map((size) => measured ** 2 + 1 / size)
    round += 1
  } while (round < ROUNDS)
  return { ...fit, noise: deviation, residuals, variances, belief }
}

function noiseWithinWeeks(target: Float64Array): number {
  const changes = target.slice(7).map((value, row) => Math.abs(value - (target[row] ?? 0)))
  return clamp((median(changes) * FROM_MEDIAN) / Math.SQRT2, 0.05, NOISE.high)
}

/** The noise at which half of the days would lie within 0.67 deviations; the fit has used up some days. */
function rescaled(noise: number, off: Float64Array): number {
  const days = off.length
  const usedUp = Math.min(days / 2, 12)
  const scale = median(off.map(Math.abs)) * FROM_MEDIAN * Math.sqrt(days / (days - usedUp))
  return clamp(noise * clamp(scale, 0.5, 1.5), NOISE.low, NOISE.high)
}

function median(values: Float64Array): number {
  return values.toSorted()[values.length >> 1] ?? 0.3
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
