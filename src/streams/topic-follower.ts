import type { Logger } from '../log.ts'
import { createOutage } from './outage.ts'
import type { RedisClient } from './redis.ts'
import { entryId, eventField, type Topic, type TopicEntry } from './topic.ts'

export interface TopicFollowerOptions {
  redis: RedisClient
  topic: Topic
  log: Logger
  /** Number of the last entry that needs not be read again; asked before each read. */
  after: () => number
  onEntries: (entries: readonly TopicEntry[]) => void
  onFailure: () => void
}

export interface TopicFollower {
  start(): void
  stop(): void
}

/**
 * Polling has none of the traps of a blocked connection, and one read of a stream that says nothing new
 * costs Redis some microseconds.
 */
const TICK_MS = 200
const ENTRIES_A_READ = 100

/**
 * Hands over what is in the stream after a position that its owner keeps. That position is all there is:
 * a Redis that was emptied is read from there on once it is filled again.
 */
export function createTopicFollower(options: TopicFollowerOptions): TopicFollower {
  const { redis, topic, log } = options
  let timer: NodeJS.Timeout | undefined
  let reading = false
  const outage = createOutage(log, `the topic ${topic.name} cannot be read`)

  async function read(): Promise<void> {
    const position = entryId(options.after())
    const reply = await redis.xread('COUNT', ENTRIES_A_READ, 'STREAMS', topic.name, position)
    const entries = (reply?.[0]?.[1] ?? []).map(([id, fields]) => entryOf(id, fields))
    if (entries.length > 0) options.onEntries(entries)
  }

  function tick(): void {
    if (reading) return
    reading = true
    read()
      .then(outage.over, (error) => {
        options.onFailure()
        outage.begun(error)
      })
      .finally(() => {
        reading = false
      })
  }

  return {
    start() {
      timer ??= setInterval(tick, TICK_MS)
    },
    stop() {
      clearInterval(timer)
    },
  }
}

function entryOf(id: string, fields: readonly string[]): TopicEntry {
  const at = fields.findIndex((name, index) => index % 2 === 0 && name === eventField)
  return { number: Number(id.split('-')[0]), event: fields[at + 1] ?? '' }
}
