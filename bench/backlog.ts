import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Db } from 'mongodb'
import { Registry } from 'prom-client'
import { partitionCount, partitionOf, usageStream } from '../src/rules/partition.ts'
import { readProgress } from '../src/store/partitions.ts'
import { registerProducer } from '../src/store/producers.ts'
import { createLane, type Lane, send } from '../src/streams/pump-lane.ts'
import type { UsageEvent } from '../src/streams/usage-event.ts'
import { createProducerMetrics } from '../src/streams/usage-producer-metrics.ts'

/** Usage that API processes have answered and no worker has seen, in the very blobs they would send. */
export interface Backlog {
  /** Prepares about so many events, out of the worker's sight. Returns their number and bytes. */
  fill(events: number): Promise<{ events: number; bytes: number }>
  /** Puts them before the worker, all streams at once. */
  release(): Promise<void>
  /** Settles when every partition's document says that all of it is counted. */
  counted(): Promise<void>
  close(): void
}

/** API processes; each would stop at 8 MB that is not committed. */
const producerCount = 4
/** Calls that one tick of the event loop answers under load: 1 … twice this less one, evenly spread. */
const eventsAFrame = 64
/** What the pump puts into one blob; a lane is emptied when it holds as much. */
const blobEvents = 6_000
const endpoints = ['taxDates', 'obligations', 'countries', 'GET /api/v1/tax-dates']
const stagingPrefix = 'staged:'
const commitWithinMs = 60_000

interface Producer {
  id: string
  frames: number
  lanes: Lane[]
}

export async function createBacklog(
  { redisUrl, db }: { redisUrl: string; db: Db },
  keyCount: number,
  random: () => number,
): Promise<Backlog> {
  const redis = new Redis(redisUrl)
  // The lanes know their streams' names; under a prefix they fill others, which are renamed at once.
  const staging = new Redis(redisUrl, { keyPrefix: stagingPrefix })
  const metrics = createProducerMetrics(new Registry())
  const keys = Array.from({ length: keyCount }, (_, i) => keyOf(i))
  const producers = Array.from({ length: producerCount }, (_, i): Producer => {
    const lane = (_: unknown, p: number) => createLane(p, { n: 0, segment: 1, offset: 0 })
    return {
      id: `bench${keyCount}x${i}`,
      frames: 0,
      lanes: Array.from({ length: partitionCount }, lane),
    }
  })
  for (const { id } of producers) await registerProducer(db, id, 'bench', new Date())

  /** One frame of one producer: each partition's lane gets its part under the common number. */
  function answerOneTick(producer: Producer, at: number): number {
    const n = ++producer.frames
    const count = 1 + Math.floor(random() * (2 * eventsAFrame - 1))
    const parts = new Map<number, UsageEvent[]>()
    for (let i = 0; i < count; i++) {
      const key = pick(keys, random)
      const part = parts.get(key.partition)
      const event = { ...key.event, at, endpoint: pick(endpoints, random) }
      if (part) part.push(event)
      else parts.set(key.partition, [event])
    }
    for (const [partition, events] of parts) {
      const lane = producer.lanes[partition]
      lane?.queue.push({ n, events })
      if (lane) lane.queuedEvents += events.length
    }
    return count
  }

  async function sendFrom(producer: Producer, least: number): Promise<void> {
    for (const lane of producer.lanes) {
      while (lane.queuedEvents > least) {
        await send(lane, producer.id, staging, Date.now, metrics)
        if (lane.failures > 0) throw new Error('Redis did not take the backlog')
      }
    }
  }

  async function fill(wanted: number): Promise<{ events: number; bytes: number }> {
    const from = Date.now()
    let events = 0
    for (let ticks = 0; events < wanted; ticks++) {
      // Some 5,000 calls a second and process.
      const at = from + Math.floor((ticks * eventsAFrame) / 5)
      for (const producer of producers) {
        events += answerOneTick(producer, at)
        if (ticks % 64 === 0) await sendFrom(producer, blobEvents)
      }
    }
    let bytes = 0
    for (const producer of producers) {
      await sendFrom(producer, 0)
      for (const lane of producer.lanes) {
        bytes += lane.sentBytes
        lane.sent = []
        lane.sentBytes = 0
      }
    }
    return { events, bytes }
  }

  async function release(): Promise<void> {
    const renames = redis.multi()
    for (let p = 0; p < partitionCount; p++) {
      renames.rename(`${stagingPrefix}${usageStream(p)}`, usageStream(p))
    }
    for (const [error] of (await renames.exec()) ?? []) if (error) throw error
  }

  async function isCounted({ id, lanes }: Producer): Promise<boolean> {
    const progress = await readProgress(db, id)
    return progress.every(({ partition, watermark }) => watermark === lanes[partition]?.last)
  }

  async function counted(): Promise<void> {
    const deadline = performance.now() + commitWithinMs
    for (const producer of producers) {
      while (!(await isCounted(producer))) {
        if (performance.now() > deadline) throw new Error('the backlog is not counted')
        await setTimeout(5)
      }
    }
  }

  return {
    fill,
    release,
    counted,
    close() {
      redis.disconnect()
      staging.disconnect()
    },
  }
}

/** As the product names them: twelve and sixteen characters of base62. */
function keyOf(index: number) {
  const apiKeyId = `key_${index.toString(36).padStart(12, '0')}`
  const accountId = `acc_${Math.floor(index / 4)
    .toString(36)
    .padStart(16, '0')}`
  const event = { apiKeyId, accountId, tier: 'pro', units: 1, failed: 0 }
  return { partition: partitionOf(apiKeyId), event }
}

function pick<T>(items: readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}
