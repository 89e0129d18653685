import { usageStream } from '../../rules/partition.ts'
import { startOfStream } from '../../store/partitions.ts'
import { settledWithin } from '../../streams/producer-checks.ts'
import type { RedisClient } from '../../streams/redis.ts'
import { compareStreamIds } from '../../streams/stream-id.ts'
import type { RollUpMetrics } from './metrics.ts'
import { type OwnedPartition, rewind, toEntry } from './owned-partition.ts'

/** Entries a read brings; with 256 kB a blob and the producers' window that bounds memory. */
const entriesPerRead = 500
const patienceMs = 100

/**
 * Reads what follows each partition's position, without blocking commands and without consumer groups,
 * which would be a second position that can disagree with the first. At most one read a partition is
 * under way; one that is silent keeps nobody waiting beyond `patienceMs`. Never rejects.
 */
export async function readStreams(
  redis: RedisClient,
  owned: Iterable<OwnedPartition>,
  metrics: RollUpMetrics,
): Promise<void> {
  const reads: Promise<void>[] = []
  for (const partition of owned) {
    if (partition.reading || partition.entries.length > 0) continue
    partition.reading = true
    const read = readNext(redis, partition, metrics)
      .catch(() => metrics.readErrors.inc())
      .finally(() => {
        partition.reading = false
      })
    reads.push(read)
  }
  await settledWithin(reads, patienceMs)
}

async function readNext(
  redis: RedisClient,
  owned: OwnedPartition,
  metrics: RollUpMetrics,
): Promise<void> {
  const { pos } = owned
  const stream = usageStream(owned.partition)
  const found = await redis.xrangeBuffer(stream, `(${pos}`, '+', 'COUNT', entriesPerRead)
  // A late answer: the position has moved since.
  if (owned.pos !== pos) return
  owned.entries = found.map(toEntry)
  owned.more = found.length === entriesPerRead
  if (found.length > 0 || pos === startOfStream) return
  if (compareStreamIds(await lastGeneratedId(redis, stream), pos) >= 0 || owned.pos !== pos) return
  metrics.regressions.inc()
  rewind(owned)
}

/** The highest id the stream ever gave; a stream that is gone gave none. */
async function lastGeneratedId(redis: RedisClient, stream: string): Promise<string> {
  const info = await redis.xinfo('STREAM', stream).catch((error: Error) => {
    if (/no such key/.test(error.message)) return null
    throw error
  })
  if (info === null) return startOfStream
  const id = Array.isArray(info) ? info[info.indexOf('last-generated-id') + 1] : undefined
  if (typeof id !== 'string') throw new Error('XINFO STREAM without last-generated-id')
  return id
}
