import { randomUUID } from 'node:crypto'
import type { Registry } from 'prom-client'
import { hourName, startOfHour } from '../../rules/calendar-time.ts'
import { createAlertIndexes } from '../../store/alerts.ts'
import { createOutage } from '../../streams/outage.ts'
import type { RedisClient } from '../../streams/redis.ts'
import { doRun } from '../job-run.ts'
import { lookOnSchedule } from '../scheduled-looks.ts'
import { shareRun } from '../shared-run.ts'
import { createExamineKeys, type ExamineDeps } from './examine-keys.ts'
import { createLiveScan } from './live-scan.ts'
import { createRaise, type RaiseDeps } from './raise.ts'
import { createKeyScan, type KeyScan, type Scan } from './scan-keys.ts'
import { createScanMetrics } from './scan-metrics.ts'

const JOB = 'scan-thresholds'
const MINUTE = 7
const LEASE_MS = 30_000
/** How often every worker looks for an hour that failed or was left. */
const LOOK_EVERY_MS = 60_000

export interface ScanOptions
  extends Omit<ExamineDeps, 'metrics' | 'raise'>,
    Pick<RaiseDeps, 'encryption' | 'onRaised'> {
  registry: Registry
}

export interface ScanThresholdsOptions extends ScanOptions {
  redis: RedisClient
  /** For tests: of the hourly run, and of the partitions that are followed. */
  leaseMs?: number
}

export interface ScanThresholds {
  /** Follows what is rolled up from then on, and scans every key each hour. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Null: works. Else why not, in plain words. */
  readiness(): string | null
  /** Scans every key if this hour's run is due and not taken by another process; null: it is. */
  scanDueHour(): Promise<Scan | null>
}

/** The scan alone, for whoever triggers it by hand. */
export function createScan(options: ScanOptions): KeyScan {
  const deps = depsOf(options)
  return createKeyScan(deps, createExamineKeys(deps))
}

function depsOf<Options extends ScanOptions>(options: Options): Options & ExamineDeps {
  const metrics = createScanMetrics(options.registry)
  return { ...options, metrics, raise: createRaise({ ...options, metrics }) }
}

/** Any number of processes may run it: each partition is followed, and each hour scanned, by one. */
export function createScanThresholds(options: ScanThresholdsOptions): ScanThresholds {
  const { db, clock, log } = options
  const leaseMs = options.leaseMs ?? LEASE_MS
  const deps = depsOf(options)
  const examine = createExamineKeys(deps)
  const scan = createKeyScan(deps, examine)
  const live = createLiveScan({ ...deps, examine, scan })
  const owner = randomUUID()
  let stopping = false
  let lastFailed = false
  const hourly = createOutage(log, 'the hourly scan fails; tried again')
  let end = () => {}

  async function scanDue(): Promise<Scan | null> {
    const due = startOfHour(clock() - MINUTE * 60_000)
    const run = { id: `${JOB}:${hourName(due)}`, owner, leaseMs }
    let done: Scan | null = null
    await doRun(
      db,
      run,
      () => stopping,
      async (check) => {
        done = await scan.everyKey(async () => check())
        return { ...done }
      },
    )
    return done
  }

  const looking = shareRun(scanDue)

  async function look(): Promise<void> {
    try {
      await looking.run()
      lastFailed = false
      hourly.over()
    } catch (error) {
      if (stopping) return
      deps.metrics.failures.inc()
      hourly.begun(error)
      lastFailed = true
    }
  }

  return {
    scanDueHour: looking.run,
    async start() {
      await createAlertIndexes(db)
      await live.start()
      const times = { name: JOB, cron: `${MINUTE} * * * *`, everyMs: LOOK_EVERY_MS }
      end = lookOnSchedule(times, look)
    },
    async stop() {
      stopping = true
      end()
      await looking.ended()
      await live.stop()
    },
    readiness: () => (lastFailed ? 'the last hourly scan failed' : live.readiness()),
  }
}
