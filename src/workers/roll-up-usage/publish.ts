import type { Logger } from '../../log.ts'
import { liveDatabaseKey, liveStream, usageStream } from '../../rules/partition.ts'
import { encodeLiveTotals, type LiveTotals, liveField } from '../../streams/live-messages.ts'
import type { RedisClient } from '../../streams/redis.ts'
import { streamIdAfter } from '../../streams/stream-id.ts'
import type { RollUpMetrics } from './metrics.ts'

/** Everything that follows a commit in Redis. Nothing of it is waited for, and all of it may fail. */
export interface Publisher {
  /** `pos` and `version` as committed; `totals` of the keys that the commit changed. */
  committed(partition: number, pos: string, version: number, totals: readonly LiveTotals[]): void
  /** Before the first message of a partition that was just taken. */
  taken(partition: number): void
}

/** Some seconds of the busiest partition; a reader that missed more reads MongoDB again. */
const liveEntries = 128

export function createPublisher(
  redis: RedisClient,
  databaseId: string,
  log: Logger,
  metrics: RollUpMetrics,
): Publisher {
  /** Partitions whose live stream is known to be numbered by this database's versions. */
  const cleared = new Map<number, Promise<void>>()

  /**
   * When MongoDB was reset and Redis kept, versions begin again at 1 and the old live stream would
   * refuse every message until they have caught up.
   */
  async function clear(partition: number): Promise<void> {
    const key = liveDatabaseKey(partition)
    if ((await redis.get(key)) === databaseId) return
    await redis.del(liveStream(partition))
    await redis.set(key, databaseId)
  }

  async function publish(partition: number, version: number, totals: readonly LiveTotals[]) {
    const clearing = cleared.get(partition) ?? clear(partition)
    cleared.set(partition, clearing)
    await clearing.catch(() => cleared.delete(partition))
    const message = encodeLiveTotals(totals)
    // The version as id: Redis itself refuses the older totals of an owner that was paused.
    const id = `${version}-0`
    await redis.xadd(liveStream(partition), 'MAXLEN', '~', liveEntries, id, liveField, message)
  }

  return {
    taken: (partition) => void cleared.delete(partition),
    committed(partition, pos, version, totals) {
      // What is trimmed wrongly is sent again by its producer, so the position needs no margin. It goes
      // itself, too: XINFO, asked on each empty read, would bring the last blob twice, ten times a second.
      redis.xtrim(usageStream(partition), 'MINID', streamIdAfter(pos)).catch(() => {})
      if (totals.length === 0) return
      publish(partition, version, totals).catch((error: Error) => {
        if (/equal or smaller/.test(error.message)) metrics.staleTicks.inc()
        else log.debug({ err: error, partition }, 'a live message was not sent')
      })
    },
  }
}
