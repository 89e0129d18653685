import { randomUUID } from 'node:crypto'
import type { Registry } from 'prom-client'
import { ProviderError } from '../../outgoing/provider-error.ts'
import type { BillingProvider } from '../../rules/billing/fact.ts'
import { dayName, HOUR } from '../../rules/calendar-time.ts'
import { jobRuns, saveProgress } from '../../store/job-runs.ts'
import { createOutage } from '../../streams/outage.ts'
import { doRun, RunEnded } from '../job-run.ts'
import { lookOnSchedule } from '../scheduled-looks.ts'
import { shareRun } from '../shared-run.ts'
import type { ReconcileTools } from './judge-subscription.ts'
import {
  firstPlace,
  type ReconcilePlace,
  reconcileBatch,
  reconciledProviders,
} from './reconcile-batch.ts'
import { createReconcileMetrics } from './reconcile-metrics.ts'

export interface ReconcileSubscriptionsOptions extends ReconcileTools {
  registry: Registry
  /** The three below, smaller in tests. */
  leaseMs?: number
  lookEveryMs?: number
  mostPages?: number
}

export interface ReconcileSubscriptions {
  /** Makes up the last night's where it was missed, then runs at 03:00 UTC. */
  start(): void
  /** Breaks off after the batch under way; another process goes on from there. */
  stop(): Promise<void>
  /** Null: works. Else why not, in plain words. */
  readiness(): string | null
  /** Does what is due and not taken by another process. Returns the runs that ended here. */
  reconcileDue(): Promise<string[]>
}

const JOB = 'reconcile-subscriptions'
const AT_HOUR = 3
const LEASE_MS = 60_000
/** Besides 03:00 UTC: for what was missed, failed or was left. */
const LOOK_EVERY_MS = 300_000
/** Of a hundred subscriptions, a night and provider; the next night goes on where this one ended. */
const MOST_PAGES = 1_000

/** Any number of processes may run it: each provider is asked by one of them. */
export function createReconcileSubscriptions(
  options: ReconcileSubscriptionsOptions,
): ReconcileSubscriptions {
  const { db, clock, log, leaseMs = LEASE_MS, mostPages = MOST_PAGES } = options
  const metrics = createReconcileMetrics(options.registry)
  const outage = createOutage(log, 'the nightly reconcile fails; it is tried again')
  const owner = randomUUID()
  let stopping = false
  let lastError: string | null = null
  let end = () => {}

  function runFor(provider: BillingProvider) {
    const night = dayName(clock() - AT_HOUR * HOUR)
    return { id: `${JOB}:${provider}:${night}`, owner, leaseMs }
  }

  async function reconcile(provider: BillingProvider): Promise<string | null> {
    const run = runFor(provider)
    const done = await doRun(
      db,
      run,
      () => stopping,
      async (check) => {
        const sums = { checked: 0, differences: 0, corrected: 0 }
        const before = await jobRuns(db).findOne({ _id: run.id })
        let place = placeIn(before?.progress) ?? firstPlace(provider)
        for (let pages = 0; ; ) {
          if (place.phase === 'unheard' && pages === 0 && place.after === null) {
            place = { ...place, after: await unheardAfter(run.id) }
          }
          const batch = await reconcileBatch(options, place, false)
          sums.checked += batch.checked
          sums.differences += batch.differences.length
          metrics.checked.inc({ provider }, batch.checked)
          for (const { corrected } of batch.differences) {
            if (corrected) sums.corrected += 1
            metrics.differences.inc({ provider, corrected: corrected ? 'yes' : 'no' })
          }
          if (place.phase === 'unheard') pages += 1
          if (batch.next === null) return sums
          if (pages >= mostPages) return { ...sums, unheardAfter: batch.next.after }
          place = batch.next
          await saveProgress(db, run, { ...place })
          check()
        }
      },
    )
    if (!done) return null
    metrics.lastSuccess.set({ provider }, clock() / 1_000)
    log.info({ run: run.id }, 'subscriptions were held against their provider')
    return run.id
  }

  /** Where the last night ended that had too much to list; null: at the beginning. */
  async function unheardAfter(id: string): Promise<string | null> {
    const prefix = id.slice(0, id.lastIndexOf(':'))
    const [last] = await jobRuns(db)
      .find({ _id: { $gt: `${prefix}:`, $lt: id }, finishedAt: { $exists: true } })
      .sort({ _id: -1 })
      .limit(1)
      .toArray()
    const after = last?.result?.unheardAfter
    return typeof after === 'string' ? after : null
  }

  async function reconcileAll(): Promise<string[]> {
    const ended: string[] = []
    let failure: unknown
    for (const provider of reconciledProviders(options)) {
      if (stopping) break
      try {
        const id = await reconcile(provider)
        if (id !== null) ended.push(id)
      } catch (error) {
        // One that is away does not keep the other from being asked.
        failure ??= error
      }
    }
    if (failure !== undefined) throw failure
    return ended
  }

  const looking = shareRun(reconcileAll)

  async function look(): Promise<void> {
    try {
      await looking.run()
      lastError = null
      outage.over()
    } catch (error) {
      if (error instanceof RunEnded) return
      outage.begun(error)
      // A provider that is away is no fault of this process.
      lastError = error instanceof ProviderError ? null : 'the last reconcile failed'
    }
  }

  return {
    reconcileDue: looking.run,
    start() {
      const everyMs = options.lookEveryMs ?? LOOK_EVERY_MS
      end = lookOnSchedule({ name: JOB, cron: `0 ${AT_HOUR} * * *`, everyMs }, look)
    },
    async stop() {
      stopping = true
      end()
      await looking.ended()
    },
    readiness: () => lastError,
  }
}

function placeIn(progress: Record<string, unknown> | undefined): ReconcilePlace | null {
  return progress ? (progress as unknown as ReconcilePlace) : null
}
