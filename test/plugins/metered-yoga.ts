import {
  GraphQLBoolean,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql'
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { vi } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { ApiError } from '../../src/errors.ts'
import { createMeteringMetrics } from '../../src/metering/metering-metrics.ts'
import type { UsageShown } from '../../src/metering/usage-shown.ts'
import { useAccess } from '../../src/plugins/use-access.ts'
import { useErrors } from '../../src/plugins/use-errors.ts'
import { useLimits } from '../../src/plugins/use-limits.ts'
import { useMetering } from '../../src/plugins/use-metering.ts'
import { access } from '../../src/rules/access.ts'
import { monthName } from '../../src/rules/calendar-time.ts'
import type { Plan } from '../../src/rules/plan.ts'
import { defaultQueryLimits } from '../../src/rules/query-cost.ts'
import type { AccountDoc } from '../../src/store/accounts.ts'
import type { ApiKeyDoc } from '../../src/store/api-keys.ts'
import { createQuotaCounters } from '../../src/streams/quota-counters.ts'
import { quotaKey } from '../../src/streams/quota-writes.ts'
import { connectRedis } from '../../src/streams/redis.ts'
import type { UsageEvent } from '../../src/streams/usage-event.ts'
import { startRedis, testDatabase } from '../servers.ts'

export const account = { _id: 'acc_1', name: 'Test' } as AccountDoc

const plan: Plan = {
  ...{ id: 'tiny', name: 'Tiny', monthlyLimit: 10, requestsPerSecond: 1_000, prices: {} },
  ...{ overage: null, stripePriceIds: [], paddlePriceIds: [] },
}
const plans = new Map<string, Plan>([
  ['tiny', plan],
  ['slow', { ...plan, id: 'slow', requestsPerSecond: 1 }],
  ['paid', { ...plan, id: 'paid', monthlyLimit: 2, overage: { per: 1_000, prices: {} } }],
  ['endless', { ...plan, id: 'endless', monthlyLimit: null }],
])

export interface TestEntrance {
  caller: Caller
  requestId: string
  ip: string
  endpoint?: string
}

export interface Asked {
  caller?: Caller
  variables?: object
  endpoint?: string
  accept?: string
}

export interface Answer {
  status: number
  headers: Headers
  data?: Record<string, unknown>
  errors?: { message: string; path?: unknown[]; extensions: { code: string } }[]
  extensions?: { usage: UsageShown }
}

/** A small Yoga with the real plugins around metering, a real Redis, and a spool that can be full. */
export interface MeteredYoga {
  yoga: YogaServerInstance<TestEntrance, object>
  registry: Registry
  /** What stands in the spool. */
  spooled: UsageEvent[]
  spoolIsFull: boolean
  /** How often the resolvers of `thing` and `dear` ran. */
  executed: number
  /** Empties the three above. */
  reset(): void
  fetch(key: ApiKeyDoc, query: string, asked?: Asked): Promise<Response>
  ask(key: ApiKeyDoc, query: string, asked?: Asked): Promise<Answer>
  /** Units in the key's counter. */
  counted(key: ApiKeyDoc): Promise<number>
  /** Billed and failed by endpoint, as it stands in the spool. */
  totals(): Record<string, [units: number, failed: number]>
  stop(): Promise<void>
}

export async function meteredYoga(): Promise<MeteredYoga> {
  const [server, database] = await Promise.all([startRedis(), testDatabase()])
  const redis = connectRedis(server.url)
  await vi.waitFor(() => redis.ping())
  const registry = new Registry()
  const log = pino({ level: 'silent' })
  const quota = createQuotaCounters({ redis, db: database.db, clock: Date.now, log, registry })
  const metering = useMetering({
    ...{ quota, plans, clock: Date.now, metrics: createMeteringMetrics(registry) },
    spool: {
      async append(events) {
        if (world.spoolIsFull) throw new ApiError('UNAVAILABLE', 'no room', { retryAfter: 1 })
        world.spooled.push(...events)
      },
    },
  })
  const limits = { ...defaultQueryLimits, introspection: true, executionTimeoutMs: 200 }
  const yoga = createYoga<TestEntrance>({
    schema: schemaOf(() => world.executed++),
    plugins: [
      useErrors(log),
      useLimits(limits),
      useAccess({ openIntrospection: true }),
      metering,
    ] as Plugin[],
    maskedErrors: false,
    logging: false,
  })

  const world: MeteredYoga = {
    ...{ yoga, registry, spooled: [], spoolIsFull: false, executed: 0 },
    reset() {
      Object.assign(world, { spooled: [], spoolIsFull: false, executed: 0 })
    },
    async fetch(key, query, asked = {}) {
      const { caller = callerOf(key), variables, endpoint, accept = 'application/json' } = asked
      const init = {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: accept },
        body: JSON.stringify({ query, variables }),
      }
      const entrance = { caller, requestId: 'r1', ip: '127.0.0.1', ...(endpoint && { endpoint }) }
      return yoga.fetch('http://localhost/graphql', init, entrance)
    },
    async ask(key, query, asked) {
      const response = await world.fetch(key, query, asked)
      const { status, headers } = response
      return { status, headers, ...(await response.json()) }
    },
    counted: async (key) => Number(await redis.hget(quotaKey(key._id), monthName(Date.now()))),
    totals: () =>
      Object.fromEntries(
        world.spooled.map(({ endpoint, units, failed }) => [endpoint, [units, failed]]),
      ),
    async stop() {
      quota.stop()
      redis.disconnect()
      await server.stop()
      await database.drop()
    },
  }
  return world
}

function schemaOf(onExecuted: () => void): GraphQLSchema {
  const answered = () => {
    onExecuted()
    return {}
  }
  const thing = new GraphQLObjectType({
    name: 'Thing',
    fields: {
      name: { type: GraphQLString, resolve: () => 'thing' },
      broken: { type: GraphQLString, resolve: () => fail('broken') },
      brokenForGood: { type: new GraphQLNonNull(GraphQLString), resolve: () => fail('for good') },
      things: { type: new GraphQLList(GraphQLString), resolve: () => ['a', 'b'] },
    },
  })
  const metered = access(['apiKey', 'account'], 1)
  const free = access(['apiKey', 'account', 'admin'])
  const args = { first: { type: GraphQLInt }, flag: { type: GraphQLBoolean } }
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        thing: { type: thing, args, extensions: metered, resolve: answered },
        nothing: { type: thing, extensions: metered, resolve: () => null },
        failing: { type: thing, extensions: metered, resolve: () => fail('failing') },
        slow: { type: thing, extensions: metered, resolve: () => new Promise(() => {}) },
        dear: { type: thing, extensions: access(['apiKey'], 4), resolve: answered },
        free: { type: thing, extensions: free, resolve: () => ({}) },
      },
    }),
  })
}

function fail(message: string): never {
  throw new ApiError('NOT_FOUND', message)
}

let keys = 0

export function newKey(tier = 'tiny', blockedBecause: string | null = null): ApiKeyDoc {
  const _id = `key_${Math.random().toString(36).slice(2, 10)}${String(++keys).padStart(4, '0')}`
  return { _id, accountId: account._id, tier, blockedBecause } as ApiKeyDoc
}

export function callerOf(apiKey: ApiKeyDoc): Caller {
  return { kind: 'apiKey', apiKey, account }
}
