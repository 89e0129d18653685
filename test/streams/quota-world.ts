import { Cluster } from 'ioredis'
import { type Logger, pino } from 'pino'
import { Registry } from 'prom-client'
import { vi } from 'vitest'
import { monthName, startOfMonth } from '../../src/rules/calendar-time.ts'
import { usageCells } from '../../src/store/usage-cells.ts'
import type { LiveTotals } from '../../src/streams/live-messages.ts'
import {
  createQuotaCounters,
  type QuotaCounters,
  QuotaRefusal,
  type ReserveRequest,
} from '../../src/streams/quota-counters.ts'
import { quotaKey } from '../../src/streams/quota-writes.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'

/** What one API process has of the counters: a connection, a registry and a log of its own. */
export interface ApiProcess extends QuotaCounters {
  redis: RedisClient
  registry: Registry
  logged: string[]
}

/** A Redis and a database, and any number of API processes on them. */
export interface QuotaWorld {
  server: TestServer
  database: TestDatabase
  clock: () => number
  /** Sets the API processes' clock going from this instant; without one it is the real time. */
  setClock(at?: number): void
  apiProcess(db?: TestDatabase['db']): Promise<ApiProcess>
  /** What the counter of the key holds; null: there is none. */
  counted(apiKeyId: string): Promise<number | null>
  /** Writes the month's cell as the roll-up does. */
  rollUp(apiKeyId: string, total: number): Promise<void>
  totals(apiKeyId: string, monthTotal: number): LiveTotals
  closeProcesses(): void
  stop(): Promise<void>
}

export interface QuotaWorldOptions {
  /** In place of the Redis of its own: a cluster's. */
  url?: string
  /** Where a test is about exact counts, a slow machine must not pass for an absent Redis. */
  budgetMs?: number
}

export async function quotaWorld(options: QuotaWorldOptions = {}): Promise<QuotaWorld> {
  const { url, ...budget } = options
  const [server, database] = await Promise.all([startRedis(), testDatabase()])
  const redisUrl = url ?? server.url
  const observer = connectRedis(redisUrl)
  const processes: ApiProcess[] = []
  let offset = 0
  const clock = () => Date.now() + offset

  function closeProcesses(): void {
    for (const { stop, redis } of processes.splice(0)) {
      stop()
      redis.disconnect()
    }
  }

  return {
    server,
    database,
    clock,
    setClock(at) {
      offset = at === undefined ? 0 : at - Date.now()
    },
    async apiProcess(db = database.db) {
      const redis = connectRedis(redisUrl)
      await vi.waitFor(() => allReady(redis))
      const logged: string[] = []
      const log: Logger = pino({}, { write: (line: string) => void logged.push(line) })
      const registry = new Registry()
      const counters = createQuotaCounters({ redis, db, clock, log, registry, ...budget })
      const process_ = { ...counters, redis, registry, logged }
      processes.push(process_)
      return process_
    },
    async counted(apiKeyId) {
      const value = await observer.hget(quotaKey(apiKeyId), monthName(clock()))
      return value === null ? null : Number(value)
    },
    async rollUp(apiKeyId, total) {
      const { months } = usageCells(database.db)
      await months.updateOne(
        { _id: `${apiKeyId}:${monthName(clock())}` },
        { $set: { total, at: new Date(startOfMonth(clock())) } },
        { upsert: true },
      )
    },
    totals: (apiKeyId, monthTotal) => ({
      ...{ apiKeyId, accountId: 'acc_1', at: clock() },
      ...{ month: startOfMonth(clock()), monthTotal, monthFailed: 0 },
      ...{ day: 0, dayTotal: 0, dayFailed: 0, hour: 0, hourTotal: 0, hourFailed: 0 },
    }),
    closeProcesses,
    async stop() {
      closeProcesses()
      observer.disconnect()
      await server.stop()
      await database.drop()
    },
  }
}

async function allReady(redis: RedisClient): Promise<void> {
  await redis.ping()
  const nodes = redis instanceof Cluster ? redis.nodes('master') : []
  if (nodes.some(({ status }) => status !== 'ready')) throw new Error('a node is not ready')
}

let keys = 0

export function newKey(): string {
  return `key_${String(++keys).padStart(4, '0')}${Math.random().toString(36).slice(2, 10)}`
}

export function wish(apiKeyId: string, changes: Partial<ReserveRequest> = {}): ReserveRequest {
  const { monthlyLimit = 1_000 } = changes
  return {
    ...{ apiKeyId, units: 1, monthlyLimit, hardLimit: monthlyLimit, requestsPerSecond: 1_000_000 },
    ...changes,
  }
}

export interface Tally {
  granted: number
  units: number
  QUOTA_EXCEEDED: number
  RATE_LIMITED: number
}

/** Sends all of them at once. */
export async function tally(
  wishes: readonly (readonly [QuotaCounters, ReserveRequest])[],
): Promise<Tally> {
  const result: Tally = { granted: 0, units: 0, QUOTA_EXCEEDED: 0, RATE_LIMITED: 0 }
  await Promise.all(
    wishes.map(async ([counters, request]) => {
      try {
        await counters.reserve(request)
        result.granted++
        result.units += request.units
      } catch (error) {
        if (!(error instanceof QuotaRefusal)) throw error
        result[error.code as 'QUOTA_EXCEEDED' | 'RATE_LIMITED']++
      }
    }),
  )
  return result
}
