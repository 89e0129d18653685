import type { Db } from 'mongodb'
import { Counter, type Registry } from 'prom-client'
import type { Logger } from '../log.ts'
import { DAY, HOUR } from '../rules/calendar-time.ts'
import { lastNumberBefore, numberAlerts, numberedAlerts } from '../store/alert-numbers.ts'
import { createAlertIndexes } from '../store/alerts.ts'
import { ensureDeployment } from '../store/deployment.ts'
import { ensureTopicNumbers, lastTopicNumber } from '../store/topic-numbers.ts'
import { alertEvent, alertTopic } from './alert-topic.ts'
import { createOutage } from './outage.ts'
import type { RedisClient } from './redis.ts'
import { entryId, type TopicEntry } from './topic.ts'
import { createTopicPublisher, type TopicPublisher } from './topic-publisher.ts'

/** How often it is looked for what whoever raised it could not publish, and for what Redis lost. */
const RECONCILE_MS = 2_000
/** Older alerts leave the stream; MongoDB and the API keep them. */
const KEPT_MS = 30 * DAY
const TRIM_EVERY_MS = HOUR

export interface AlertPublisherOptions {
  db: Db
  redis: RedisClient
  /** ms since the epoch */
  clock: () => number
  log: Logger
  registry: Registry
}

/** Fills the topic `customer-alerts`. Any number of processes may run one. */
export interface AlertPublisher {
  /** Something was raised: it stands in the stream within milliseconds. Never throws; start it first. */
  publish(): void
  /** @throws MongoDB's errors; may be called again then */
  start(): Promise<void>
  /** Waits for what is under way. */
  stop(): Promise<void>
}

/**
 * MongoDB numbers the alerts, and what the stream lacks is appended by number: so each alert stands in it
 * once, in any process' hands, and a Redis that lost some or all of it is filled again.
 */
export function createAlertPublisher(options: AlertPublisherOptions): AlertPublisher {
  const { db, redis, clock, log } = options
  const metrics = createMetrics(options.registry)
  const outage = createOutage(log, 'alerts cannot be published to their topic')
  let topic: TopicPublisher | undefined
  let timer: NodeJS.Timeout | undefined
  /** Number of the newest alert that is too old for the stream. */
  let floor = 0
  let trimmedAt = -Infinity
  let running = Promise.resolve()

  function createTopic(databaseId: string): TopicPublisher {
    const source = {
      async newest() {
        await numberAlerts(db, alertTopic.name)
        return await lastTopicNumber(db, alertTopic.name)
      },
      async after(last: number, limit: number): Promise<TopicEntry[]> {
        const some = await numberedAlerts(db, Math.max(last, floor), limit)
        return some.map((alert) => {
          const number = alert.topicNumber ?? 0
          return { number, event: alertEvent(number, alert, databaseId) }
        })
      },
    }
    return createTopicPublisher({ redis, topic: alertTopic, databaseId, source })
  }

  async function publishAll(): Promise<void> {
    const now = clock()
    const trims = now - trimmedAt >= TRIM_EVERY_MS
    if (trims) {
      await numberAlerts(db, alertTopic.name)
      floor = await lastNumberBefore(db, now - KEPT_MS)
    }
    metrics.published.inc((await topic?.publish()) ?? 0)
    if (!trims) return
    await redis.xtrim(alertTopic.name, 'MINID', entryId(floor + 1))
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
      await Promise.all([createAlertIndexes(db), ensureTopicNumbers(db, alertTopic.name)])
      topic ??= createTopic((await ensureDeployment(db)).databaseId)
      timer ??= setInterval(publish, RECONCILE_MS)
      publish()
    },
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

function createMetrics(registry: Registry) {
  const registers = [registry]
  return {
    published: new Counter({
      name: 'getcomplical_alert_topic_published_total',
      help: 'Alerts that this process appended to customer-alerts. Far more than were raised: Redis lost the stream and it was filled again.',
      registers,
    }),
    failures: new Counter({
      name: 'getcomplical_alert_topic_failures_total',
      help: 'Failed attempts to publish alerts to customer-alerts. Sustained: Redis or MongoDB is away; what was raised is published when it is back.',
      registers,
    }),
  }
}
