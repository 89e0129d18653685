import { type Candidate, candidatesOf } from './candidates.ts'
import { type Cause, everydayCauses } from './cause.ts'
import type { DueProfile } from './due-profile.ts'
import type { Frame } from './frame.ts'
import { dot, fitRidge } from './regression.ts'
import { clamp, fitRobustly, type RobustFit } from './robust-fit.ts'

export interface Explanation {
  readonly causes: readonly Cause[]
  readonly fit: RobustFit
}

/** After the first pass the noise is known better, and smaller peaks show. */
const PASSES = 2
const CAUSES_A_PASS = 6
/** Logarithm of the odds that all candidates together must reach for the best of them to be taken. */
const ENOUGH = -0.3
/** Who reads one country's dates reads more of them: what this adds to the odds of its others. */
const SAME_COUNTRY = 3
/** Days are alike in ways that no column tells, so each says a little less than it seems; and at most this much. */
const SHARE_OF_NOISE = 0.8
const FARTHEST = 5
/** Candidates this close to the best one explain the days as well as it does. */
const ALIKE = 1

/**
 * Which of the due dates that a key asks for its users care for is written nowhere: it is learned from the
 * peaks of its own past. Candidates are taken one by one while the days speak for them more than their number speaks
 * against them (Bayes factors on what the causes found so far leave over).
 * @param read countries whose dates the key is known to ask for
 */
export function findCauses(
  frame: Frame,
  profiles: readonly DueProfile[],
  read: ReadonlySet<string>,
): Explanation {
  let causes: readonly Cause[] = everydayCauses(frame)
  let fit = fitRobustly(frame, causes)
  const countries = new Set(read)
  let candidates: readonly Candidate[] = candidatesOf(frame, profiles)
  for (let pass = 0; pass < PASSES; pass++) {
    const { found, promising } = searchOnce(frame, { causes, fit }, candidates, countries)
    if (found.length === 0) break
    candidates = promising
    causes = [...causes, ...found]
    fit = fitRobustly(frame, causes, fit.noise)
  }
  return { causes, fit }
}

/** What is left of a candidate, and of the days, once the causes found so far are taken out of both. */
interface Trial {
  candidate: Candidate
  rest: Float64Array
  /** Of `rest` with itself, and with the days. */
  own: number
  shared: number
  taken: boolean
}

function searchOnce(
  frame: Frame,
  { causes, fit }: Explanation,
  candidates: readonly Candidate[],
  countries: Set<string>,
): { found: Cause[]; promising: Candidate[] } {
  const weight = fit.variances.map(
    (variance, row) => (frame.counted[row] ?? 1) / (variance * SHARE_OF_NOISE),
  )
  const left = fit.residuals.map((residual, row) => {
    const farthest = FARTHEST * Math.sqrt(fit.variances[row] ?? 0)
    return clamp(residual, -farthest, farthest) * (weight[row] ?? 0)
  })
  const takeOut = outOf(causes, weight)
  const trials = candidates.map((candidate): Trial => {
    const rest = takeOut(candidate)
    const own = weightedDot(candidate, rest, weight)
    return { candidate, rest, own, shared: dot(left, rest), taken: false }
  })
  const found: Cause[] = []
  while (found.length < CAUSES_A_PASS) {
    const scores = trials.map((trial) => scoreOf(trial, countries))
    const best = scores.reduce((top, score, index) => (score > (scores[top] ?? 0) ? index : top), 0)
    const [trial, score] = [trials[best], scores[best]]
    if (!trial || score === undefined || !(score + evidence(scores, score) >= ENOUGH)) break
    found.push({ ...trial.candidate, ...profilesLike(trial, trials, scores, score) })
    for (const { country } of trial.candidate.profiles ?? []) countries.add(country)
    take(trial, trials, weight)
  }
  return { found, promising: promisingOf(trials, countries) }
}

