import { withMachine } from './machine.ts'
import { benchQuery, pipelineArms } from './pipeline.ts'
import { type Measure, median, type Rounds, ratio, runRounds } from './rounds.ts'
import { printPair, printRatio, type Row } from './row.ts'

/** Unmeasured, until the compilers have settled: some 3 s of load for each arm. */
const warmUpRounds = 25
const measuredRounds = 30

const figures: { other: string; measure: Measure; target: number; text: string }[] = [
  {
    other: 'yoga',
    measure: 'cpu',
    target: 1,
    text: 'full pipeline against Yoga out of the box, server CPU a call',
  },
  {
    other: 'placebo',
    measure: 'cpu',
    target: 0.8,
    text: 'full pipeline against lean Yoga that only defers, server CPU a call',
  },
  { other: 'placebo', measure: 'time', target: 0.8, text: 'the same, calls a second' },
  {
    other: 'hincrby',
    measure: 'cpu',
    target: 1,
    text: 'full pipeline against three awaited HINCRBY a call, server CPU a call',
  },
  { other: 'hincrby', measure: 'time', target: 1, text: 'the same, calls a second' },
]

export const pipelineRow: Row = {
  name: 'pipeline',
  about: 'a metered call against the same call unmetered, deferred, or counted by HINCRBY; ratios',
  run: ({ random, rounds }) =>
    withMachine(async (machine) => {
      console.log(`query ${benchQuery}`)
      const arms = await pipelineArms(machine)
      await runRounds(arms, warmUpRounds, random)
      return print(await runRounds(arms, rounds ?? measuredRounds, random), random)
    }),
}

function print(measured: Rounds, random: () => number): boolean {
  const again = ratio(measured, 'yoga', 'yoga again', 'cpu', random)
  let good = printPair(again, 'Yoga against itself, server CPU a call')
  for (const { other, measure, target, text } of figures) {
    const met = printRatio(ratio(measured, 'full', other, measure, random), text, target)
    good &&= met
  }
  for (const arm of measured[0]?.keys() ?? []) {
    const of = (measure: Measure) =>
      median(measured.map((round) => round.get(arm)?.[measure] ?? Number.NaN)).toFixed(1)
    console.log(`  ${arm}: ${of('cpu')} µs of server CPU, ${of('time')} µs a call`)
  }
  return good
}
