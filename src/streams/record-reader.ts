import type { Db, Filter } from 'mongodb'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Logger } from '../log.ts'
import { BadInput } from '../rules/bad-input.ts'
import {
  type AccountRecord,
  type RecordScope,
  recordsInOrder,
  toldTo,
} from '../store/account-records.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { createOutage } from './outage.ts'
import {
  createRecordSubscriber,
  type RecordFeed,
  type RecordSubscriber,
} from './record-subscriber.ts'
import type { RecordTopic } from './record-topic.ts'
import type { RedisClient } from './redis.ts'

/** How often the end of the topic is looked at while somebody listens: it tells that there is something. */
const TICK_MS = 100
/** How often MongoDB is asked all the same: with Redis away nothing else tells. */
const RECONCILE_MS = 1_000
/** Records that are kept for an account's subscribers; who is further behind reads for himself. */
const REMEMBERED = 100
const PAGE = 100
const ACCOUNTS_A_QUERY = 1_000

export interface RecordReaderOptions {
  db: Db
  redis: RedisClient
  log: Logger
  registry: Registry
}

/** One per API process and kind; feeds all its subscriptions to that kind. */
export interface RecordReader<Doc extends AccountRecord> {
  /**
   * @param after id of the last record that was seen: what was written since comes first; null: only what
   *   comes
   * @throws BadInput there is no such record in this scope
   */
  subscribe(scope: RecordScope, after: string | null): Promise<RecordSubscriber<Doc>>
  start(): void
  /** Ends every subscription. */
  stop(): Promise<void>
}

interface Feed<Doc extends AccountRecord> extends RecordFeed<Doc> {
  subscribers: Set<RecordSubscriber<Doc>>
}

/**
 * An account's records are numbered in the order of their commits, so that whoever has read up to a number
 * has missed nothing below it. What happened is read from MongoDB alone; the topic only says when to look.
 */
export function createRecordReader<Doc extends AccountRecord>(
  { kind, topic, words }: RecordTopic<Doc>,
  { db, redis, log, registry }: RecordReaderOptions,
): RecordReader<Doc> {
  const metrics = createMetrics(words, topic.name, registry)
  const feeds = new Map<string, Feed<Doc>>()
  let open = 0
  let timers: NodeJS.Timeout[] = []
  let lastEntry: string | undefined
  let looking = false
  const reading = createOutage(log, `${words.many} cannot be read from MongoDB`)
  const unwoken = `the end of ${topic.name} cannot be read: MongoDB is polled`
  const waking = createOutage(log, unwoken)

  const readFeeds = oneAtATime(async () => {
    const accountIds = [...feeds.keys()]
    for (let from = 0; from < accountIds.length; from += ACCOUNTS_A_QUERY) {
      const some = { $in: accountIds.slice(from, from + ACCOUNTS_A_QUERY) }
      const counters = await kind.counters(db).find({ _id: some }).toArray()
      for (const { _id, sequence } of counters) await advance(_id, sequence)
    }
  })
  const readSomeTime = () => void readFeeds().then(reading.over, reading.begun)

  async function advance(accountId: string, sequence: number): Promise<void> {
    const feed = feeds.get(accountId)
    if (!feed || sequence <= feed.known) return
    const news = { after: feed.known, upTo: sequence, limit: REMEMBERED + 1 }
    const written = await recordsInOrder(db, kind, { accountId, apiKeyId: null }, news)
    remember(feed, written, sequence)
    for (const subscriber of feed.subscribers) subscriber.wake()
  }

  async function read(scope: RecordScope, after: number, upTo: number): Promise<Doc[]> {
    try {
      const page = await recordsInOrder(db, kind, scope, { after, upTo, limit: PAGE })
      reading.over()
      return page
    } catch (error) {
      reading.begun(error)
      throw error
    }
  }

  async function lookAtTopic(): Promise<void> {
    const [newest] = await redis.xrevrange(topic.name, '+', '-', 'COUNT', 1)
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

  function listen(scope: RecordScope, position: number, known: number): RecordSubscriber<Doc> {
    const { accountId } = scope
    const feed = feeds.get(accountId) ?? newFeed<Doc>(known)
    feeds.set(accountId, feed)
    const subscriber = createRecordSubscriber({
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

  async function sequenceOf(scope: RecordScope, id: string): Promise<number> {
    const wanted = { ...toldTo(kind, scope), _id: id } as Filter<Doc>
    const seen = await kind.collection(db).findOne(wanted)
    if (!seen) throw new BadInput(`after: there is no such ${words.one}`)
    return seen.sequence
  }

  return {
    async subscribe(scope, after) {
      const seen = after === null ? null : await sequenceOf(scope, after)
      const counter = await kind.counters(db).findOne({ _id: scope.accountId })
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

function newFeed<Doc extends AccountRecord>(known: number): Feed<Doc> {
  return { known, floor: known, recent: [], subscribers: new Set() }
}

/** @param written all up to `sequence`, or more of them than are remembered */
function remember<Doc extends AccountRecord>(
  feed: Feed<Doc>,
  written: readonly Doc[],
  sequence: number,
): void {
  feed.known = sequence
  if (written.length > REMEMBERED) {
    feed.recent = []
    feed.floor = sequence
    return
  }
  const all = [...feed.recent, ...written]
  feed.recent = all.slice(-REMEMBERED)
  feed.floor = all.at(-REMEMBERED - 1)?.sequence ?? feed.floor
}

function createMetrics(
  { metric, many, subscription }: RecordTopic<AccountRecord>['words'],
  topic: string,
  registry: Registry,
) {
  const registers = [registry]
  return {
    subscribers: new Gauge({
      name: `getcomplical_${metric}_subscribers`,
      help: `Open ${subscription} subscriptions of this process. Only growing: clients leave without their subscription ending.`,
      registers,
    }),
    readFailures: new Counter({
      name: `getcomplical_${metric}_topic_read_failures_total`,
      help: `Failed looks at the end of ${topic}. Sustained: Redis is away, and subscriptions hear of ${many} within a second or two, from MongoDB.`,
      registers,
    }),
  }
}