/** The second pass looks at the better half of what was not taken: the others have never come up there. */
function promisingOf(trials: readonly Trial[], countries: ReadonlySet<string>): Candidate[] {
  return trials
    .filter(({ taken }) => !taken)
    .map((trial) => ({ candidate: trial.candidate, score: scoreOf(trial, countries) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, trials.length / 2)
    .map(({ candidate }) => candidate)
}

/** Logarithm of the sum of all odds, relative to the best. */
function evidence(scores: readonly number[], best: number): number {
  return Math.log(scores.reduce((sum, score) => sum + Math.exp(score - best), 0))
}

/** Logarithm of the posterior odds of one more cause: what it explains, less what its freedom costs. */
function scoreOf({ candidate, own, shared, taken }: Trial, countries: ReadonlySet<string>): number {
  // Due dates draw calls; what pushes them away is something else.
  if (taken || (candidate.kind === 'peak' && shared <= 0)) return Number.NEGATIVE_INFINITY
  const scale = candidate.prior ** 2
  const gain = (0.5 * shared ** 2) / (own + 1 / scale)
  const cost = 0.5 * Math.log(1 + scale * Math.max(0, own))
  const country = candidate.profiles?.[0].country
  const known = country !== undefined && countries.has(country)
  return gain - cost + candidate.odds + (known ? SAME_COUNTRY : 0)
}

/** The chosen candidate's cause is taken out of the days and of all other candidates. */
function take(chosen: Trial, trials: readonly Trial[], weight: Float64Array): void {
  const { candidate, rest, own, shared } = chosen
  const size = own + 1 / candidate.prior ** 2
  const effect = shared / size
  const before = rest.slice()
  for (const trial of trials) {
    const overlap = weightedDot(trial.candidate, before, weight)
    const part = overlap / size
    trial.shared -= effect * overlap
    trial.own -= part * overlap
    for (let row = 0; row < before.length; row++) {
      trial.rest[row] = (trial.rest[row] ?? 0) - part * (before[row] ?? 0)
    }
  }
  chosen.taken = true
}

/** Other countries' dates may fit as well: they are named too, rather than one at random. */
function profilesLike(
  { candidate }: Trial,
  trials: readonly Trial[],
  scores: readonly number[],
  best: number,
): Pick<Cause, 'profiles'> {
  const [first] = candidate.profiles ?? []
  if (!first) return {}
  const others = new Map<string, DueProfile>()
  trials.forEach(({ candidate: { profiles }, taken }, index) => {
    const profile = profiles?.[0]
    if (taken || !profile || (scores[index] ?? 0) < best - ALIKE) return
    if (profile.country !== first.country) others.set(profile.country, profile)
  })
  return { profiles: [first, ...others.values()] }
}

/** What a candidate's known rows hold beyond the causes: one matrix for all candidates. */
function outOf(causes: readonly Cause[], weight: Float64Array) {
  const known = weight.length
  const { covariance } = fitRidge(causes, new Float64Array(known), weight)
  const rowsOf = shapesOf(causes, covariance.to2DArray(), known)
  return ({ values, rows: [from, to] }: Candidate): Float64Array => {
    const rest = values.slice(0, known)
    for (let row = from; row < to; row++) {
      const share = (values[row] ?? 0) * (weight[row] ?? 0)
      if (share < 1e-9) continue
      const shape = rowsOf[row]
      if (!shape) continue
      for (let index = 0; index < known; index++) {
        rest[index] = (rest[index] ?? 0) - share * (shape[index] ?? 0)
      }
    }
    return rest
  }
}

function weightedDot({ values, rows }: Candidate, rest: Float64Array, weight: Float64Array) {
  let sum = 0
  for (let row = rows[0]; row < rows[1]; row++) {
    sum += (values[row] ?? 0) * (rest[row] ?? 0) * (weight[row] ?? 0)
  }
  return sum
}

/** Columns × covariance × columns, over the known rows. */
function shapesOf(
  causes: readonly Cause[],
  covariance: readonly (readonly number[])[],
  known: number,
): Float64Array[] {
  const shapes = Array.from({ length: known }, () => new Float64Array(known))
  causes.forEach(({ values }, a) => {
    const spread = new Float64Array(known)
    causes.forEach((other, b) => {
      const factor = covariance[a]?.[b] ?? 0
      for (let row = 0; row < known; row++) {
        spread[row] = (spread[row] ?? 0) + factor * (other.values[row] ?? 0)
      }
    })
    shapes.forEach((shape, row) => {
      const value = values[row] ?? 0
      if (value === 0) return
      for (let index = 0; index < known; index++) {
        shape[index] = (shape[index] ?? 0) + value * (spread[index] ?? 0)
      }
    })
  })
  return shapes
}
