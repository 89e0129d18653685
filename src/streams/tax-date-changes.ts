import type { Db } from 'mongodb'
import type { Registry } from 'prom-client'
import type { Logger } from '../log.ts'
import { BadInput } from '../rules/bad-input.ts'
import { demandNews } from '../rules/tax/check-announcement.ts'
import type { AnnouncedChange, TaxDateChange } from '../rules/tax/tax-date-change.ts'
import type { GrowingTaxHistory, TaxHistory } from '../rules/tax/tax-history.ts'
import { ensureDeployment } from '../store/deployment.ts'
import {
  ensureTaxDateChanges,
  enterShippedChanges,
  enterTaxDateChange,
  readTaxDateChanges,
} from '../store/tax-date-changes.ts'
import { createLogReader, type LogReader } from './log-reader.ts'
import { oneAfterAnother } from './one-after-another.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { createOutage } from './outage.ts'
import type { RedisClient } from './redis.ts'
import { createTaxDateMetrics } from './tax-date-metrics.ts'
import { taxDateEvent, taxDateTopic } from './tax-date-topic.ts'
import { createTopicFollower } from './topic-follower.ts'
import { createTopicPublisher, type TopicPublisher } from './topic-publisher.ts'
import { createTurns } from './turns.ts'

/**
 * How often MongoDB is asked for changes that the stream did not tell of, and Redis for what the stream
 * lacks: with Redis away, or an announcer that died before it could publish, nothing else finds them.
 */
const RECONCILE_MS = 2_000

/** Woken in one go: each then makes an answer. */
const READERS_A_TURN = 16

export interface TaxDateChangesOptions {
  db: Db
  redis: RedisClient
  /** Grows with what is announced; of rules alone yet. */
  history: GrowingTaxHistory
  /** ms since the epoch */
  clock: () => number
  log: Logger
  registry: Registry
}

/** One per API process: enters changes, hears of those of all processes, and feeds the subscriptions. */
export interface TaxDateChanges {
  /**
   * Enters a change that was checked; it is in force here when this returns.
   * @param enteredBy `admin`, or the id of the account whose token carried the admin claim
   * @throws BadInput it says what is announced already
   */
  announce(announced: AnnouncedChange, enteredBy: string): Promise<TaxDateChange>
  /**
   * Those entered after that id, and then those that come; each once, in the order of entry.
   * @param after null: only those that come
   * @throws BadInput no change has that id yet
   */
  subscribe(
    matches: (change: TaxDateChange) => boolean,
    after: number | null,
  ): Promise<LogReader<TaxDateChange>>
  /** Enters what comes with the data, and reads all that is on record. @throws MongoDB's errors */
  start(): Promise<void>
  /** Ends every subscription. */
  stop(): Promise<void>
}

export function createTaxDateChanges(options: TaxDateChangesOptions): TaxDateChanges {
  const { db, redis, history, clock, log } = options
  const metrics = createTaxDateMetrics(options.registry)
  const readers = new Set<LogReader<TaxDateChange>>()
  const turn = createTurns()
  // At the same time they would conflict in MongoDB, and the unlucky one wait for seconds.
  const inOrder = oneAfterAnother()
  const newestId = () => Number(history.changes().at(-1)?.id ?? 0)
  let publisher: TopicPublisher | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const reading = createOutage(log, 'changes of tax dates cannot be read from MongoDB')
  const publishing = createOutage(log, 'changes of tax dates cannot be published')

  function take(changes: readonly TaxDateChange[]): void {
    if (history.record(changes) === 0) return
    metrics.known.set(newestId())
    void wakeReaders()
  }

  const wakeReaders = oneAtATime(async () => {
    let woken = 0
    for (const reader of [...readers]) {
      reader.wake()
      woken += 1
      if (woken % READERS_A_TURN === 0) await turn()
    }
  })

  const read = oneAtATime(async () => take(await readTaxDateChanges(db, newestId())))

  function readSomeTime(): void {
    read().then(reading.over, (error) => {
      // What a stop interrupts is no outage.
      if (!stopped) reading.begun(error)
    })
  }

  function publish(): void {
    publisher?.publish().then(
      (appended) => {
        metrics.published.inc(appended)
        publishing.over()
      },
      (error) => {
        if (stopped) return
        metrics.failures.inc()
        publishing.begun(error)
      },
    )
  }

  const follower = createTopicFollower({
    redis,
    topic: taxDateTopic,
    log,
    after: newestId,
    // The stream tells that there is something; what it is, MongoDB says.
    onEntries: readSomeTime,
    onFailure: () => metrics.failures.inc(),
  })

  function createPublisher(databaseId: string): TopicPublisher {
    const source = {
      async newest() {
        await read()
        return newestId()
      },
      after: (number: number, limit: number) =>
        changesAfter(history, number, limit).map((change) =>
          taxDateEvent(history, change, databaseId),
        ),
    }
    return createTopicPublisher({ redis, topic: taxDateTopic, databaseId, source })
  }

  return {
    async announce(announced, enteredBy) {
      const entered = await inOrder(async () => {
        const found = await enterTaxDateChange(db, clock, newestId(), (missed) => {
          demandNews(announced, [...history.changes(), ...missed])
          return { announced, enteredBy }
        })
        take(found)
        return found
      })
      publish()
      const own = entered.at(-1)
      if (own === undefined) throw new Error('a change was entered and is not there')
      return own
    },
    async subscribe(matches, after) {
      // Another process may have told of it before this one has read it.
      if (after !== null && after > newestId()) await read()
      if (after !== null && after > newestId()) {
        throw new BadInput(`after: the newest change is ${newestId()}`)
      }
      const entries = history.changes()
      const reader = createLogReader({
        entries,
        from: after === null ? entries.length : indexAfter(entries, after),
        matches,
        turn,
        onEnd() {
          readers.delete(reader)
          metrics.subscribers.set(readers.size)
        },
      })
      readers.add(reader)
      metrics.subscribers.set(readers.size)
      return reader
    },
    async start() {
      const { databaseId } = await ensureDeployment(db)
      await ensureTaxDateChanges(db)
      await enterShippedChanges(db, clock, history.fromRules())
      await read()
      publisher ??= createPublisher(databaseId)
      follower.start()
      timer ??= setInterval(() => {
        readSomeTime()
        publish()
      }, RECONCILE_MS)
      publish()
    },
    async stop() {
      stopped = true
      follower.stop()
      clearInterval(timer)
      for (const reader of [...readers]) await reader.return()
    },
  }
}

function indexAfter(changes: readonly TaxDateChange[], id: number): number {
  const index = changes.findIndex((change) => Number(change.id) > id)
  return index === -1 ? changes.length : index
}

function changesAfter(history: TaxHistory, id: number, limit: number): readonly TaxDateChange[] {
  const changes = history.changes()
  const from = indexAfter(changes, id)
  return changes.slice(from, from + limit)
}
