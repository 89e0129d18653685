import type { Ratio } from './rounds.ts'

/** One or more figures that are measured together; `npm run bench -- <name>` runs it alone. */
export interface Row {
  name: string
  /** One line for --help: what is measured. */
  about: string
  /** Prints its figures. False: it is void, or a target is missed. */
  run(run: Run): Promise<boolean>
}

export interface Run {
  /** The same again from the same seed. */
  random: () => number
  /** How many rounds are measured instead of each row's own number; null: its own. */
  rounds: number | null
  /** Nobody else uses the machine: figures that are no ratios count. */
  quiet: boolean
}

/** Within these an arm against itself must lie, or the run says nothing. */
const sane = { low: 0.95, high: 1.05 }

/** Prints the A/A pair. False: what was measured beside it is void. */
export function printPair(pair: Ratio, text: string): boolean {
  const valid = pair.median >= sane.low && pair.median <= sane.high
  console.log(`${shown(pair)}  A/A: ${text}`)
  if (!valid) {
    console.log(`VOID: the A/A pair lies outside ${sane.low}–${sane.high}; nothing of it counts.`)
  }
  return valid
}

/** False when the whole interval misses the target. */
export function printRatio(found: Ratio, text: string, target: number): boolean {
  const met = found.high >= target
  const within = met ? ': within the interval' : ': MISSED'
  const verdict = found.low >= target ? ': met' : within
  console.log(`${shown(found)}  ${text} (target ≥ ${target})${verdict}`)
  return met
}

export interface Absolute {
  value: number
  unit: string
  text: string
  /** Exactly one of them. */
  atMost?: number
  atLeast?: number
  digits?: number
}

/** False when the target is missed on a quiet machine; on a busy one nothing is said of it. */
export function printAbsolute({ value, unit, text, ...target }: Absolute, quiet: boolean): boolean {
  const { atMost, atLeast, digits = 0 } = target
  const met = atMost === undefined ? value >= (atLeast ?? 0) : value <= atMost
  const wanted = atMost === undefined ? `≥ ${grouped(atLeast ?? 0, 0)}` : `≤ ${grouped(atMost, 0)}`
  const judged = met ? ': met' : ': MISSED'
  const verdict = quiet ? judged : ': does not count, the machine is busy'
  console.log(`${grouped(value, digits)} ${unit}  ${text} (target ${wanted})${verdict}`)
  return met || !quiet
}

function shown({ median, low, high }: Ratio): string {
  return `${median.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`
}

/** 1234567.8 as `1,234,567.8`. */
export function grouped(value: number, digits = 0): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  return value.toLocaleString('en', options)
}

/** The value below which that share of `values` lies; NaN without any. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
