import { type ExecutionResult, parse, subscribe } from 'graphql'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { liveStream, partitionOf } from '../../src/rules/partition.ts'
import { buildSchema } from '../../src/schema/schema.ts'
import type { ApiKeyDoc } from '../../src/store/api-keys.ts'
import { encodeLiveTotals, type LiveTotals, liveField } from '../../src/streams/live-messages.ts'
import { createLiveReader, type LiveReader } from '../../src/streams/live-reader.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { asKey, asOwner, contextOf, plantKey, silent } from '../asked.ts'
import { liveTotals } from '../live-totals.ts'
import { plantUsage } from '../planted-usage.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'

let database: TestDatabase
let server: TestServer
let redis: RedisClient
let registry: Registry
let live: LiveReader
let first: ApiKeyDoc
let version = 0
let now = 0

const owner = asOwner('acc_a')
const own = { accountId: 'acc_a', apiKeyId: 'key_first' }
const document = parse(`subscription ($id: ID) {
  liveUsage(apiKeyId: $id) {
    apiKeyId at hourRequests dayRequests monthRequests monthlyLimit remaining resetsAt exhaustsAt
  }
}`)

beforeAll(async () => {
  database = await testDatabase()
  server = await startRedis()
  redis = connectRedis(server.url)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
  await database.drop()
})
beforeEach(async () => {
  await vi.waitFor(() => redis.flushall())
  await database.db.dropDatabase()
  now = Date.parse('2026-11-22T12:30:00Z')
  registry = new Registry()
  live = createLiveReader({ db: database.db, redis, clock: () => now, log: silent, registry })
  live.start()
  first = await plantKey(database.db, 'key_first', 'acc_a', { createdAt: new Date(1) })
  await plantKey(database.db, 'key_second', 'acc_a', { tier: 'enterprise', createdAt: new Date(2) })
  await plantKey(database.db, 'key_gone', 'acc_a', { revokedAt: new Date(4) })
  await plantKey(database.db, 'key_foreign', 'acc_b')
})
afterEach(() => live.stop())

interface Live {
  apiKeyId: string
  monthRequests: number
  hourRequests: number
}

async function listen(caller: Caller, id?: string) {
  const contextValue = contextOf(caller, { db: database.db, clock: () => now, live })
  const schema = buildSchema()
  const answer = await subscribe({ schema, document, contextValue, variableValues: { id } })
  if (!(Symbol.asyncIterator in answer)) return { refused: answer as ExecutionResult }
  const next = async (): Promise<Live> => {
    const { value } = await answer.next()
    expect(value?.errors).toBeUndefined()
    return JSON.parse(JSON.stringify(value?.data?.liveUsage))
  }
  return { next, leave: () => answer.return?.(undefined) }
}

async function listening(caller: Caller, id?: string) {
  const { next, leave } = await listen(caller, id)
  if (!next) throw new Error('the subscription was refused')
  return { next, leave }
}

async function commit(totals: LiveTotals): Promise<void> {
  version += 1
  const stream = liveStream(partitionOf(totals.apiKeyId))
  await redis.xadd(stream, `${version}-0`, liveField, encodeLiveTotals([totals]))
}

