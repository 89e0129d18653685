import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import type { Binary, ClientSession, Db } from 'mongodb'
import type { Registry } from 'prom-client'
import type { Logger } from '../../log.ts'
import { reopenIfClosed } from '../../store/database.ts'
import { ensureDeployment } from '../../store/deployment.ts'
import { ensurePartitions } from '../../store/partitions.ts'
import { countUnseen } from '../../store/producers.ts'
import { createUsageIndexes } from '../../store/usage-cells.ts'
import type { LiveTotals } from '../../streams/live-messages.ts'
import type { RedisClient } from '../../streams/redis.ts'
import { exportBusiestKeys } from './busiest-keys.ts'
import { advance, type Flush, flush, StaleOwner } from './flush.ts'
import { createKeyTotals } from './key-totals.ts'
import { createLeases, heartbeatMs, type Leases } from './leases.ts'
import { createRollUpMetrics } from './metrics.ts'
import { createPublisher, type Publisher } from './publish.ts'
import { readStreams } from './read-streams.ts'

export interface RollUpOptions {
  db: Db
  redis: RedisClient
  /** ms since the epoch; decides only what has expired and which month is current */
  clock: () => number
  log: Logger
  registry: Registry
  /** After each commit, with the totals of the keys it changed. Never waited for; may throw. */
  onCommitted?: (totals: LiveTotals[]) => void
}

/** Counts what the API processes have answered: from `usage:{p}` into hours, days and months. */
export interface RollUp {
  /** Rejects when MongoDB does not answer or the database belongs to another number of partitions. */
  start(): Promise<void>
  /** Counts what is in the streams now, gives its partitions to others at once. Idempotent. */
  stop(): Promise<void>
  /** Null: ready. Else why not, in plain words. */
  readiness(): string | null
}

const pollMs = 100
const pruneMs = 10_000
const lastFlushMs = 2_000
/** Whoever feeds a spool says so each minute. */
const unseenMs = 3_600_000
/** A flush adapts to the time it takes: far below the lease, whatever MongoDB's speed. */
const size = { least: 500, first: 4_000, most: 32_000 }
const flushMs = { fast: 400, slow: 1_000 }

export function createRollUp(options: RollUpOptions): RollUp {
  const { db, redis, clock, log, registry, onCommitted } = options
  const metrics = createRollUpMetrics(registry)
  const worker = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
  const totals = createKeyTotals(db)
  exportBusiestKeys(registry, totals.known, clock)
  let parts: { session: ClientSession; leases: Leases; publisher: Publisher } | null = null
  let loop: Promise<void> = Promise.resolve()
  let stopping: Promise<void> | null = null
  const stopped = new AbortController()
  let turnAt = Number.NEGATIVE_INFINITY
  let healthyAt = Number.NEGATIVE_INFINITY
  let prunedAt = performance.now()
  let sizeLimit = size.first

  async function start(): Promise<void> {
    const { databaseId } = await ensureDeployment(db)
    await ensurePartitions(db)
    await createUsageIndexes(db)
    const session = db.client.startSession()
    const lsid = session.id?.id as Binary
    const publisher = createPublisher(redis, databaseId, log, metrics)
    const onTaken = publisher.taken
    const leases = createLeases({ db, worker, lsid, log, metrics, onTaken })
    parts = { session, leases, publisher }
    loop = run()
  }

  async function run(): Promise<void> {
    while (!stopping) {
      const started = performance.now()
      const busy = await round().catch(giveUp)
      const rest = busy ? 0 : pollMs - (performance.now() - started)
      if (rest > 0) await setTimeout(rest, undefined, { signal: stopped.signal }).catch(() => {})
    }
  }

  /** Reads and commits once. True when more is waiting. */
  async function round(): Promise<boolean> {
    if (!parts) return false
    const { leases } = parts
    if (performance.now() - turnAt >= heartbeatMs) {
      await leases.turn()
      turnAt = performance.now()
    }
    // What the last flush had no room for comes first, or busy partitions would starve the others.
    const owned = [...leases.owned.values()].sort((a, b) => b.entries.length - a.entries.length)
    await readStreams(redis, owned, metrics)
    const prune = performance.now() - prunedAt >= pruneMs
    if (prune) metrics.unseen.set(await countUnseen(db, new Date(clock() - unseenMs)))
    const started = performance.now()
    const { session } = parts
    const now = clock()
    const done = await flush({ db, session, owned, totals, now, sizeLimit, prune })
    if (prune) prunedAt = performance.now()
    healthyAt = performance.now()
    if (done) committed(done, healthyAt - started)
    return owned.some(({ entries, more }) => entries.length > 0 || (more && done !== null))
  }

  function committed(done: Flush, ms: number): void {
    advance(done)
    totals.keep(done.totals)
    for (const { partition, pos, version } of done.checkpoints) {
      parts?.publisher.committed(partition, pos, version + 1, done.totals.get(partition) ?? [])
    }
    if (ms < flushMs.fast) sizeLimit = Math.min(size.most, sizeLimit * 2)
    if (ms > flushMs.slow) sizeLimit = Math.max(size.least, sizeLimit / 2)
    measure(done, ms)
    try {
      onCommitted?.([...done.totals.values()].flat())
    } catch (error) {
      log.error({ err: error }, 'what follows a commit failed')
    }
  }

  function measure({ fold, tally }: Flush, ms: number): void {
    metrics.commits.inc()
    metrics.commitSeconds.observe(ms / 1_000)
    metrics.commitCells.observe(fold.size * 3)
    metrics.events.inc(fold.events)
    metrics.skippedFrames.inc(tally.repeatedFrames)
    metrics.gaps.inc(tally.gaps)
    metrics.undecodable.inc(tally.undecodable)
    const newest = Math.max(...[...fold.keys.values()].map((key) => key.newest))
    if (fold.events > 0) metrics.eventAge.observe(Math.max(0, clock() - newest) / 1_000)
    if (tally.gaps > 0)
      log.error({ gaps: tally.gaps }, 'blobs passed over: Redis lost what was before')
    if (tally.undecodable > 0) log.error({ blobs: tally.undecodable }, 'blobs that cannot be read')
    for (const [producer, blobs] of tally.unknown) {
      metrics.unknownProducers.inc(blobs)
      log.error({ producer, blobs }, 'blobs of a producer that is not registered were ignored')
    }
  }

  /** Whatever happened: nothing in memory is trusted any more. */
  async function giveUp(error: unknown): Promise<boolean> {
    const stale = error instanceof StaleOwner
    metrics.aborted.inc({ reason: stale ? 'stale' : 'error' })
    log.warn({ err: error, worker }, 'a flush was given up; its partitions are read again')
    if (!stale) sizeLimit = Math.max(size.least, sizeLimit / 2)
    parts?.leases.forget()
    totals.forget()
    turnAt = Number.NEGATIVE_INFINITY
    await reopenIfClosed(db, error)
    return false
  }

  async function stopOnce(): Promise<void> {
    stopped.abort()
    await loop
    if (!parts) return
    const deadline = performance.now() + lastFlushMs
    turnAt = performance.now()
    try {
      while ((await round()) && performance.now() < deadline);
      await parts.leases.end()
    } catch (error) {
      log.warn({ err: error, worker }, 'the last flush failed: its partitions wait for their lease')
    }
    await parts.session.endSession()
  }

  return {
    start,
    stop() {
      stopping ??= stopOnce()
      return stopping
    },
    readiness() {
      if (!parts || stopping) return 'the roll-up is not running'
      const silent = performance.now() - healthyAt
      return silent < 5_000 ? null : 'the roll-up cannot reach MongoDB'
    },
  }
}
