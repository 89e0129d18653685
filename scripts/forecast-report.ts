import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadTaxData } from '../src/store/tax-data.ts'
import { type Method, scoreOf } from '../test/forecast/back-test.ts'
import { runRate, seasonalNaive } from '../test/forecast/baselines.ts'
import { generateHistory } from '../test/forecast/generated-history.ts'

/**
 * `npm run forecast:report`: how far off the month's total is, told on day 10 and on day 20, on
 * generated histories. Tuning uses the seeds 1–100 (`-- --seeds 1-100`), the report 101–400.
 */
const usage = 'Usage: npm run forecast:report [-- --seeds <from>-<to>]'

const methods: Readonly<Record<string, Method>> = {
  'run-rate': (history) => ({ expected: runRate(history) }),
  'seasonal-naive': (history) => ({ expected: seasonalNaive(history) }),
}

function main(): void {
  const { values } = parseArgs({ options: { seeds: { type: 'string', default: '101-400' } } })
  const [, from, to] = /^(\d{1,6})-(\d{1,6})$/.exec(values.seeds) ?? []
  if (from === undefined || to === undefined || Number(from) > Number(to)) throw new Error(usage)
  const data = loadTaxData(join(import.meta.dirname, '../data/tax'))
  const seeds = Array.from({ length: Number(to) - Number(from) + 1 }, (_, n) => Number(from) + n)
  const histories = seeds.map((seed) => generateHistory(seed, data))
  console.log(`seeds ${from}–${to}, ${histories.length} histories`)
  for (const day of [10, 20]) {
    for (const [name, method] of Object.entries(methods)) {
      const { error, medianError, months } = scoreOf(method, histories, day)
      const line = [`day ${day}`, name.padEnd(16), percent(error), percent(medianError), months]
      console.log(line.join('  '))
    }
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`.padStart(7)
}

try {
  main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
