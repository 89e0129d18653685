import { join } from 'node:path'
import { loadTaxData } from '../src/store/tax-data.ts'
import { median, ratio, runRounds, withInterval } from './rounds.ts'
import { grouped, printAbsolute, printPair, type Row } from './row.ts'
import { taxDateArms } from './tax-dates.ts'

const warmUpRounds = 5
const measuredRounds = 60
const targetMicros = 300

export const taxDatesRow: Row = {
  name: 'tax-dates',
  about:
    'a taxDates call of 20 dates without Yoga: found, paged and every field resolved; ≤ 300 µs',
  async run({ random, rounds, quiet }) {
    const arms = taxDateArms(loadTaxData(join(import.meta.dirname, '../data/tax')), random)
    await runRounds(arms, warmUpRounds, random)
    const measured = await runRounds(arms, rounds ?? measuredRounds, random)
    const pair = ratio(measured, 'proven', 'proven again', 'cpu', random)
    const valid = printPair(pair, 'the call against itself, CPU')

    const cpuOf = (arm: string) => measured.map((round) => round.get(arm)?.cpu ?? Number.NaN)
    const { median: value, low, high } = withInterval(cpuOf('proven'), random)
    const [plain, found] = ['plain', 'found'].map((arm) => grouped(median(cpuOf(arm))))
    console.log(`  [${grouped(low)}, ${grouped(high)}] µs; with five fields a date ${plain},`)
    console.log(`  of which finding and paging takes ${found}`)
    const text = '20 dates with all that proves them, CPU of everything but Yoga'
    return printAbsolute({ value, unit: 'µs', text, atMost: targetMicros }, quiet) && valid
  },
}
