import { connectDatabase } from '../src/store/database.ts'
import { type Backlog, createBacklog } from './backlog.ts'
import { cpuNanoseconds } from './cpu.ts'
import { type Machine, withMachine } from './machine.ts'
import { type Arm, median, ratio, runRounds, withInterval } from './rounds.ts'
import { grouped, printAbsolute, printPair, type Row, type Run } from './row.ts'

/** What a few API processes hold back at most, until their windows are full. */
const backlogEvents = 2_000_000
const warmUpRounds = 2

interface Case {
  keys: number
  /** events a second */
  target: number
  /** The shorter they are, the more it takes to tell an arm from itself. */
  rounds: number
}

const cases: readonly Case[] = [
  { keys: 1_600, target: 1_500_000, rounds: 12 },
  { keys: 16_000, target: 500_000, rounds: 6 },
]

export const rollUpRow: Row = {
  name: 'roll-up',
  about: 'events a second that one worker process reads, decodes, rolls up and commits',
  async run(run) {
    let good = true
    for (const one of cases) {
      const met = await withMachine((machine) => measure(machine, one, run))
      good &&= met
    }
    return good
  },
}

async function measure(machine: Machine, one: Case, run: Run): Promise<boolean> {
  const { keys, target } = one
  const { random, quiet } = run
  const worker = await machine.startWorker()
  const database = await connectDatabase({ uri: machine.mongodbUri })
  const { redisUrl } = machine
  const backlog = await createBacklog({ redisUrl, db: database.db }, keys, random)
  const arms = ['roll-up', 'roll-up again'].map((name) => armOf(name, backlog, worker.pid))
  await runRounds(arms, warmUpRounds, random)
  const measured = await runRounds(arms, run.rounds ?? one.rounds, random)
  backlog.close()
  await database.close()

  const pair = ratio(measured, 'roll-up', 'roll-up again', 'cpu', random)
  const valid = printPair(pair, `the roll-up against itself, ${grouped(keys)} keys, worker CPU`)
  const all = measured.flatMap((round) => [...round.values()])
  const rates = all.map(({ time }) => 1_000_000 / time)
  const { median: rate, low, high } = withInterval(rates, random)
  const cpu = median(all.map((one) => one.cpu)).toFixed(3)
  console.log(`  [${grouped(low)}, ${grouped(high)}], ${cpu} µs of worker CPU an event`)
  const text = `read, decoded, rolled up and committed, ${grouped(keys)} keys`
  return printAbsolute({ value: rate, unit: 'events/s', text, atLeast: target }, quiet) && valid
}

/**
 * A round is a whole backlog, whatever the milliseconds asked for; from the instant that the worker can
 * see it, so its pause between two polls (100 ms at most) counts in.
 */
function armOf(name: string, backlog: Backlog, workerPid: number): Arm {
  return {
    name,
    async slice() {
      const { events } = await backlog.fill(backlogEvents)
      const [cpuBefore, before] = [cpuNanoseconds(workerPid), performance.now()]
      await backlog.release()
      await backlog.counted()
      const [cpuAfter, after] = [cpuNanoseconds(workerPid), performance.now()]
      return {
        cpu: (cpuAfter - cpuBefore) / 1_000 / events,
        time: ((after - before) * 1_000) / events,
      }
    },
  }
}
