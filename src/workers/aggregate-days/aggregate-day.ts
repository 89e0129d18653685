import type { Db } from 'mongodb'
import type { Registry } from 'prom-client'
import type { Logger } from '../../log.ts'
import { BadInput } from '../../rules/bad-input.ts'
import { DAY, startOfMonth, startOfNextMonth } from '../../rules/calendar-time.ts'
import { parseDay } from '../../rules/usage-period.ts'
import { DAYS_PROVABLE_MS, HOURS_PROVABLE_MS } from '../../rules/usage-proof.ts'
import { type AggregationMetrics, createAggregationMetrics } from './aggregation-metrics.ts'
import { accountsWithUsage, closeAccounts } from './close-accounts.ts'
import { closeKeys } from './close-keys.ts'
import { closedMonths, keysWithLateCalls } from './late-calls.ts'
import type { CellDifference } from './prove-cells.ts'

export interface AggregationDeps {
  db: Db
  /** ms since the epoch */
  clock: () => number
  log: Logger
  registry: Registry
}

/** What one run did: the answer of the admin route and the `result` of the job. */
export interface Aggregation {
  date: string
  /** Whether the day's hours still existed, so that they could be held against it. */
  hoursProved: boolean
  /** Whether the month's days still existed, so that they could be held against it. */
  daysProved: boolean
  /** Keys and accounts with usage in the day's month. */
  keys: number
  accounts: number
  totalRequests: number
  failedRequests: number
  /** Keys whose closed months were corrected because of late calls. */
  lateKeys: number
  differenceCount: number
  /** The first hundred. */
  differences: CellDifference[]
}

export type AggregateDay = (
  date: string,
  /** Called between batches; throw from it to break off. */
  onProgress?: () => Promise<void>,
) => Promise<Aggregation>

const BATCH = 500
const PROGRESS_EVERY = 10_000
const DIFFERENCES_SHOWN = 100

interface Run extends AggregationDeps {
  now: number
  onProgress: () => Promise<void>
  done: Aggregation
  metrics: AggregationMetrics
}

/**
 * Returns the function that closes a day: proves that its hours sum to it and its month's days to the
 * month, as long as the finer grain exists, then writes average and peak day of the month. Nothing is
 * recomputed from a finer grain. Repeating it is harmless, today is closed as far as it goes; a date in
 * the future or of no calendar throws BadInput.
 */
export function createDayAggregation(deps: AggregationDeps): AggregateDay {
  const metrics = createAggregationMetrics(deps.registry)
  return async (date, onProgress = async () => {}) => {
    const now = deps.clock()
    const day = parseDay(date)
    if (day > now) throw new BadInput(`${date} lies in the future`)
    const run: Run = { ...deps, now, onProgress, metrics, done: emptyAggregation(date) }
    try {
      await closeMonthOf(run, day)
      await correctLateCalls(run, startOfMonth(day))
    } catch (error) {
      metrics.runs.inc({ outcome: 'failure' })
      throw error
    }
    const { done } = run
    metrics.runs.inc({ outcome: done.differenceCount > 0 ? 'difference' : 'success' })
    metrics.dayRequests.set({ kind: 'billed' }, done.totalRequests)
    metrics.dayRequests.set({ kind: 'failed' }, done.failedRequests)
    metrics.lastSuccess.set(deps.clock() / 1_000)
    metrics.seconds.set((deps.clock() - now) / 1_000)
    deps.log.info({ ...done, differences: undefined }, 'day closed')
    return done
  }
}

function emptyAggregation(date: string): Aggregation {
  return {
    date,
    hoursProved: false,
    daysProved: false,
    keys: 0,
    accounts: 0,
    totalRequests: 0,
    failedRequests: 0,
    lateKeys: 0,
    differenceCount: 0,
    differences: [],
  }
}

async function closeMonthOf(run: Run, day: number): Promise<void> {
  const { db, now, done } = run
  const month = startOfMonth(day)
  done.hoursProved = day + HOURS_PROVABLE_MS > now
  done.daysProved = month + DAYS_PROVABLE_MS > now
  const selection = {
    month,
    day,
    hoursExist: done.hoursProved,
    daysExist: done.daysProved,
    limit: BATCH,
  }
  for (let after: string | null = ''; after !== null; ) {
    const batch = await closeKeys(db, { ...selection, after }, day, now)
    done.totalRequests += batch.dayTotal
    done.failedRequests += batch.dayFailed
    report(run, batch.differences)
    countKeys(run, batch.keys)
    after = batch.next
    await run.onProgress()
  }
  if (!done.daysProved) return
  done.accounts = await closeAccounts(db, month, accountsWithUsage(db, month))
}

/** Late calls moved hours, days and month together; what they leave wrong is only average and peak. */
async function correctLateCalls(run: Run, alreadyClosed: number): Promise<void> {
  const { db, now, done } = run
  for (const month of closedMonths(now)) {
    if (month === alreadyClosed) continue
    const closedThrough = startOfNextMonth(month) - DAY
    const selection = { month, day: null, hoursExist: false, daysExist: true, after: '' }
    for (let after = ''; ; ) {
      const only = await keysWithLateCalls(db, month, after, BATCH)
      const last = only.at(-1)
      if (last === undefined) break
      // One above the batch, so that readCells knows that this was all.
      const batch = await closeKeys(
        db,
        { ...selection, limit: BATCH + 1, only },
        closedThrough,
        now,
      )
      report(run, batch.differences)
      await closeAccounts(db, month, batch.accountIds)
      done.lateKeys += only.length
      after = last
      await run.onProgress()
    }
  }
}

function countKeys(run: Run, keys: number): void {
  const before = Math.floor(run.done.keys / PROGRESS_EVERY)
  run.done.keys += keys
  if (Math.floor(run.done.keys / PROGRESS_EVERY) > before) {
    run.log.info({ date: run.done.date, keys: run.done.keys }, 'closing a day')
  }
}

/** Each with both numbers, at most a hundred: a systematic fault would flood the log. */
function report(run: Run, found: readonly CellDifference[]): void {
  const { done } = run
  done.differenceCount += found.length
  for (const difference of found) {
    run.metrics.differences.inc({ grain: difference.grain })
    if (done.differences.length >= DIFFERENCES_SHOWN) continue
    done.differences.push(difference)
    run.log.error(difference, 'usage does not add up: stored differs from the sum of its parts')
  }
}
