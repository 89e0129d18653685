import { oneAtATime } from './one-at-a-time.ts'
import type { RedisClient } from './redis.ts'
import { runScript, script } from './redis-script.ts'
import { eventField, type Topic, type TopicEntry, topicDatabaseKey } from './topic.ts'

/** What a topic's events are made from. */
export interface TopicSource {
  /** The newest number, read afresh; it is asked after the stream was. */
  newest(): Promise<number>
  /** The next ones above a number, without a gap; none above the newest. */
  after(number: number, limit: number): readonly TopicEntry[] | Promise<readonly TopicEntry[]>
}

export interface TopicPublisherOptions {
  redis: RedisClient
  topic: Topic
  databaseId: string
  source: TopicSource
}

export interface TopicPublisher {
  /**
   * Appends everything that the stream lacks, in order. Any process may, at any time and as often as it
   * likes: each entry comes once.
   * @returns how many entries it appended
   */
  publish(): Promise<number>
}

/** Some hundred kilobytes, a millisecond or two of Redis. */
const ENTRIES_AT_ONCE = 50

/**
 * Appends entries if the stream ends where they begin: what two processes send at the same time, or what
 * follows a Redis that was emptied meanwhile, is refused whole and leaves no gap. A stream of another
 * database, as after a reset of MongoDB, is deleted first. What was trimmed stays trimmed.
 *
 * KEYS              stream, database
 * ARGV[1]           databaseId
 * ARGV[2]           number of the last entry before these
 * ARGV[3i .. +1]    number, event
 * Returns the number of the last entry, 0 where there was none.
 */
const append = script(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[2], ARGV[1])
end
local last = 0
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = tonumber(string.match(info[i + 1], '^%d+')) end
  end
end
if last ~= tonumber(ARGV[2]) then return last end
for i = 3, #ARGV, 2 do
  redis.call('XADD', KEYS[1], ARGV[i] .. '-0', '${eventField}', ARGV[i + 1])
  last = tonumber(ARGV[i])
end
return last`)

export function createTopicPublisher(options: TopicPublisherOptions): TopicPublisher {
  const { redis, topic, databaseId, source } = options
  const keys = [topic.name, topicDatabaseKey(topic)]

  /** @returns where the stream ends now */
  async function appendAfter(last: number, entries: readonly TopicEntry[]): Promise<number> {
    const args = entries.flatMap(({ number, event }) => [number, event])
    return Number(await runScript(redis, append, keys, [databaseId, last, ...args]))
  }

  async function publish(): Promise<number> {
    let appended = 0
    let last = await appendAfter(0, [])
    // What stands in the stream was committed, so that MongoDB was set back to an earlier state.
    if (last > (await source.newest())) {
      await redis.del(topic.name)
      last = 0
    }
    for (;;) {
      const entries = await source.after(last, ENTRIES_AT_ONCE)
      const newest = entries.at(-1)
      if (newest === undefined) return appended
      const end = await appendAfter(last, entries)
      // Else another process was faster, or Redis was emptied: go on from where the stream ends.
      if (end === newest.number) appended += entries.length
      last = end
    }
  }

  return { publish: oneAtATime(publish) }
}
