import type { QuotaPeriod } from '../rules/quota-period.ts'
import { reserveUnits } from './quota-scripts.ts'
import { quotaKey } from './quota-writes.ts'
import type { RedisClient } from './redis.ts'
import { runScript } from './redis-script.ts'

/** One operation's wish, as the script `reserveUnits` reads it. */
export interface Operation {
  apiKeyId: string
  period: QuotaPeriod
  units: number
  /** null: none */
  hardLimit: number | null
  requestsPerSecond: number
}

/** Units used after it, or one of `missing`, `overQuota`, `overRate` with the units used. */
export type Reply = number | [code: number, used: number]

/**
 * Gathers what is asked for into one script call: of one event-loop tick, and of the time that the last
 * call takes. So a quiet process waits for nobody, and a busy one asks once for all that came meanwhile,
 * which also brings their answers, and with them the writes of the spool, into one tick.
 */
export interface QuotaBatches<O extends Operation> {
  /** Rejects where the call did. */
  reserve(operation: O): Promise<Reply>
}

interface Waiting<O> {
  operation: O
  resolve(reply: Reply): void
  reject(error: unknown): void
}

/** Operations a script call: some 1.5 ms of Redis. */
const batchSize = 256

export function createQuotaBatches<O extends Operation>(options: {
  redis: RedisClient
  call: (command: () => Promise<unknown>) => Promise<unknown>
  /** Called before anything of a tick is sent. */
  beforeSend: (operations: readonly O[]) => void
  /** Time of each script call that was answered. */
  onAnswered: (seconds: number) => void
}): QuotaBatches<O> {
  const { redis, call, beforeSend, onAnswered } = options
  let queue: Waiting<O>[] = []
  let flying = 0

  function flush(): void {
    const waiting = queue
    queue = []
    beforeSend(waiting.map(({ operation }) => operation))
    for (let start = 0; start < waiting.length; ) {
      const { period } = (waiting[start] as Waiting<O>).operation
      let end = start + 1
      while (end < start + batchSize && waiting[end]?.operation.period === period) end++
      flying++
      void send(period, waiting.slice(start, end)).then(landed)
      start = end
    }
  }

  function landed(): void {
    flying--
    if (flying === 0 && queue.length > 0) flush()
  }

  async function send(period: QuotaPeriod, waiting: readonly Waiting<O>[]): Promise<void> {
    const keys: string[] = []
    const args: (string | number)[] = [period.name]
    for (const { operation } of waiting) {
      keys.push(quotaKey(operation.apiKeyId))
      args.push(operation.units, operation.hardLimit ?? -1, 1e6 / operation.requestsPerSecond)
    }
    const sentAt = performance.now()
    try {
      const replies = (await call(() => runScript(redis, reserveUnits, keys, args))) as Reply[]
      onAnswered((performance.now() - sentAt) / 1_000)
      waiting.forEach(({ resolve }, i) => {
        resolve(replies[i] as Reply)
      })
    } catch (error) {
      // Those that came meanwhile have waited for the same answer: nobody waits for two.
      const late = queue
      queue = []
      for (const { reject } of waiting) reject(error)
      for (const { reject } of late) reject(error)
    }
  }

  return {
    reserve: (operation) =>
      new Promise((resolve, reject) => {
        if (queue.push({ operation, resolve, reject }) === 1 && flying === 0) setImmediate(flush)
      }),
  }
}
