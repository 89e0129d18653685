import type { Db } from 'mongodb'
import type { Logger } from '../log.ts'
import { usageStream } from '../rules/partition.ts'
import { confirmBelow, type PartitionProgress, readProgress } from '../store/partitions.ts'
import type { Pump } from './pump.ts'
import { acknowledge, type Lane, type Sent } from './pump-lane.ts'
import type { RedisClient } from './redis.ts'
import type { SpoolSegments } from './spool-segments.ts'
import { compareStreamIds } from './stream-id.ts'
import type { ProducerMetrics } from './usage-producer-metrics.ts'

export interface ChecksOptions {
  producer: string
  pump: Pump
  segments: SpoolSegments
  db: Db
  redis: RedisClient
  log: Logger
  metrics: ProducerMetrics
}

/** A node that hangs is asked again at the next check; nobody waits for it. */
const redisPatienceMs = 250

/**
 * One check of everything sent and not known to be committed (counting.md, section 2 step 6): sends
 * again only on proof of loss, so a slow worker costs nothing (I7).
 *
 * First Redis, then MongoDB: the other way round, an entry committed and trimmed in between looks lost.
 * @throws what MongoDB throws; nothing has changed then
 */
export async function checkSent(options: ChecksOptions): Promise<void> {
  const { producer, pump, db, redis } = options
  const lastSent = new Map<Lane, Sent>()
  for (const lane of pump.lanes) {
    const last = lane.sent.at(-1)
    if (last) lastSent.set(lane, last)
  }
  const gone = await goneFrom(redis, lastSent)
  const progress = await readProgress(db, producer)
  for (const seen of progress) {
    const lane = pump.lanes[seen.partition]
    if (lane) await judge(lane, seen, gone.has(lane) ? lastSent.get(lane) : undefined, options)
  }
}

/**
 * Lanes whose last blob is not in its stream. Only the last is asked for: a loss takes the tail, and
 * what is sent after a loss shows as a gap.
 */
async function goneFrom(redis: RedisClient, lastSent: Map<Lane, Sent>): Promise<Set<Lane>> {
  const gone = new Set<Lane>()
  const answers = [...lastSent].map(async ([lane, { id }]) => {
    const found = await redis.xrangeBuffer(usageStream(lane.partition), id, id)
    if (found.length === 0) gone.add(lane)
  })
  await settledWithin(answers, redisPatienceMs)
  // A late answer must not change the set under the caller.
  return new Set(gone)
}

async function judge(
  lane: Lane,
  seen: PartitionProgress,
  gone: Sent | undefined,
  options: ChecksOptions,
): Promise<void> {
  if (seen.watermark < lane.watermark) return fellBack(lane, seen, options)
  lane.version = Math.max(lane.version, seen.version)
  acknowledge(lane, seen.watermark)
  // Every outstanding blob, not only the first: after a loss with ids ahead of the clock the first has
  // a high, dead id. The version must be newer than when it was sent: after Redis was emptied with its
  // clock behind, new ids lie below an old position that no worker has moved since.
  const passed = lane.sent.some(
    ({ id, version }) => seen.version > version && compareStreamIds(id, seen.pos) <= 0,
  )
  if (passed) options.pump.goBack(lane, lane.watermark, 'gap')
  else if (gone && lane.sent.includes(gone)) options.pump.goBack(lane, lane.watermark, 'lost')
}

/**
 * The watermark is below one that was read before: an older answer of a primary just elected, or
 * MongoDB was restored from a backup. Then what the spool still has is counted again from there, and
 * what it has deleted is lost: never hidden behind a `from`.
 */
async function fellBack(
  lane: Lane,
  seen: PartitionProgress,
  options: ChecksOptions,
): Promise<void> {
  const { producer, pump, segments, db, log, metrics } = options
  const { partition, watermark } = seen
  if (!(await confirmBelow(db, partition, producer, lane.watermark))) return
  const deleted = segments.deletedThrough[partition] ?? 0
  if (deleted > watermark) {
    metrics.lostFrames.inc()
    log.error(
      { producer, partition, above: watermark, through: deleted },
      'usage lost: MongoDB fell back behind frames that the spool has deleted',
    )
    segments.deletedThrough[partition] = 0
  }
  lane.version = seen.version
  lane.watermark = watermark
  pump.goBack(lane, watermark, 'restored')
}

/** Waits until all are settled, at most so long; rejections count as settled. */
export async function settledWithin(work: readonly Promise<unknown>[], ms: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([Promise.allSettled(work), late])
  clearTimeout(timer)
}
