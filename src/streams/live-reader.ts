import type { Db } from 'mongodb'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Logger } from '../log.ts'
import { createLiveFollower } from './live-follower.ts'
import type { LiveTotals } from './live-messages.ts'
import { readAccountsUsage } from './live-reconcile.ts'
import { isNewer } from './live-state.ts'
import { createLiveSubscriber, type LiveSubscriber } from './live-subscriber.ts'
import { readLiveTotals } from './live-totals.ts'
import type { RedisClient } from './redis.ts'

/**
 * How often the streams are read while somebody listens. Polling has none of the traps of a blocked
 * connection and works on a cluster, where one XREAD over several streams is refused.
 */
const TICK_MS = 25
/**
 * How often MongoDB is asked for what the streams did not bring: with Redis away it is the only way by
 * which usage moves, otherwise it finds a message that was lost, and keys and plans that changed.
 */
const RECONCILE_MS = 1_000

export interface LiveReaderOptions {
  db: Db
  redis: RedisClient
  /** ms since the epoch */
  clock: () => number
  log: Logger
  registry: Registry
}

export interface LiveScope {
  accountId: string
  /** null: every key of the account, also those that are created later. */
  apiKeyId: string | null
}

/** One per API process; feeds all its subscribers. */
export interface LiveReader {
  /** Nothing arrives before `begin` or a newer state; end it with `return()`. */
  subscribe(scope: LiveScope): LiveSubscriber
  start(): void
  /** Ends every subscription. */
  stop(): Promise<void>
}

/** What is known of an account as long as somebody listens to it. */
interface Feed {
  subscribers: Map<LiveSubscriber, string | null>
  latest: Map<string, LiveTotals>
  tiers: Map<string, string>
}

export function createLiveReader(options: LiveReaderOptions): LiveReader {
  const { db, redis, clock, log } = options
  const metrics = createMetrics(options.registry)
  const feeds = new Map<string, Feed>()
  const subscribers = new Set<LiveSubscriber>()
  let timers: NodeJS.Timeout[] = []
  let reconciling: Promise<void> | null = null

  const follower = createLiveFollower({
    redis,
    log,
    onTotals: (totals) => totals.forEach(take),
    onFailure: () => metrics.readFailures.inc(),
  })

  function take(totals: LiveTotals): void {
    const feed = feeds.get(totals.accountId)
    if (!feed || !isNewer(totals, feed.latest.get(totals.apiKeyId))) return
    feed.latest.set(totals.apiKeyId, totals)
    // A key that was created since: its plan is not known yet.
    if (feed.tiers.has(totals.apiKeyId)) offer(feed, totals.apiKeyId)
    else void reconcile()
  }

  function offer(feed: Feed, apiKeyId: string): void {
    const [totals, tier] = [feed.latest.get(apiKeyId), feed.tiers.get(apiKeyId)]
    if (!totals || tier === undefined) return
    for (const [subscriber, only] of feed.subscribers) {
      if (only === null || only === apiKeyId) subscriber.offer({ totals, tier })
    }
  }

  function reconcile(): Promise<void> {
    if (feeds.size === 0) return Promise.resolve()
    reconciling ??= readMongo()
      .catch((error) => {
        log.warn({ err: error }, 'live usage: MongoDB could not be read')
      })
      .finally(() => {
        reconciling = null
      })
    return reconciling
  }

  async function readMongo(): Promise<void> {
    const now = clock()
    const { tiers, advanced } = await readAccountsUsage(
      db,
      [...feeds.keys()],
      now,
      (key, calls) => {
        const known = feeds.get(key.accountId)?.latest.get(key.apiKeyId)
        return isNewer({ ...calls, ...key }, known)
      },
    )
    for (const { apiKeyId, accountId, tier } of tiers) {
      const feed = feeds.get(accountId)
      const isNew = feed && !feed.tiers.has(apiKeyId)
      feed?.tiers.set(apiKeyId, tier)
      if (isNew) offer(feed, apiKeyId)
    }
    for (const totals of await readLiveTotals(db, advanced, now)) {
      metrics.reconciled.inc()
      take(totals)
    }
  }

  function subscribe({ accountId, apiKeyId }: LiveScope): LiveSubscriber {
    const feed = feeds.get(accountId) ?? emptyFeed()
    feeds.set(accountId, feed)
    const subscriber = createLiveSubscriber({
      clock: () => performance.now(),
      onDelivered: () => metrics.messages.inc({ outcome: 'delivered' }),
      onSuperseded: () => metrics.messages.inc({ outcome: 'superseded' }),
      onEnd() {
        subscribers.delete(subscriber)
        feed.subscribers.delete(subscriber)
        if (feed.subscribers.size === 0 && feeds.get(accountId) === feed) feeds.delete(accountId)
        metrics.subscribers.set(subscribers.size)
      },
    })
    if (subscribers.size === 0) follower.skipToEnd()
    subscribers.add(subscriber)
    feed.subscribers.set(subscriber, apiKeyId)
    metrics.subscribers.set(subscribers.size)
    return subscriber
  }

  function tick(): void {
    if (subscribers.size === 0) return
    follower.poll()
    for (const subscriber of subscribers) subscriber.flush()
  }

  return {
    subscribe,
    start() {
      timers = [setInterval(tick, TICK_MS), setInterval(() => void reconcile(), RECONCILE_MS)]
    },
    async stop() {
      for (const timer of timers) clearInterval(timer)
      for (const subscriber of [...subscribers]) await subscriber.return()
      await reconciling
    },
  }
}

function emptyFeed(): Feed {
  return { subscribers: new Map(), latest: new Map(), tiers: new Map() }
}

function createMetrics(registry: Registry) {
  const registers = [registry]
  return {
    subscribers: new Gauge({
      name: 'getcomplical_live_subscribers',
      help: 'Open liveUsage subscriptions of this process. Only growing: clients leave without their subscription ending.',
      registers,
    }),
    messages: new Counter({
      name: 'getcomplical_live_messages_total',
      help: 'States of liveUsage by outcome. superseded: a newer one came first, because the consumer is slow or the key very busy; the consumer missed nothing but steps between.',
      labelNames: ['outcome'],
      registers,
    }),
    readFailures: new Counter({
      name: 'getcomplical_live_read_failures_total',
      help: 'Failed reads of the live streams. Sustained: Redis or one of its nodes is away, and live usage moves once a second, from MongoDB.',
      registers,
    }),
    reconciled: new Counter({
      name: 'getcomplical_live_reconciled_total',
      help: 'States found in MongoDB before a live message brought them. A few are normal; as many as roll-ups: live messages are lost or Redis is away.',
      registers,
    }),
  }
}
