/**
 * `npm run bench`: the figures of the pipeline as ratios within one run, for a machine that is shared
 * with others. `npm run bench -- --rounds 5 --seed 7` for a short or a repeated one.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { startMachine } from './machine.ts'
import { benchQuery, pipelineArms, redisCpuPerCall } from './pipeline.ts'
import {
  createRandom,
  type Measure,
  median,
  type Ratio,
  type Rounds,
  ratio,
  runRounds,
} from './rounds.ts'

/** Within these an arm against itself must lie, or the run says nothing. */
const sane = { low: 0.95, high: 1.05 }
/** Unmeasured, until the compilers have settled: some 3 s of load for each arm. */
const warmUpRounds = 25
/** Above it somebody else uses the machine: figures that are no ratios are not worth printing as such. */
const quietLoad = 1.5

const figures: { arm: string; other: string; measure: Measure; target: number; text: string }[] = [
  {
    arm: 'full',
    other: 'yoga',
    measure: 'cpu',
    target: 1,
    text: 'full pipeline against Yoga out of the box, server CPU a call',
  },
  {
    arm: 'full',
    other: 'placebo',
    measure: 'cpu',
    target: 0.8,
    text: 'full pipeline against lean Yoga that only defers, server CPU a call',
  },
  { arm: 'full', other: 'placebo', measure: 'time', target: 0.8, text: 'the same, calls a second' },
  {
    arm: 'full',
    other: 'hincrby',
    measure: 'cpu',
    target: 1,
    text: 'full pipeline against three awaited HINCRBY a call, server CPU a call',
  },
  { arm: 'full', other: 'hincrby', measure: 'time', target: 1, text: 'the same, calls a second' },
]

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string' }, seed: { type: 'string' } },
  })
  const rounds = Number(values.rounds ?? 30)
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  const random = createRandom(seed)
  const loadBefore = loadavg()[0] ?? Number.NaN
  const quiet = loadBefore < quietLoad
  console.log(`seed ${seed}, ${rounds} rounds, load average before ${loadBefore.toFixed(2)}`)
  console.log(`query ${benchQuery}\n`)

  const machine = await startMachine()
  try {
    const arms = await pipelineArms(machine)
    await runRounds(arms, warmUpRounds, random)
    const measured = await runRounds(arms, rounds, random)
    const pipelineMet = printRatios(measured, random)
    const redis = await redisCpuPerCall(machine, 10)
    printAbsolute('Redis CPU a metered call, quota on', redis.micros, 8, 'µs', quiet)
    console.log(`  at ${Math.round(redis.callsPerSecond)} calls/s`)
    return pipelineMet && (!quiet || redis.micros <= 8)
  } finally {
    await machine.stop()
  }
}

/** False when the run is void or a target is missed by the whole interval. */
function printRatios(measured: Rounds, random: () => number): boolean {
  const again = ratio(measured, 'yoga', 'yoga again', 'cpu', random)
  const valid = again.median >= sane.low && again.median <= sane.high
  console.log(`${shown(again)}  A/A: Yoga against itself, server CPU a call`)
  if (!valid) {
    console.log(`VOID: the A/A pair lies outside ${sane.low}–${sane.high}; nothing below counts.`)
  }
  let met = true
  for (const { arm, other, measure, target, text } of figures) {
    const found = ratio(measured, arm, other, measure, random)
    met &&= found.high >= target
    console.log(`${shown(found)}  ${text} (target ≥ ${target})${verdict(found, target)}`)
  }
  for (const arm of measured[0]?.keys() ?? []) {
    const of = (measure: Measure) =>
      median(measured.map((round) => round.get(arm)?.[measure] ?? Number.NaN)).toFixed(1)
    console.log(`  ${arm}: ${of('cpu')} µs of server CPU, ${of('time')} µs a call`)
  }
  return valid && met
}

function verdict({ low, high }: Ratio, target: number): string {
  if (low >= target) return ': met'
  return high >= target ? ': within the interval' : ': MISSED'
}

function shown({ median, low, high }: Ratio): string {
  return `${median.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`
}

function printAbsolute(
  text: string,
  value: number,
  target: number,
  unit: string,
  quiet: boolean,
): void {
  const counts = quiet
    ? value <= target
      ? ': met'
      : ': MISSED'
    : ': does not count, the machine is busy'
  console.log(`${value.toFixed(2)} ${unit}  ${text} (target ≤ ${target})${counts}`)
}

process.exitCode = (await main()) ? 0 : 1
