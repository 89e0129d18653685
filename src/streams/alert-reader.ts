import type { Db } from 'mongodb'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Logger } from '../log.ts'
import { BadInput } from '../rules/bad-input.ts'
import {
  type AlertDoc,
  type AlertScope,
  alerts,
  alertsInOrder,
  shownAlerts,
} from '../store/alerts.ts'
import { alertCounters } from '../store/raise-alert.ts'
import { type AlertFeed, type AlertSubscriber, createAlertSubscriber } from './alert-subscriber.ts'
import { alertTopic } from './alert-topic.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { createOutage } from './outage.ts'
import type { RedisClient } from './redis.ts'

/** How often the end of the topic is looked at while somebody listens: it tells that there is something. */
const TICK_MS = 100
/** How often MongoDB is asked all the same: with Redis away nothing else tells. */
const RECONCILE_MS = 1_000
/** Alerts that are kept for an account's subscribers; who is further behind reads for himself. */
const REMEMBERED = 100
const PAGE = 100
const ACCOUNTS_A_QUERY = 1_000

export interface AlertReaderOptions {
  db: Db
  redis: RedisClient
  log: Logger
  registry: Registry
}

/** One per API process; feeds all its `alertRaised` subscriptions. */
export interface AlertReader {
  /**
   * @param after id of the last alert that was seen: what was raised since comes first; null: only what
   *   comes
   * @throws BadInput there is no such alert in this scope
   */
  subscribe(scope: AlertScope, after: string | null): Promise<AlertSubscriber>
  start(): void
  /** Ends every subscription. */
  stop(): Promise<void>
}

interface Feed extends AlertFeed {
  subscribers: Set<AlertSubscriber>
}

/**
 * An account's alerts are numbered in the order of their commits, so that whoever has read up to a number
 * has missed nothing below it. What happened is read from MongoDB alone; the topic only says when to look.
 */
export function createAlertReader({ db, redis, log, registry }: AlertReaderOptions): AlertReader {
  const metrics = createMetrics(registry)
  const feeds = new Map<string, Feed>()
  let open = 0
  let timers: NodeJS.Timeout[] = []
  let lastEntry: string | undefined
  let looking = false
  const reading = createOutage(log, 'alerts cannot be read from MongoDB')
  const waking = createOutage(log, 'the end of the alert topic cannot be read: MongoDB is polled')

  const readFeeds = oneAtATime(async () => {
    const accountIds = [...feeds.keys()]
    for (let from = 0; from < accountIds.length; from += ACCOUNTS_A_QUERY) {
      const some = { $in: accountIds.slice(from, from + ACCOUNTS_A_QUERY) }
      const counters = await alertCounters(db).find({ _id: some }).toArray()
      for (const { _id, sequence } of counters) await advance(_id, sequence)
    }
  })
  const readSomeTime = () => void readFeeds().then(reading.over, reading.begun)

  async function advance(accountId: string, sequence: number): Promise<void> {
    const feed = feeds.get(accountId)
    if (!feed || sequence <= feed.known) return
    const news = { after: feed.known, upTo: sequence, limit: REMEMBERED + 1 }
    const raised = await alertsInOrder(db, { accountId, apiKeyId: null }, news)
    remember(feed, raised, sequence)
    for (const subscriber of feed.subscribers) subscriber.wake()
  }

  async function read(scope: AlertScope, after: number, upTo: number): Promise<AlertDoc[]> {
    try {
      const page = await alertsInOrder(db, scope, { after, upTo, limit: PAGE })
      reading.over()
      return page
    } catch (error) {
      reading.begun(error)
      throw error
    }
  }

  async function lookAtTopic(): Promise<void> {
    const [newest] = await redis.xrevrange(alertTopic.name, '+', '-', 'COUNT', 1)
    const entry = newest?.[0] ?? ''
    if (entry !== lastEntry) readSomeTime()
    lastEntry = entry
  }

  function tick(): void {
    if (feeds.size === 0 || looking) return
    looking = true
    lookAtTopic()
      .then(waking.over, (error) => {
        metrics.readFailures.inc()
        waking.begun(error)
      })
      .finally(() => {
        looking = false
      })
  }

  function listen(scope: AlertScope, position: number, known: number): AlertSubscriber {
    const { accountId } = scope
    const feed = feeds.get(accountId) ?? newFeed(known)
    feeds.set(accountId, feed)
    const subscriber = createAlertSubscriber({
      ...{ feed, scope, position, read, retryMs: RECONCILE_MS },
      onEnd() {
        feed.subscribers.delete(subscriber)
        if (feed.subscribers.size === 0 && feeds.get(accountId) === feed) feeds.delete(accountId)
        open -= 1
        metrics.subscribers.set(open)
      },
    })
    feed.subscribers.add(subscriber)
    open += 1
    metrics.subscribers.set(open)
    if (known > feed.known) readSomeTime()
    return subscriber
  }

  return {
    async subscribe(scope, after) {
      const seen = after === null ? null : await sequenceOf(db, scope, after)
      const counter = await alertCounters(db).findOne({ _id: scope.accountId })
      const known = counter?.sequence ?? 0
      return listen(scope, seen ?? known, known)
    },
    start() {
      timers = [setInterval(tick, TICK_MS), setInterval(readSomeTime, RECONCILE_MS)]
    },
    async stop() {
      for (const timer of timers) clearInterval(timer)
      const subscribers = [...feeds.values()].flatMap((feed) => [...feed.subscribers])
      for (const subscriber of subscribers) await subscriber.return()
      await readFeeds().catch(() => {})
    },
  }
}

async function sequenceOf(db: Db, scope: AlertScope, id: string): Promise<number> {
  const seen = await alerts(db).findOne({ ...shownAlerts(scope), _id: id })
  if (!seen) throw new BadInput('after: there is no such alert')
  return seen.sequence
}

function newFeed(known: number): Feed {
  return { known, floor: known, recent: [], subscribers: new Set() }
}

/** @param raised all up to `sequence`, or more of them than are remembered */
function remember(feed: Feed, raised: readonly AlertDoc[], sequence: number): void {
  feed.known = sequence
  if (raised.length > REMEMBERED) {
    feed.recent = []
    feed.floor = sequence
    return
  }
  const all = [...feed.recent, ...raised]
  feed.recent = all.slice(-REMEMBERED)
  feed.floor = all.at(-REMEMBERED - 1)?.sequence ?? feed.floor
}

function createMetrics(registry: Registry) {
  const registers = [registry]
  return {
    subscribers: new Gauge({
      name: 'getcomplical_alert_subscribers',
      help: 'Open alertRaised subscriptions of this process. Only growing: clients leave without their subscription ending.',
      registers,
    }),
    readFailures: new Counter({
      name: 'getcomplical_alert_topic_read_failures_total',
      help: 'Failed looks at the end of customer-alerts. Sustained: Redis is away, and subscriptions hear of alerts within a second or two, from MongoDB.',
      registers,
    }),
  }
}
