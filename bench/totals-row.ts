import { setTimeout } from 'node:timers/promises'
import { createKeys } from './api-keys.ts'
import { openLiveClients } from './live-client.ts'
import { graphqlRequest } from './load.ts'
import { type Machine, withMachine } from './machine.ts'
import { openOpenLoad } from './open-load.ts'
import { benchQuery } from './pipeline.ts'
import { grouped, printAbsolute, quantile, type Row, type Run } from './row.ts'

interface Case {
  callsPerSecond: number
  keys: number
  /** p99, ms */
  target: number
}

const cases: readonly Case[] = [
  { callsPerSecond: 1_000, keys: 500, target: 500 },
  { callsPerSecond: 5_000, keys: 1_000, target: 1_000 },
]
const warmUpSeconds = 3
const seconds = 10
const connectionCount = 128
/** Keys that are listened to; all of them would cost the two processes more than the calls. */
const observedKeys = 50
const rolledUpWithinMs = 30_000

export const totalsRow: Row = {
  name: 'totals',
  about: 'from an answer to its rolled-up total in a live message, 1,000 and 5,000 calls/s offered',
  async run(run) {
    let good = true
    for (const one of cases) {
      const met = await withMachine((machine) => measure(machine, one, run))
      good &&= met
    }
    return good
  },
}

async function measure(machine: Machine, wanted: Case, { random, quiet }: Run): Promise<boolean> {
  const { callsPerSecond, target } = wanted
  const api = await machine.startApi()
  await machine.startWorker()
  const keys = await createKeys(api, wanted.keys)
  const ledger = createLedger()
  const secrets = keys.map(({ secret }) => secret)
  const clients = await openLiveClients(api.port, secrets.slice(0, observedKeys), ledger.rolledUp)
  const requests = secrets.map((secret) => graphqlRequest(benchQuery, { 'X-Api-Key': secret }))
  const load = await openOpenLoad(api.port, requests, connectionCount)
  const anyKey = () => Math.floor(random() * requests.length)
  await load.run(callsPerSecond, warmUpSeconds, anyKey, ledger.answered)
  ledger.reset()
  const { answers, delays, ...took } = await load.run(
    callsPerSecond,
    seconds,
    anyKey,
    ledger.answered,
  )
  const exact = await ledger.allRolledUp()
  load.close()
  await clients.close()

  const offered = `${grouped(callsPerSecond)} calls/s offered`
  console.log(
    `  ${offered}, ${grouped(answers / took.seconds)} answered; ` +
      `call p50 ${quantile(delays, 0.5).toFixed(1)} ms, p99 ${quantile(delays, 0.99).toFixed(1)} ms`,
  )
  const { ages } = ledger
  console.log(
    `  ${grouped(ages.length)} answers of ${observedKeys} keys followed: ` +
      `p50 ${quantile(ages, 0.5).toFixed(0)} ms, longest ${quantile(ages, 1).toFixed(0)} ms; ` +
      (exact ? 'in the end every total is exact' : 'SOME TOTALS ARE NOT EXACT'),
  )
  const text = `p99 from answer to rolled-up total and live message, ${offered}`
  const p99 = { value: quantile(ages, 0.99), unit: 'ms', text, atMost: target }
  return printAbsolute(p99, quiet) && exact
}

/** By key: when each call was answered, and how many are in the totals that were seen. */
function createLedger() {
  const keys = Array.from({ length: observedKeys }, () => ({
    answers: 0,
    rolledUp: 0,
    /** Of the answers above `rolledUp`, oldest first. */
    waitingSince: [] as number[],
  }))
  const ages: number[] = []

  return {
    ages,
    answered(index: number): void {
      const key = keys[index]
      if (!key) return
      key.answers++
      // The total may have been faster than the answer.
      if (key.answers <= key.rolledUp) ages.push(0)
      else key.waitingSince.push(performance.now())
    },
    rolledUp(index: number, total: number): void {
      const key = keys[index]
      if (!key || total <= key.rolledUp) return
      const now = performance.now()
      const seen = Math.max(0, total - (key.answers - key.waitingSince.length))
      for (const since of key.waitingSince.splice(0, seen)) ages.push(now - since)
      key.rolledUp = total
    },
    /** What was answered before it is still followed, and then left out. */
    reset(): void {
      ages.length = 0
    },
    /** Whether each total ends at the number of answers, and not above it. */
    async allRolledUp(): Promise<boolean> {
      const isExact = () => keys.every(({ answers, rolledUp }) => answers === rolledUp)
      const deadline = performance.now() + rolledUpWithinMs
      while (!isExact() && performance.now() < deadline) await setTimeout(5)
      return isExact()
    },
  }
}
