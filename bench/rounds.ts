/** One thing that is compared: asked for some milliseconds, it says what a call took of it. */
export interface Arm {
  name: string
  /** One number per measure of this slice, smaller is better: `cpu` and `time`, µs a call. */
  slice(ms: number): Promise<Readonly<Record<Measure, number>>>
}

export type Measure = 'cpu' | 'time'

/** What each round measured, by arm. */
export type Rounds = readonly ReadonlyMap<string, Readonly<Record<Measure, number>>>[]

/** 0 … 1, the same again from the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Arms in slices of 100 to 150 ms, in a new random order each round: whatever else the machine does
 * then falls on all of them alike, which no run after run can claim on a shared machine.
 */
export async function runRounds(
  arms: readonly Arm[],
  rounds: number,
  random: () => number,
): Promise<Rounds> {
  const measured: Map<string, Readonly<Record<Measure, number>>>[] = []
  for (let round = 0; round < rounds; round++) {
    const results = new Map<string, Readonly<Record<Measure, number>>>()
    for (const arm of shuffled(arms, random)) {
      results.set(arm.name, await arm.slice(100 + 50 * random()))
    }
    measured.push(results)
  }
  return measured
}

export interface Ratio {
  median: number
  low: number
  high: number
}

/** How many times as much the other arm took as this one: above 1, this one is the better. */
export function ratio(
  rounds: Rounds,
  arm: string,
  other: string,
  measure: Measure,
  random: () => number,
): Ratio {
  const ratios = rounds.map((round) => {
    const [mine, theirs] = [round.get(arm), round.get(other)]
    if (!mine || !theirs) throw new Error(`${arm} or ${other} did not run`)
    return theirs[measure] / mine[measure]
  })
  return withInterval(ratios, random)
}

/** Median with the 95 % interval of 2,000 bootstrapped medians. */
export function withInterval(values: readonly number[], random: () => number): Ratio {
  const medians = Array.from({ length: 2_000 }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] ?? Number.NaN)),
  ).toSorted((a, b) => a - b)
  const at = (share: number) => medians[Math.floor(share * (medians.length - 1))] ?? Number.NaN
  return { median: median(values), low: at(0.025), high: at(0.975) }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
