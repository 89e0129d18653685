import type { Db } from 'mongodb'
import { Counter, type Registry } from 'prom-client'
import type { Logger } from '../log.ts'
import { DAY, HOUR } from '../rules/calendar-time.ts'
import {
  type AccountRecord,
  lastNumberBefore,
  numberedRecords,
  numberRecords,
} from '../store/account-records.ts'
import { ensureDeployment } from '../store/deployment.ts'
import { ensureTopicNumbers, lastTopicNumber } from '../store/topic-numbers.ts'
import { createOutage } from './outage.ts'
import type { RecordTopic } from './record-topic.ts'
import type { RedisClient } from './redis.ts'
import { entryId, type TopicEntry } from './topic.ts'
import { createTopicPublisher, type TopicPublisher } from './topic-publisher.ts'

/** How often it is looked for what whoever wrote it could not publish, and for what Redis lost. */
const RECONCILE_MS = 2_000
/** Older records leave the stream; MongoDB and the API keep them. */
const KEPT_MS = 30 * DAY
const TRIM_EVERY_MS = HOUR

export interface RecordPublisherOptions {
  db: Db
  redis: RedisClient
  /** ms since the epoch */
  clock: () => number
  log: Logger
  registry: Registry
}

/** Fills the topic of a kind of records. Any number of processes may run one. */
export interface RecordPublisher {
  /** Something was written: it stands in the stream within milliseconds. Never throws; start it first. */
  publish(): void
  /** @throws MongoDB's errors; may be called again then */
  start(): Promise<void>
  /** Waits for what is under way. */
  stop(): Promise<void>
}

/**
 * MongoDB numbers the records, and what the stream lacks is appended by number: so each stands in it once,
 * in any process' hands, and a Redis that lost some or all of it is filled again.
 */
export function createRecordPublisher<Doc extends AccountRecord>(
  { kind, topic, event, words }: RecordTopic<Doc>,
  options: RecordPublisherOptions,
): RecordPublisher {
  const { db, redis, clock, log } = options
  const metrics = createMetrics(words, topic.name, options.registry)
  const outage = createOutage(log, `${words.many} cannot be published to their topic`)
  let publisher: TopicPublisher | undefined
  let timer: NodeJS.Timeout | undefined
  /** Number of the newest record that is too old for the stream. */
  let floor = 0
  let trimmedAt = -Infinity
  let running = Promise.resolve()

  function createPublisher(databaseId: string): TopicPublisher {
    const source = {
      async newest() {
        await numberRecords(db, kind)
        return await lastTopicNumber(db, kind.topic)
      },
      async after(last: number, limit: number): Promise<TopicEntry[]> {
        const some = await numberedRecords(db, kind, Math.max(last, floor), limit)
        return some.map((record) => {
          const number = record.topicNumber ?? 0
          return { number, event: event(number, record, databaseId) }
        })
      },
    }
    return createTopicPublisher({ redis, topic, databaseId, source })
  }

  async function publishAll(): Promise<void> {
    const now = clock()
    const trims = now - trimmedAt >= TRIM_EVERY_MS
    if (trims) {
      await numberRecords(db, kind)
      floor = await lastNumberBefore(db, kind, now - KEPT_MS)
    }
    metrics.published.inc((await publisher?.publish()) ?? 0)
    if (!trims) return
    await redis.xtrim(topic.name, 'MINID', entryId(floor + 1))
    trimmedAt = now
  }

  function publish(): void {
    running = publishAll().then(outage.over, (error) => {
      metrics.failures.inc()
      outage.begun(error)
    })
  }

  return {
    publish,
    async start() {
      await Promise.all([kind.createIndexes(db), ensureTopicNumbers(db, kind.topic)])
      publisher ??= createPublisher((await ensureDeployment(db)).databaseId)
      timer ??= setInterval(publish, RECONCILE_MS)
      publish()
    },
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

function createMetrics(
  { metric, many }: RecordTopic<AccountRecord>['words'],
  topic: string,
  registry: Registry,
) {
  const registers = [registry]
  return {
    published: new Counter({
      name: `getcomplical_${metric}_topic_published_total`,
      help: `${many} that this process appended to ${topic}. Far more than there were: Redis lost the stream and it was filled again.`,
      registers,
    }),
    failures: new Counter({
      name: `getcomplical_${metric}_topic_failures_total`,
      help: `Failed attempts to publish ${many} to ${topic}. Sustained: Redis or MongoDB is away; what was written is published when it is back.`,
      registers,
    }),
  }
}
