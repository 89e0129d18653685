import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Binary, ClientSession } from 'mongodb'
import {
  ensureScanPositions,
  releaseScanPositions,
  type ScanOwner,
  saveScanPositions,
  takeScanPositions,
} from '../../store/alert-scan-positions.ts'
import { reopenIfClosed } from '../../store/database.ts'
import { createOutage } from '../../streams/outage.ts'
import type { RedisClient } from '../../streams/redis.ts'
import type { ExamineDeps, ExamineKeys, KeyUsage } from './examine-keys.ts'
import { type Followed, findMissing, isLost, readLive, toFollowed } from './follow-partitions.ts'
import type { KeyScan } from './scan-keys.ts'
import { createMovedLevelsScan } from './scan-moved-levels.ts'

export interface LiveScanOptions extends ExamineDeps {
  redis: RedisClient
  examine: ExamineKeys
  scan: KeyScan
  /** For tests; 4 s. */
  leaseMs?: number
}

export interface LiveScan {
  start(): Promise<void>
  stop(): Promise<void>
  /** Null: works. Else why not, in plain words. */
  readiness(): string | null
}

const LEASE_MS = 4_000
/** How often the streams are read. */
const TICK_MS = 200
/** How often leases are renewed, positions saved and held against MongoDB. */
const TURN_MS = 1_000
/** Between two scans in place of live messages, and never more than a sixth of the time. */
const LEAST_PAUSE_MS = 2_000

/**
 * Follows the live messages of the partitions that it owns, and raises what they call for within a
 * second. Nothing leans on a message: what is missing is told by the numbers of the commits, and the
 * partition's keys are looked at in MongoDB instead.
 */
export function createLiveScan(options: LiveScanOptions): LiveScan {
  const { db, redis, clock, log, metrics, examine, scan, leaseMs = LEASE_MS } = options
  const scanMovedLevels = createMovedLevelsScan(options, examine)
  const owner = randomUUID()
  const owned = new Map<number, Followed>()
  /** What could not be examined; positions are not saved meanwhile, so that a successor sees it too. */
  let failed: KeyUsage[] = []
  let session: ClientSession | null = null
  let turnAt = Number.NEGATIVE_INFINITY
  let healthyAt = Number.NEGATIVE_INFINITY
  let scanAt = Number.NEGATIVE_INFINITY
  let scanning: Promise<void> | null = null
  let loop: Promise<void> = Promise.resolve()
  const stopped = new AbortController()
  const redisAway = createOutage(log, 'live messages cannot be read: MongoDB is looked at instead')
  const rounds = createOutage(log, 'rounds of the threshold scan fail; tried again')
  const scans = createOutage(log, 'partitions cannot be scanned; tried again')

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      const started = performance.now()
      const more = await round().catch(giveUp)
      const rest = more ? 0 : TICK_MS - (performance.now() - started)
      if (rest > 0) await setTimeout(rest, undefined, { signal: stopped.signal }).catch(() => {})
    }
  }

  /** @returns whether more is waiting in the streams */
  async function round(): Promise<boolean> {
    const turn = performance.now() - turnAt >= TURN_MS
    if (turn) await takeTurn()
    const more = await follow()
    if (turn) {
      await scanMovedLevels(owned)
      await findMissing(db, owned.values(), clock())
      await save()
      measure()
    }
    if ([...owned.values()].some(isLost)) startScan()
    healthyAt = performance.now()
    rounds.over()
    return more
  }

  async function takeTurn(): Promise<void> {
    turnAt = performance.now()
    const { owned: docs, left } = await takeScanPositions(db, ownership())
    // A process that died while it raised has left its account locked for a minute: this ends it.
    if (left.length > 0) await db.admin().command({ killSessions: left.map((id) => ({ id })) })
    const kept = new Set(docs.map(({ _id }) => _id))
    for (const partition of owned.keys()) if (!kept.has(partition)) owned.delete(partition)
    const before = owned.size
    for (const { _id, version } of docs) {
      if (!owned.has(_id)) owned.set(_id, toFollowed(_id, version))
    }
    if (owned.size > before) log.info({ owned: owned.size }, 'partitions watched for thresholds')
  }

  function ownership(): ScanOwner {
    session ??= db.client.startSession()
    return { owner, lsid: session.id?.id as Binary, leaseMs }
  }

  async function follow(): Promise<boolean> {
    const reads = await Promise.allSettled(
      [...owned.values()].map((followed) => readLive(redis, followed)),
    )
    const latest = new Map<string, KeyUsage>(failed.map((usage) => [usage.apiKeyId, usage]))
    let more = false
    let error: unknown = null
    for (const read of reads) {
      if (read.status === 'rejected') error = read.reason
      else {
        more ||= read.value.more
        // State, not differences: of several messages of a key the newest is enough.
        for (const totals of read.value.totals) latest.set(totals.apiKeyId, totals)
      }
    }
    if (error === null) redisAway.over()
    else redisAway.begun(error)
    // Kept as failed until they are examined, so that a throw in between forgets none.
    failed = [...latest.values()]
    if (failed.length > 0) failed = (await examine(failed, session ?? undefined)).failed
    return more
  }

  async function save(): Promise<void> {
    if (failed.length > 0) return
    const moved = [...owned.values()].filter((one) => !isLost(one) && one.version !== one.saved)
    await saveScanPositions(db, owner, new Map(moved.map((one) => [one.partition, one.version])))
    for (const one of moved) one.saved = one.version
  }

  /** In the background: live messages of other keys do not wait for it. */
  function startScan(): void {
    if (scanning || performance.now() < scanAt) return
    const lost = [...owned.values()].filter(isLost).map((one) => ({ one, upTo: one.lost }))
    const started = performance.now()
    metrics.positionsLost.inc(lost.length)
    scanning = scan
      .partitions(new Set(lost.map(({ one }) => one.partition)), () =>
        stopped.signal.throwIfAborted(),
      )
      .then(() => {
        for (const { one, upTo } of lost) one.scanned = upTo
        scans.over()
      })
      .catch((error) => {
        if (stopped.signal.aborted) return
        metrics.failures.inc()
        scans.begun(error)
      })
      .finally(() => {
        const took = performance.now() - started
        scanAt = performance.now() + Math.max(LEAST_PAUSE_MS, took * 5)
        scanning = null
      })
  }

  function measure(): void {
    const since = [...owned.values()].map(({ behindSince }) => behindSince ?? clock())
    metrics.lag.set((clock() - Math.min(clock(), ...since)) / 1_000)
    metrics.followed.set(owned.size)
  }

  async function giveUp(error: unknown): Promise<boolean> {
    metrics.failures.inc()
    rounds.begun(error)
    await reopenIfClosed(db, error)
    return false
  }

  return {
    async start() {
      await ensureScanPositions(db)
      loop = run()
    },
    async stop() {
      stopped.abort()
      await loop
      await scanning
      try {
        await save()
        await releaseScanPositions(db, owner)
      } catch (error) {
        log.warn({ err: error }, 'positions were not given back: they wait for their lease')
      }
      await session?.endSession()
    },
    readiness: () =>
      performance.now() - healthyAt < 10_000 ? null : 'the threshold scan cannot reach MongoDB',
  }
}
