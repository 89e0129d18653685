import { usageStream } from '../rules/partition.ts'
import type { RedisClient } from './redis.ts'
import type { Cursor } from './spool-segments.ts'
import { createTableWriter, encodeBlob } from './usage-codec.ts'
import type { UsageEvent } from './usage-event.ts'
import type { ProducerMetrics } from './usage-producer-metrics.ts'

/** What was sent and is not known to be committed. */
export interface Sent {
  from: number
  /** Its first frame; between `from` and this one nothing concerns the partition. */
  first: number
  to: number
  /** Stream id that Redis gave it. */
  id: string
  /** Version of the partition's document that was last read before it was sent. */
  version: number
  bytes: number
  events: number
}

/**
 * The way of one partition from the spool to its stream. Lanes share what they read while they stand
 * at the same place; one that fails or is silent fills up, is left behind, and reads for itself when
 * it can go on. So there is no round to leave and none to rejoin.
 */
export interface Lane {
  readonly partition: number
  /** Every event of the partition in frames up to `cursor.n` is committed, sent, or in the queue. */
  cursor: Cursor
  /** Highest frame handed over, or the watermark after going back: `from` of the next blob (I4). */
  last: number
  queue: { n: number; events: UsageEvent[] }[]
  queuedEvents: number
  sent: Sent[]
  sentBytes: number
  /** One XADD at a time, settled or timed out. */
  flying: boolean
  /** Changes when the lane goes back: what was flying then no longer tells anything. */
  epoch: number
  failures: number
  retryAt: number
  /** As last read from the partition's document; the watermark is the highest ever read. */
  version: number
  watermark: number
}

/** Estimate for events that are not encoded yet. */
const bytesPerEvent = 40
const blobEvents = 6_000
const backoffMs = { first: 50, most: 500 }

export function createLane(partition: number, cursor: Cursor): Lane {
  return {
    partition,
    cursor,
    last: 0,
    queue: [],
    queuedEvents: 0,
    sent: [],
    sentBytes: 0,
    flying: false,
    epoch: 0,
    failures: 0,
    retryAt: 0,
    version: 0,
    watermark: 0,
  }
}

/** Whether the lane may read on: its share of the window has room. */
export function hasRoom(lane: Lane, windowBytes: number): boolean {
  return lane.sentBytes + lane.queuedEvents * bytesPerEvent < windowBytes
}

/**
 * Highest frame up to which nothing of the lane waits, as far as it has read. Not `from`: for a
 * partition with few calls that is long ago.
 */
export function committedThrough(lane: Lane): number {
  const waiting = lane.sent[0]?.first ?? lane.queue[0]?.n
  return waiting === undefined ? lane.cursor.n : waiting - 1
}

/**
 * Hands the head of the queue to Redis as one blob. On an error or a timeout everything stays, and the
 * same frames go out again under the same `from`: if the first blob did arrive, the worker skips what
 * repeats. Never rejects.
 */
export async function send(
  lane: Lane,
  producer: string,
  redis: RedisClient,
  clock: () => number,
  metrics: ProducerMetrics,
): Promise<void> {
  const { epoch, last: from, version } = lane
  const batch = headOf(lane.queue)
  const first = batch.frames[0]?.n ?? from + 1
  const to = batch.frames.at(-1)?.n ?? from
  lane.flying = true
  try {
    const blob = encodeBlob({ producer, from, to, ...batch.table, frames: batch.frames })
    const id = await redis.xadd(usageStream(lane.partition), '*', 'b', blob)
    metrics.sentEvents.inc(batch.events)
    if (lane.epoch !== epoch || id === null) return
    lane.last = to
    lane.queue.splice(0, batch.frames.length)
    lane.queuedEvents -= batch.events
    lane.sent.push({ from, first, to, id, version, bytes: blob.length, events: batch.events })
    lane.sentBytes += blob.length
    lane.failures = 0
  } catch {
    metrics.sendErrors.inc()
    lane.retryAt = clock() + Math.min(backoffMs.first * 2 ** lane.failures++, backoffMs.most)
  } finally {
    lane.flying = false
  }
}

/** As many frames as one blob holds, at least one, under common dictionaries. */
function headOf(queue: Lane['queue']) {
  const writer = createTableWriter(queue[0]?.events[0]?.at ?? 0)
  const frames: { n: number; events: number[] }[] = []
  let events = 0
  for (const frame of queue) {
    if (events > 0 && events + frame.events.length > blobEvents) break
    const flat: number[] = []
    for (const event of frame.events) writer.add(flat, event)
    frames.push({ n: frame.n, events: flat })
    events += frame.events.length
  }
  return { table: writer.table, frames, events }
}

/** Drops what is committed by now. */
export function acknowledge(lane: Lane, watermark: number): void {
  lane.watermark = Math.max(lane.watermark, watermark)
  while (lane.sent[0] && lane.sent[0].to <= lane.watermark) {
    lane.sentBytes -= lane.sent.shift()?.bytes ?? 0
  }
}

/** Forgets what was sent and reads on from `cursor`: everything above it will be sent again. */
export function goBack(lane: Lane, cursor: Cursor): void {
  lane.epoch++
  lane.last = cursor.n
  lane.cursor = cursor
  lane.queue = []
  lane.queuedEvents = 0
  lane.sent = []
  lane.sentBytes = 0
}