describe('liveUsage', () => {
  test('begins with the state now and goes on with each roll-up', async () => {
    await plantUsage(database.db, [
      { ...own, at: '2026-11-01T00:00:00Z', units: 100 },
      { ...own, at: '2026-11-22T01:00:00Z', units: 10 },
      { ...own, at: '2026-11-22T12:01:00Z', units: 1 },
    ])
    const { next, leave } = await listening(asKey(first))
    expect(await next()).toEqual({
      apiKeyId: 'key_first',
      at: '2026-11-22T12:30:00Z',
      ...{ hourRequests: 1, dayRequests: 11, monthRequests: 111 },
      ...{ monthlyLimit: 1_000, remaining: 889 },
      resetsAt: '2026-12-01T00:00:00Z',
      exhaustsAt: null,
    })
    await commit(liveTotals({ at: now, hourTotal: 2, dayTotal: 12, monthTotal: 1_012 }))
    expect(await next()).toMatchObject({ hourRequests: 2, monthRequests: 1_012, remaining: 0 })
    await leave?.()
  })

  test('sends an owner one state for each key that can be used, and limits only where there are any', async () => {
    const { next, leave } = await listening(owner)
    expect([await next(), await next()]).toMatchObject([
      { apiKeyId: 'key_first', monthRequests: 0, monthlyLimit: 1_000, remaining: 1_000 },
      { apiKeyId: 'key_second', monthRequests: 0, monthlyLimit: null, remaining: null },
    ])
    await commit(liveTotals({ apiKeyId: 'key_second', monthTotal: 4 }))
    expect(await next()).toMatchObject({ apiKeyId: 'key_second', monthRequests: 4 })
    await plantKey(database.db, 'key_new', 'acc_a')
    await commit(liveTotals({ apiKeyId: 'key_new', monthTotal: 1 }))
    expect(await next()).toMatchObject({ apiKeyId: 'key_new', monthRequests: 1 })
    await leave?.()
  })

  test('sends one key alone when it is named', async () => {
    const { next, leave } = await listening(owner, 'key_second')
    expect(await next()).toMatchObject({ apiKeyId: 'key_second' })
    await commit(liveTotals({ monthTotal: 9 }))
    await commit(liveTotals({ apiKeyId: 'key_second', monthTotal: 2 }))
    expect(await next()).toMatchObject({ apiKeyId: 'key_second', monthRequests: 2 })
    await leave?.()
  })

  test('counts from zero in a new hour, whatever the newest event says', async () => {
    const { next, leave } = await listening(asKey(first))
    await next()
    now = Date.parse('2026-11-22T13:00:00.200Z')
    const at = Date.parse('2026-11-22T12:59:59.900Z')
    await commit(liveTotals({ at, hourTotal: 5, dayTotal: 6, monthTotal: 7 }))
    expect(await next()).toMatchObject({ hourRequests: 0, dayRequests: 6, monthRequests: 7 })
    await leave?.()
  })

  test('an old message that arrives after the state now sends nothing', async () => {
    await plantUsage(database.db, [{ ...own, at: now, units: 8 }])
    const { next, leave } = await listening(asKey(first))
    expect(await next()).toMatchObject({ monthRequests: 8 })
    await commit(liveTotals({ monthTotal: 7 }))
    await commit(liveTotals({ monthTotal: 8 }))
    await commit(liveTotals({ monthTotal: 9 }))
    expect(await next()).toMatchObject({ monthRequests: 9 })
    await leave?.()
  })

  test('ends for who leaves while nothing happens', async () => {
    const { next, leave } = await listening(asKey(first))
    await next()
    const parked = next().catch(() => 'ended')
    await leave?.()
    await parked
    const metric = await registry.getSingleMetric('getcomplical_live_subscribers')?.get()
    expect(metric?.values[0]?.value).toBe(0)
  })
})

describe('who may listen', () => {
  test.each([
    ['an owner to another account’s key', () => owner, 'key_foreign', 'NOT_FOUND'],
    ['an API key to its sibling', () => asKey(first), 'key_second', 'NOT_FOUND'],
    ['the admin key to anything', (): Caller => ({ kind: 'admin' }), undefined, 'FORBIDDEN'],
  ])('not %s', async (_name, caller, id, code) => {
    const { refused } = await listen(caller(), id)
    expect(refused?.errors?.[0]?.originalError).toMatchObject({ code })
    const metric = await registry.getSingleMetric('getcomplical_live_subscribers')?.get()
    expect(metric?.values[0]?.value ?? 0).toBe(0)
  })

  test('an owner to a revoked key by its id, whose last state it is', async () => {
    const gone = { accountId: 'acc_a', apiKeyId: 'key_gone' }
    await plantUsage(database.db, [{ ...gone, at: now, units: 3 }])
    const { next, leave } = await listening(owner, 'key_gone')
    expect(await next()).toMatchObject({ apiKeyId: 'key_gone', monthRequests: 3 })
    await leave?.()
  })
})
