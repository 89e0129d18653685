import type { Registry } from 'prom-client'
import { reopenIfClosed } from '../../store/database.ts'
import { createOutage } from '../../streams/outage.ts'
import { createPauses } from '../pauses.ts'
import { createChaseMetrics } from './chase-metrics.ts'
import { lookAtAllPastDue, type SettleDueOptions, settleDue } from './settle-due.ts'

export interface ChasePaymentsOptions extends SettleDueOptions {
  registry: Registry
  /** Something was settled: what it tells others is ready to be published. */
  onSettled: () => void
  /** Shorter in tests. */
  pollMs?: number
}

export interface ChasePayments {
  /** @throws what MongoDB throws; may be called again then */
  start(): Promise<void>
  /** Begins nothing more and waits for what is being settled. */
  stop(): Promise<void>
  /** Null: works. Else why not, in plain words. */
  readiness(): string | null
}

const POLL_MS = 1_000
const LOOK_EVERY_MS = 5_000

/**
 * What time alone brings about: cancellations take effect when they were booked for, payments that keep failing
 * are written about and at last block their key. All of it is computed from what a subscription's record says, so
 * that days on which nothing ran make no difference but that they were late. Any number of processes may run it.
 */
export function createChasePayments(options: ChasePaymentsOptions): ChasePayments {
  const { db, clock, log, pollMs = POLL_MS } = options
  const metrics = createChaseMetrics(options.registry)
  const outage = createOutage(log, 'subscriptions whose date came cannot be settled; tried again')
  let stopping = false
  let running: Promise<void> | null = null
  let failing = false
  let lookTimer: NodeJS.Timeout | undefined
  const pauses = createPauses()

  async function round(): Promise<void> {
    const { settled, failed } = await settleDue(options, () => stopping)
    metrics.settled.inc({ outcome: 'settled' }, settled)
    metrics.settled.inc({ outcome: 'failed' }, failed)
    if (settled > 0) options.onSettled()
  }

  async function run(): Promise<void> {
    while (!stopping) {
      try {
        await round()
        failing = false
        outage.over()
      } catch (error) {
        failing = true
        outage.begun(error)
        await reopenIfClosed(db, error)
      }
      if (!stopping) await pauses.wait(pollMs)
    }
  }

  return {
    async start() {
      await lookAtAllPastDue(options)
      running ??= run()
      lookTimer ??= setInterval(() => metrics.look(db, clock()).catch(() => {}), LOOK_EVERY_MS)
    },
    async stop() {
      stopping = true
      clearInterval(lookTimer)
      pauses.endAll()
      await running
    },
    readiness: () => (failing ? 'the last look for subscriptions failed' : null),
  }
}
