import { randomBytes } from 'node:crypto'
import { mkdir, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Db } from 'mongodb'
import type { Registry } from 'prom-client'
import { ApiError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { RedisClient } from './redis.ts'
import { createSpool, type OpenSpool, type Spool } from './spool.ts'
import { createAdoption, endSpool, leftMark, quarantineSpool } from './spool-adoption.ts'
import { createSpoolFeed, type SpoolFeed } from './spool-feed.ts'
import { type Lock, lock } from './spool-lock.ts'
import type { Segment } from './spool-segments.ts'
import { createProducerMetrics } from './usage-producer-metrics.ts'

export interface UsageProducerOptions {
  /** `DATA_DIR`; spools live in its folder `spool`, one for each process. */
  dataDir: string
  db: Db
  redis: RedisClient
  /** ms since the epoch */
  clock: () => number
  log: Logger
  registry: Registry
  /** Bytes after which a spool file is rolled; 1 MiB, smaller only for small disks. */
  segmentBytes?: number
}

/** The producing side of the counting path, as one API process uses it. */
export interface UsageProducer {
  readonly spool: Spool
  /** Opens this process' spool; needs neither Redis nor MongoDB. Rejects when the disk refuses. */
  start(): Promise<void>
  /**
   * Refuses new events, sends what waits, and ends the spool if the roll-ups commit it within
   * `drainMs` (3,000 by default); else the next process on this machine adopts it. Idempotent.
   */
  stop(drainMs?: number): Promise<void>
  /** Null: ready. Else why metered calls are, or are about to be, refused. */
  readiness(): string | null
}

interface OwnSpool {
  producer: string
  spool: OpenSpool
  feed: SpoolFeed
  lock: Lock
}

const watchMs = 1_000
const alarmAgeMs = 60_000
const disk = { alarm: 0.8, notReady: 0.95, plentyBytes: 1024 ** 3 }

export function createUsageProducer(options: UsageProducerOptions): UsageProducer {
  const { dataDir, db, clock, log, registry, segmentBytes = 1024 * 1024 } = options
  const root = join(dataDir, 'spool')
  const metrics = createProducerMetrics(registry)
  const isOwn = (producer: string) => own?.producer === producer
  const adoption = createAdoption({ ...options, root, isOwn, metrics })
  let own: OwnSpool | null = null
  let watch: NodeJS.Timeout | undefined
  let diskFilling = false
  let diskTrouble: string | null = null
  let alarmedAt = 0
  let replacing: Promise<void> = Promise.resolve()
  let stopping: Promise<void> | null = null

  async function openOwn(): Promise<OwnSpool> {
    const producer = newProducerId(clock())
    const dir = join(root, producer)
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const ownLock = await lock(dir, 'owner')
    const spool = createSpool({ dir, segmentBytes, clock, log, metrics })
    const { segments } = spool
    const onUnregistered = () => {
      replacing = replaceOwn(producer)
    }
    const feed = createSpoolFeed({ ...options, producer, dir, segments, metrics, onUnregistered })
    feed.start()
    return { producer, spool, feed, lock: ownLock }
  }

  /**
   * The registry entry vanished under a living process: the database was reset or restored, or an
   * operator retired this machine. Blobs under the old id are ignored from now on, so calls go on under
   * a new one; what the old spool holds is set aside, because nobody can tell what of it was counted.
   * While the disk has no room for a new one calls are refused: nobody would count them. Never rejects.
   */
  async function replaceOwn(producer: string): Promise<void> {
    metrics.unregistered.inc()
    log.error({ producer }, 'the registry entry of this spool is gone: going on under a new id')
    const old = own
    while (old?.producer === producer && own === old && !stopping) {
      try {
        own = await openOwn()
        await old.spool.close()
        await old.feed.stop()
        await quarantineSpool(root, producer, log)
        await old.lock.release()
      } catch (error) {
        log.error({ err: error, producer }, 'the spool could not be replaced')
        await old.spool.close().catch(() => {})
        await setTimeout(watchMs)
      }
    }
  }

  async function look(): Promise<void> {
    const adopted = adoption.feeds()
    const feeds = own ? [own.feed, ...adopted] : adopted
    const sum = (of: (feed: SpoolFeed) => number) => feeds.reduce((n, feed) => n + of(feed), 0)
    metrics.outstanding.set(sum((feed) => feed.pump.outstandingBytes()))
    metrics.spoolBytes.set(sum(({ segments }) => sizeOf(segments.list)))
    const since = adopted.map((feed) => feed.segments.list[0]?.since ?? Infinity)
    const oldest = Math.min(...since, ownOldest())
    const age = oldest === Infinity ? 0 : Math.max(0, clock() - oldest)
    metrics.oldestUncommitted.set(age / 1_000)
    if (age > alarmAgeMs && Math.abs(clock() - alarmedAt) > alarmAgeMs) {
      alarmedAt = clock()
      log.error({ ageMs: age }, 'answered calls have waited for their roll-up for over a minute')
    }
    await lookAtDisk()
  }

  /** A large disk at 95 % has room for days of usage, so a gigabyte free is enough whatever the share. */
  async function lookAtDisk(): Promise<void> {
    const { blocks, bavail, bfree, bsize } = await statfs(root)
    const used = blocks - bfree
    const ratio = used + bavail === 0 ? 1 : used / (used + bavail)
    metrics.diskUsed.set(ratio)
    const filling = ratio >= disk.alarm && bavail * bsize < disk.plentyBytes
    if (filling && !diskFilling) log.error({ ratio }, 'the disk of the spool is filling up')
    diskFilling = filling
    diskTrouble = filling && ratio >= disk.notReady ? 'the disk of the spool is almost full' : null
  }

  function ownOldest(): number {
    return own?.spool.writtenAfter(own.feed.pump.committedThrough()) ?? Infinity
  }

  async function stopOnce(drainMs: number): Promise<void> {
    clearInterval(watch)
    await replacing
    const last = own
    if (last) {
      await last.spool.close()
      const drained = await last.feed.drain(drainMs)
      await last.feed.stop()
      // The name must change before the lock goes: a dead lock under the old name invites adoption.
      if (drained) await endSpool(root, last.producer, db).catch(leftOver)
      // Closing the lock removes its file, and without a mark nobody would dare to adopt the spool.
      else await writeFile(join(root, last.producer, leftMark), '')
      await last.lock.release()
    }
    await adoption.stop()
  }

  function leftOver(error: unknown): void {
    log.warn({ err: error }, 'the spool could not be ended; the next start finishes it')
  }

  return {
    spool: {
      append: (events) =>
        own?.spool.append(events) ??
        Promise.reject(new ApiError('UNAVAILABLE', 'this server is starting', { retryAfter: 1 })),
    },
    async start() {
      own = await openOwn()
      adoption.start()
      watch = setInterval(() => look().catch(leftOver), watchMs)
    },
    stop(drainMs = 3_000) {
      stopping ??= stopOnce(drainMs)
      return stopping
    },
    readiness() {
      if (!own || stopping) return 'the spool is not open'
      return own.spool.trouble() ?? diskTrouble
    },
  }
}

/** Never used again, not even after a power loss that took the end of a spool (counting.md, section 1). */
function newProducerId(now: number): string {
  return now.toString(36) + randomBytes(6).toString('hex')
}

function sizeOf(segments: readonly Segment[]): number {
  return segments.reduce((bytes, segment) => bytes + segment.end, 0)
}
