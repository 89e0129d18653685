import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { median, withInterval } from './rounds.ts'
import { grouped, printAbsolute, printPair, type Row } from './row.ts'

const measuredRounds = 15
const targetMs = 500
const child = join(import.meta.dirname, 'tax-index-child.ts')

/** Milliseconds and megabytes of one start. */
interface Start {
  cpuMs: number
  wallMs: number
  heapMb: number
  dates: number
}

export const taxIndexRow: Row = {
  name: 'tax-index',
  about: 'reading the tax data and building the index of all dates, in fresh processes; ≤ 500 ms',
  async run({ random, rounds, quiet }) {
    const pairs: [Start, Start][] = []
    for (let round = 0; round < (rounds ?? measuredRounds); round++) {
      pairs.push([await startOnce(), await startOnce()])
    }
    const starts = pairs.flat()
    const ratios = pairs.map(([one, other]) => one.cpuMs / other.cpuMs)
    const sane = printPair(withInterval(ratios, random), 'CPU of a start against that of the next')
    const { dates, heapMb } = starts[0] ?? { dates: 0, heapMb: 0 }
    const all = `all ${grouped(dates)} dates, ${grouped(heapMb, 1)} MB of heap`
    const figures = [
      { value: median(starts.map(({ cpuMs }) => cpuMs)), text: `CPU for ${all}` },
      { value: median(starts.map(({ wallMs }) => wallMs)), text: 'by the clock' },
    ]
    const met = figures.map((figure) => {
      return printAbsolute({ ...figure, unit: 'ms', atMost: targetMs }, quiet)
    })
    return sane && met.every(Boolean)
  },
}

async function startOnce(): Promise<Start> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', child])
  return JSON.parse(stdout)
}
