import { seededRandom } from '../faults/random.ts'

/** Everything that the generated histories draw, from one seed. */
export interface Draws {
  /** From 0 up to, but not including, 1. */
  unit(): number
  between(low: number, high: number): number
  /** Both ends included. */
  integer(from: number, to: number): number
  chance(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
  normal(mean: number, deviation: number): number
  /** Around `median`; `spread` is the deviation of its logarithm. */
  logNormal(median: number, spread: number): number
  /** Mean 1; `variance` 0 gives 1. */
  gamma(variance: number): number
  poisson(mean: number): number
}

export function createDraws(seed: number): Draws {
  const unit = seededRandom(seed)
  // Seeds that follow each other begin alike: what is drawn first would rise with the seed.
  for (let skipped = 0; skipped < 16; skipped++) unit()
  const between = (low: number, high: number) => low + unit() * (high - low)
  const standard = () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit())
  return {
    unit,
    between,
    integer: (from, to) => from + Math.floor(unit() * (to - from + 1)),
    chance: (probability) => unit() < probability,
    pick(items) {
      const item = items[Math.floor(unit() * items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
    normal: (mean, deviation) => mean + deviation * standard(),
    logNormal: (median, spread) => median * Math.exp(spread * standard()),
    gamma: (variance) => (variance === 0 ? 1 : gammaOf(1 / variance, unit, standard) * variance),
    poisson: (mean) => poissonOf(mean, unit, standard),
  }
}

/** Marsaglia and Tsang, "A simple method for generating gamma variables"; shape below 1 is boosted. */
function gammaOf(shape: number, unit: () => number, standard: () => number): number {
  if (shape < 1) return gammaOf(shape + 1, unit, standard) * (1 - unit()) ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = standard()
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - unit()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}

/** Knuth's product for small means; above 50 the rounded normal is as good. */
function poissonOf(mean: number, unit: () => number, standard: () => number): number {
  if (mean <= 0) return 0
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * standard()))
  const limit = Math.exp(-mean)
  let count = 0
  for (let product = unit(); product > limit; product *= unit()) count += 1
  return count
}
