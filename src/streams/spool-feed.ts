import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Db } from 'mongodb'
import type { Logger } from '../log.ts'
import { reopenIfClosed } from '../store/database.ts'
import { readProgress } from '../store/partitions.ts'
import { registerProducer, seeProducer } from '../store/producers.ts'
import { checkSent } from './producer-checks.ts'
import { createPump, type Pump } from './pump.ts'
import type { RedisClient } from './redis.ts'
import type { SpoolSegments } from './spool-segments.ts'
import type { ProducerMetrics } from './usage-producer-metrics.ts'

/** Brings one spool's frames into MongoDB: its own process' spool, or one adopted from the dead. */
export interface SpoolFeed {
  readonly pump: Pump
  readonly segments: SpoolSegments
  /** Begins in the background; goes on trying while MongoDB or Redis is away. */
  start(): void
  /** Settles when nothing of it runs any more. Idempotent. */
  stop(): Promise<void>
  /**
   * Waits until every segment is committed and deleted, for at most `ms`; the spool must be sealed.
   * False: it must be adopted later.
   */
  drain(ms: number): Promise<boolean>
}

export interface SpoolFeedOptions {
  producer: string
  dir: string
  segments: SpoolSegments
  db: Db
  redis: RedisClient
  clock: () => number
  log: Logger
  metrics: ProducerMetrics
  /** The registry entry is truly gone: blobs of this producer will never be counted. */
  onUnregistered: () => void
}

const checkMs = 500
/** Between checks when somebody waits for the end. */
const drainMs = 50
const seenMs = 60_000
/** In the spool's directory, once the producer is registered: from then on a missing entry is a fault. */
const registeredMark = 'registered'

export function createSpoolFeed(options: SpoolFeedOptions): SpoolFeed {
  const { producer, dir, segments, db, clock, log, onUnregistered } = options
  const pump = createPump(options)
  const checks = { ...options, pump }
  const stopping = new AbortController()
  let pace = checkMs
  let running: Promise<void> = Promise.resolve()
  let stopped = false
  let registered = false
  let seenAt = 0
  let troubled = false

  /** One step after the other; an error is tried again. */
  async function run(): Promise<void> {
    while (!stopped) {
      try {
        await (registered ? check() : register())
        troubled = false
      } catch (error) {
        if (!troubled)
          log.warn({ err: error, producer }, 'MongoDB does not answer: calls wait in the spool')
        troubled = true
        await reopenIfClosed(db, error)
      }
      await setTimeout(pace, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  /** Before the first blob (I3). A directory that was marked by an earlier process must still stand there. */
  async function register(): Promise<void> {
    if (existsSync(join(dir, registeredMark))) {
      if (!(await stillRegistered())) return
    } else {
      await registerProducer(db, producer, hostname(), new Date(clock()))
      await writeFile(join(dir, registeredMark), '')
    }
    seenAt = clock()
    for (const { partition, version, watermark } of await readProgress(db, producer)) {
      const lane = pump.lanes[partition]
      if (!lane) continue
      Object.assign(lane, {
        version,
        watermark,
        last: watermark,
        cursor: segments.locate(watermark),
      })
    }
    registered = true
    if (!stopped) pump.start()
  }

  async function stillRegistered(): Promise<boolean> {
    if (await seeProducer(db, producer, new Date(clock()))) return true
    stopped = true
    pump.stop()
    onUnregistered()
    return false
  }

  async function check(): Promise<void> {
    if (Math.abs(clock() - seenAt) > seenMs) {
      if (!(await stillRegistered())) return
      seenAt = clock()
    }
    if (pump.lanes.some((lane) => lane.sent.length > 0)) await checkSent(checks)
    segments.dropCommitted(pump.lanes.map((lane) => lane.watermark))
  }

  return {
    pump,
    segments,
    start() {
      running = run()
    },
    async stop() {
      stopped = true
      stopping.abort()
      pump.stop()
      await running
      segments.close()
    },
    async drain(ms) {
      const deadline = performance.now() + ms
      pace = drainMs
      while (segments.list.length > 0 && !stopped && performance.now() < deadline) {
        await setTimeout(drainMs)
      }
      return segments.list.length === 0
    },
  }
}
