/** `npm run bench`: every figure that the product promises, measured anew; see `--help`. */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { liveRow } from './live-row.ts'
import { pipelineRow } from './pipeline-row.ts'
import { redisRow } from './redis-row.ts'
import { rollUpRow } from './roll-up-row.ts'
import { createRandom } from './rounds.ts'
import type { Row } from './row.ts'
import { screenRow } from './screen-row.ts'
import { startRow } from './start-row.ts'
import { taxDatesRow } from './tax-dates-row.ts'
import { taxIndexRow } from './tax-index-row.ts'
import { totalsRow } from './totals-row.ts'

/** Above it somebody else uses the machine. */
const quietLoad = 1.5

const rows: readonly Row[] = [
  pipelineRow,
  redisRow,
  rollUpRow,
  totalsRow,
  liveRow,
  screenRow,
  startRow,
  taxIndexRow,
  taxDatesRow,
]

const usage = `Usage: npm run bench [-- [--rounds <n>] [--seed <n>] <row>…]

Runs all rows (some six minutes), or only those named:
${rows.map(({ name, about }) => `  ${name.padEnd(9)} ${about}`).join('\n')}

  --rounds <n>  rounds a row measures, for a short or a thorough run
  --seed <n>    the same order of arms and the same traffic as the run that printed it

Ratios compare arms within one run and hold on a shared machine: each comes with its 95 % interval,
and is void when an arm against itself (A/A) is off by more than 5 %. All else counts only when the
load average before the run is below ${quietLoad}. The exit code is 0 when nothing is void or missed.`

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      rounds: { type: 'string' },
      seed: { type: 'string' },
    },
  })
  if (values.help) {
    console.log(usage)
    return true
  }
  const chosen = positionals.length > 0 ? positionals.map(rowNamed) : rows
  const rounds = values.rounds === undefined ? null : wholeNumber('--rounds', values.rounds)
  const seed = wholeNumber('--seed', values.seed ?? String(1 + (Date.now() % 1_000_000)))
  const loadBefore = loadavg()[0] ?? Number.NaN
  const quiet = loadBefore < quietLoad
  console.log(`seed ${seed}, load average before ${loadBefore.toFixed(2)}${quiet ? '' : ': busy'}`)
  const random = createRandom(seed)
  let good = true
  for (const { name, about, run } of chosen) {
    console.log(`\n${name}: ${about}`)
    good = (await run({ random, rounds, quiet })) && good
  }
  return good
}

function rowNamed(wanted: string): Row {
  const row = rows.find(({ name }) => name === wanted)
  if (row) return row
  throw new Error(`There is no row "${wanted}"; there are ${rows.map((r) => r.name).join(', ')}.`)
}

function wholeNumber(option: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new Error(`${option} needs a whole number above 0, not "${text}".`)
}

main().then(
  (good) => {
    process.exitCode = good ? 0 : 1
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  },
)
