import { randomUUID } from 'node:crypto'
import { dayName } from '../../rules/calendar-time.ts'
import { dueDays } from '../../rules/due-runs.ts'
import { DAYS_PROVABLE_MS } from '../../rules/usage-proof.ts'
import { finishedDays } from '../../store/job-runs.ts'
import { usageCells } from '../../store/usage-cells.ts'
import { doRun, RunEnded } from '../job-run.ts'
import { lookOnSchedule } from '../scheduled-looks.ts'
import { shareRun } from '../shared-run.ts'
import { type AggregationDeps, createDayAggregation } from './aggregate-day.ts'

const JOB = 'aggregate-days'
/** A run that is not renewed for so long was left by a process that died. */
const LEASE_MS = 30_000
/** How often every worker looks for days that are due, failed or were left, besides 01:00 UTC. */
const LOOK_EVERY_MS = 30_000

export interface AggregateDaysOptions extends AggregationDeps {
  /** The two above, shorter in tests. */
  leaseMs?: number
  lookEveryMs?: number
}

export interface AggregateDays {
  /** Makes up missed days at once, then closes each at 01:00 UTC. */
  start(): void
  /** Breaks a run off at its next batch and gives it back; settles when nothing runs any more. */
  stop(): Promise<void>
  /** Null: works. Else why not, in plain words. */
  readiness(): string | null
  /** Closes what is due and not taken by another process. Returns the days that were closed here. */
  closeDueDays(): Promise<string[]>
}

/** Any number of processes may run it: each day is closed by one of them. */
export function createAggregateDays(options: AggregateDaysOptions): AggregateDays {
  const { db, clock, log, leaseMs = LEASE_MS, lookEveryMs = LOOK_EVERY_MS } = options
  const aggregateDay = createDayAggregation(options)
  const owner = randomUUID()
  let stopping = false
  let lastError: string | null = null
  let end = () => {}

  function closeDay(date: string): Promise<boolean> {
    const run = { id: `${JOB}:${date}`, owner, leaseMs }
    return doRun(
      db,
      run,
      () => stopping,
      async (check) => ({ ...(await aggregateDay(date, async () => check())) }),
    )
  }

  async function closeDue(): Promise<string[]> {
    const now = clock()
    const since = dayName(now - DAYS_PROVABLE_MS)
    const [first] = await usageCells(db).days.find().sort({ at: 1 }).limit(1).toArray()
    const done = await finishedDays(db, JOB, since)
    const closed: string[] = []
    for (const date of dueDays(now, first?.at.getTime() ?? null, done)) {
      if (stopping) break
      if (await closeDay(date)) closed.push(date)
    }
    return closed
  }

  const looking = shareRun(closeDue)

  async function look(): Promise<void> {
    try {
      await looking.run()
      lastError = null
    } catch (error) {
      if (error instanceof RunEnded) return
      // Once for a series: the next look tries again.
      if (!lastError) log.error({ err: error }, 'closing a day failed, it is tried again')
      lastError = 'the last close of a day failed'
    }
  }

  return {
    closeDueDays: looking.run,
    start() {
      end = lookOnSchedule({ name: JOB, cron: '0 1 * * *', everyMs: lookEveryMs }, look)
    },
    async stop() {
      stopping = true
      end()
      await looking.ended()
    },
    readiness: () => lastError,
  }
}
