import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { liveStream, partitionOf } from '../src/rules/partition.ts'
import { encodeLiveTotals, type LiveTotals, liveField } from '../src/streams/live-messages.ts'
import { type BenchKey, createKeys } from './api-keys.ts'
import { cpuNanoseconds } from './cpu.ts'
import { openLiveClients } from './live-client.ts'
import { withMachine } from './machine.ts'
import { grouped, printAbsolute, quantile, type Row } from './row.ts'

const subscriberCount = 1_000
const messagesPerSecond = 10
const seconds = 10
/** Not measured: compilers settle, and the follower finds its streams. */
const warmUpSeconds = 3
const deliveredWithinMs = 5_000

export const liveRow: Row = {
  name: 'live',
  about: '1,000 liveUsage subscribers at 10 messages a second each; all current, p99 < 100 ms',
  run: ({ quiet }) =>
    withMachine(async (machine) => {
      const api = await machine.startApi()
      const keys = await createKeys(api, subscriberCount)
      const ledger = createLedger(keys.length)
      const secrets = keys.map(({ secret }) => secret)
      const clients = await openLiveClients(api.port, secrets, ledger.arrived)
      const redis = new Redis(machine.redisUrl)
      const publisher = createPublisher(redis, keys, ledger)
      await publisher.run(warmUpSeconds)
      await ledger.allCurrent()
      // Ten a second is all that a subscriber is sent: what the slow first seconds left waiting would
      // keep every later state waiting as long.
      await setTimeout(500)
      ledger.reset()
      const cpuBefore = cpuNanoseconds(api.pid)
      await publisher.run(seconds)
      const current = await ledger.allCurrent()
      const cpu = (cpuNanoseconds(api.pid) - cpuBefore) / 1_000
      redis.disconnect()
      await clients.close()

      const { delays, deliveries } = ledger
      const superseded = delays.length - deliveries
      console.log(
        `  ${grouped(delays.length)} messages: ${grouped(deliveries)} delivered, ` +
          `${grouped(superseded)} superseded by a newer one that came, ` +
          `${current ? 'none' : 'SOME'} missing`,
      )
      console.log(
        `  ${(cpu / deliveries).toFixed(1)} µs of API CPU a delivery; ` +
          `p50 ${quantile(delays, 0.5).toFixed(1)} ms, longest ${quantile(delays, 1).toFixed(1)} ms`,
      )
      const text = 'p99 from the entry in live:{p} to its subscriber, or to a newer state there'
      const p99 = { value: quantile(delays, 0.99), unit: 'ms', text, atMost: 100, digits: 1 }
      return printAbsolute(p99, quiet) && current
    }),
}

/** Who has got what, and how long after it was published. Totals number the messages. */
function createLedger(subscribers: number) {
  const publishedAt: number[] = []
  const last = new Array<number>(subscribers).fill(0)
  const delays: number[] = []
  let deliveries = 0

  /** A state answers for each one before it that did not come by itself. */
  function arrived(index: number, total: number): void {
    const now = performance.now()
    if (total === 0) return
    for (let one = (last[index] ?? 0) + 1; one <= total; one++) {
      delays.push(now - (publishedAt[one] ?? Number.NaN))
    }
    last[index] = total
    deliveries++
  }

  return {
    delays,
    get deliveries() {
      return deliveries
    },
    arrived,
    /** Numbers the next message; its time is now. */
    publish: () => {
      publishedAt[Math.max(1, publishedAt.length)] = performance.now()
      return publishedAt.length - 1
    },
    reset() {
      delays.length = 0
      deliveries = 0
    },
    /** Whether in the end every subscriber has the last state. */
    async allCurrent(): Promise<boolean> {
      const deadline = performance.now() + deliveredWithinMs
      while (performance.now() < deadline) {
        if (last.every((total) => total === publishedAt.length - 1)) return true
        await setTimeout(5)
      }
      return false
    },
  }
}

/** Stands for a roll-up whose every flush, ten a second, has touched every key. */
function createPublisher(
  redis: Redis,
  keys: readonly BenchKey[],
  ledger: ReturnType<typeof createLedger>,
) {
  const byPartition = Map.groupBy(keys, ({ id }) => partitionOf(id))

  async function publish(): Promise<void> {
    const now = Date.now()
    const total = ledger.publish()
    const written = [...byPartition].map(([partition, some]) => {
      const message = encodeLiveTotals(some.map((key) => totalsOf(key, now, total)))
      const stream = liveStream(partition)
      return redis.xadd(stream, 'MAXLEN', '~', 128, `${total}-0`, liveField, message)
    })
    await Promise.all(written)
  }

  return {
    /** The last message has its tenth of a second, too: what follows at once would be one too many. */
    async run(forSeconds: number): Promise<void> {
      const start = performance.now()
      for (let i = 1; i <= forSeconds * messagesPerSecond; i++) {
        await publish()
        const due = start + (i * 1_000) / messagesPerSecond
        await setTimeout(Math.max(0, due - performance.now()))
      }
    },
  }
}

function totalsOf({ id, accountId }: BenchKey, now: number, total: number): LiveTotals {
  const date = new Date(now)
  const day = date.setUTCHours(0, 0, 0, 0)
  return {
    ...{ apiKeyId: id, accountId, at: now },
    ...{ hour: now - (now % 3_600_000), hourTotal: total, hourFailed: 0 },
    ...{ day, dayTotal: total, dayFailed: 0 },
    ...{ month: date.setUTCDate(1), monthTotal: total, monthFailed: 0 },
  }
}
