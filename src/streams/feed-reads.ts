import { HOUR } from '../rules/calendar-time.ts'
import type { RedisClient } from './redis.ts'
import { runScript, script } from './redis-script.ts'

/** Any hour, not any clock's hour, holds at most so many reads of one feed. */
export const READS_AN_HOUR = 60

/** Keeps the limit on reads of a calendar feed. */
export interface FeedReads {
  /**
   * Counts a read, of all processes together; while Redis is away, of this one alone.
   * @returns 0, or in how many ms the feed may be read again
   */
  take(feedId: string): Promise<number>
}

/**
 * The instants of the last reads that were granted, newest first, on Redis' clock. The list is no longer
 * than the limit, and gone an hour after the last read.
 *
 * KEYS[1]  calendar-reads:<feed id>
 * ARGV[1]  reads; ARGV[2] ms that they are counted over
 * Returns 0 (granted), or ms until the next is.
 */
const takeRead = script(`
local most, window, now = tonumber(ARGV[1]), tonumber(ARGV[2]), redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local oldest = tonumber(redis.call('LINDEX', KEYS[1], most - 1))
if oldest and now - oldest < window then return math.min(window, window - (now - oldest)) end
redis.call('LPUSH', KEYS[1], now)
redis.call('LTRIM', KEYS[1], 0, most - 1)
redis.call('PEXPIRE', KEYS[1], window)
return 0`)

export function createFeedReads(redis: RedisClient, clock: () => number): FeedReads {
  const own = createOwnReads(clock)
  return {
    async take(feedId) {
      try {
        const keys = [`calendar-reads:${feedId}`]
        return Number(await runScript(redis, takeRead, keys, [READS_AN_HOUR, HOUR]))
      } catch {
        return own(feedId)
      }
    },
  }
}

/** The same in memory. */
function createOwnReads(clock: () => number): (feedId: string) => number {
  const reads = new Map<string, number[]>()
  let sweptAt = 0

  function sweep(now: number): void {
    if (now - sweptAt < HOUR) return
    sweptAt = now
    for (const [feedId, [newest = 0]] of reads) if (now - newest >= HOUR) reads.delete(feedId)
  }

  return (feedId) => {
    const now = clock()
    sweep(now)
    const last = reads.get(feedId) ?? []
    const oldest = last[READS_AN_HOUR - 1]
    if (oldest !== undefined && now - oldest < HOUR) return Math.min(HOUR, HOUR - (now - oldest))
    reads.set(feedId, [now, ...last.slice(0, READS_AN_HOUR - 1)])
    return 0
  }
}
