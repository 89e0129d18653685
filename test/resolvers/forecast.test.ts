import { parse, subscribe } from 'graphql'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { createForecasts, type Forecasts } from '../../src/resolvers/forecasts.ts'
import { DAY, dayName, monthName, startOfDay, startOfMonth } from '../../src/rules/calendar-time.ts'
import { weekdayOf } from '../../src/rules/tax/calendar-date.ts'
import { createTaxHistory } from '../../src/rules/tax/tax-history.ts'
import { buildSchema } from '../../src/schema/schema.ts'
import type { ApiKeyDoc } from '../../src/store/api-keys.ts'
import { connectDatabase } from '../../src/store/database.ts'
import { noteDatesRead } from '../../src/store/dates-read.ts'
import { type UsageCell, usageCells } from '../../src/store/usage-cells.ts'
import { createLiveReader } from '../../src/streams/live-reader.ts'
import { connectRedis } from '../../src/streams/redis.ts'
import { asKey, ask, asOwner, contextOf, plans, plantKey, silent } from '../asked.ts'
import { plantUsage } from '../planted-usage.ts'
import { faintlyBas, pullOfBas, type UnitsOf } from '../rules/forecast/usage.ts'
import { shipped } from '../rules/tax/shipped-data.ts'
import { startRedis, type TestDatabase, testDatabase } from '../servers.ts'

let database: TestDatabase
let forecasts: Forecasts
let first: ApiKeyDoc
let now = 0

const owner = asOwner('acc_a')
const clock = () => now
const history = createTaxHistory(shipped, clock)

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

beforeEach(async () => {
  await database.db.dropDatabase()
  now = Date.parse('2026-11-11T00:00:00Z')
  forecasts = createForecasts({ db: database.db, taxHistory: history, clock })
  first = await plantKey(database.db, 'key_first', 'acc_a', { createdAt: new Date(1) })
  await plantKey(database.db, 'key_second', 'acc_a', { tier: 'starter', createdAt: new Date(2) })
  await plantKey(database.db, 'key_large', 'acc_a', { tier: 'enterprise', createdAt: new Date(3) })
  await plantKey(database.db, 'key_foreign', 'acc_b')
})

/** Days and months of an office's use, up to yesterday. */
async function plantOffice(apiKeyId: string, units: number, accountId = 'acc_a'): Promise<void> {
  await plantDays(apiKeyId, accountId, (_date, weekday) =>
    weekday % 6 === 0 ? units / 10 : units + (weekday - 3),
  )
}

async function plantDays(apiKeyId: string, accountId: string, unitsOf: UnitsOf): Promise<void> {
  const days: UsageCell[] = []
  const months = new Map<number, UsageCell>()
  const today = startOfDay(now)
  for (let at = today - 89 * DAY; at < today; at += DAY) {
    const total = Math.round(unitsOf(dayName(at), weekdayOf(at / DAY), at / DAY))
    const shared = { apiKeyId, accountId, tier: 'free', total, failed: 0, endpoints: {} }
    days.push({ _id: `${apiKeyId}:${dayName(at)}`, ...shared, at: new Date(at) })
    const month = startOfMonth(at)
    const sum = total + (months.get(month)?.total ?? 0)
    const _id = `${apiKeyId}:${monthName(at)}`
    months.set(month, { _id, ...shared, at: new Date(month), total: sum })
  }
  await usageCells(database.db).days.insertMany(days)
  await usageCells(database.db).months.insertMany([...months.values()])
}

interface Forecast {
  month: string
  expected: number
  low: number
  high: number
  exhaustsAt: string | null
  because: string[]
}

const source = `query ($id: ID) {
  usageForecast(apiKeyId: $id) { month expected low high exhaustsAt because }
}`

async function asked(caller: Caller, id?: string): Promise<Forecast> {
  const context = contextOf(caller, { db: database.db, clock, forecasts })
  const { data, errors } = await ask(source, context, { id })
  expect(errors).toBeUndefined()
  return data?.usageForecast as Forecast
}

describe('usageForecast', () => {
  test('tells a key its month, an interval, when its limit is reached, and why', async () => {
    await plantOffice('key_first', 60)
    const forecast = await asked(asKey(first))
    expect(forecast.month).toBe('2026-11')
    // 21 working days at 60 and 9 others at 6.
    expect(forecast.expected).toBeGreaterThan(1_220)
    expect(forecast.expected).toBeLessThan(1_420)
    expect(forecast.low).toBeLessThan(forecast.expected)
    expect(forecast.high).toBeGreaterThan(forecast.expected)
    // 1,000 are reached on the 17th working day, a Tuesday.
    expect(forecast.exhaustsAt).toMatch(/^2026-11-2[345]T/)
    expect(forecast.because.join()).toMatch(/weekends at 1\d % of weekdays/)
  })

  test('tells an owner the sum of the keys, and the first of their limits to be reached', async () => {
    await plantOffice('key_first', 60)
    await plantOffice('key_second', 700)
    await plantOffice('key_large', 2_000)
    const sum = await asked(owner)
    const parts = []
    for (const id of ['key_first', 'key_second', 'key_large']) parts.push(await asked(owner, id))
    const total = parts.reduce((units, { expected }) => units + expected, 0)
    expect(sum.expected / total).toBeCloseTo(1, 1)
    const [free, starter, enterprise] = parts.map(({ exhaustsAt }) => exhaustsAt)
    expect(enterprise).toBeNull()
    expect(starter).toMatch(/^2026-11-1[89]T/)
    expect(sum.exhaustsAt).toBe([free, starter].toSorted()[0])
  })

  test('says now where the limit is reached, and null where it is not this month', async () => {
    await plantOffice('key_first', 200)
    await plantOffice('key_second', 20)
    expect((await asked(owner, 'key_first')).exhaustsAt).toBe('2026-11-11T00:00:00Z')
    expect((await asked(owner, 'key_second')).exhaustsAt).toBeNull()
  })

  test('a key without use: nothing is expected, and says so', async () => {
    expect(await asked(asKey(first))).toMatchObject({
      ...{ expected: 0, low: 0, high: 0, exhaustsAt: null },
      because: ['no full day of use yet: only what was called so far is known'],
    })
  })

  test('is kept for five minutes, but never tells less than what is used', async () => {
    await plantOffice('key_first', 60)
    const before = await asked(asKey(first))
    const used = before.high - 1
    const { months, days } = usageCells(database.db)
    await months.updateOne({ _id: 'key_first:2026-11' }, { $set: { total: used } })
    await days.updateMany({}, { $mul: { total: 10 } })
    now += 60_000
    expect(await asked(asKey(first))).toMatchObject({
      ...{ expected: used, low: used, high: before.high, exhaustsAt: '2026-11-11T00:01:00Z' },
      because: before.because,
    })
    await months.updateOne({ _id: 'key_first:2026-11' }, { $set: { total: before.high - 2 } })
    now += 5 * 60_000
    await asked(asKey(first))
    await vi.waitFor(async () => {
      expect((await asked(asKey(first))).expected).toBeGreaterThan(9_000)
    })
  })

  test('is made anew at once where use has overtaken it, as the first calls of a new key do', async () => {
    expect(await asked(asKey(first))).toMatchObject({ high: 0, exhaustsAt: null })
    await plantUsage(database.db, [
      { apiKeyId: 'key_first', accountId: 'acc_a', at: now, units: 300 },
    ])
    now += 60_000
    const forecast = await asked(asKey(first))
    expect(forecast.expected).toBeGreaterThan(300)
    expect(forecast.exhaustsAt).not.toBeNull()
  })

  test('begins anew with a month', async () => {
    now = Date.parse('2026-11-30T23:59:00Z')
    await plantOffice('key_first', 60)
    await asked(asKey(first))
    now = Date.parse('2026-12-01T00:00:00Z')
    const { month, low, expected } = await asked(asKey(first))
    expect(month).toBe('2026-12')
    expect(low).toBeGreaterThan(0)
    expect(expected).toBeGreaterThan(1_000)
  })

  test.each([
    ['another account’s key, to an owner', () => owner, 'key_foreign', 'NOT_FOUND'],
    ['a sibling, to an API key', () => asKey(first), 'key_second', 'NOT_FOUND'],
    ['anything, to the admin key', (): Caller => ({ kind: 'admin' }), undefined, 'FORBIDDEN'],
  ])('does not show %s', async (_name, caller, id, code) => {
    const context = contextOf(caller(), { db: database.db, clock, forecasts })
    const { errors } = await ask(source, context, { id })
    expect(errors?.[0]?.originalError).toMatchObject({ code })
  })

  test('does not count another account’s calls', async () => {
    await plantOffice('key_first', 60)
    await plantOffice('key_foreign', 5_000, 'acc_b')
    expect((await asked(owner)).expected).toBeLessThan(1_500)
  })
})

describe('the kept forecasts', () => {
  const scope = { accountId: 'acc_a', apiKeyId: 'key_first' }
  const free = plans.get('free') ?? null

  test('are made once for all who ask at the same time', async () => {
    await plantOffice('key_first', 60)
    const all = await Promise.all(Array.from({ length: 20 }, () => forecasts.of(scope, free, 0)))
    expect(new Set(all).size).toBe(1)
  })

  test('go on while MongoDB is away, and fail only where there is none yet', async () => {
    await plantOffice('key_first', 60)
    const { db, close } = await connectDatabase({ uri: database.uri })
    const kept = createForecasts({ db, taxHistory: history, clock })
    const before = await kept.of(scope, free, 0)
    await close()
    now += 10 * 60_000
    expect(await kept.of(scope, free, 0)).toBe(before)
    await expect(kept.of({ ...scope, apiKeyId: 'key_second' }, free, 0)).rejects.toThrow()
    expect(await kept.of(scope, free, 0)).toBe(before)
  })

  test('believe the due dates of the countries that the key’s calendar feeds show', async () => {
    const unlimited = plans.get('enterprise') ?? null
    await plantDays('key_first', 'acc_a', faintlyBas)
    expect((await forecasts.of(scope, unlimited, 0)).because.join()).not.toContain('due dates')
    const feed = { apiKeyId: 'key_first', revokedAt: null, choice: { countries: ['AU'] } }
    await database.db.collection('calendarFeeds').insertOne(feed)
    const told = createForecasts({ db: database.db, taxHistory: history, clock })
    expect((await told.of(scope, unlimited, 0)).because.join()).toContain('(AU)')
    await database.db
      .collection('calendarFeeds')
      .updateOne({}, { $set: { revokedAt: new Date(1) } })
    const forgotten = createForecasts({ db: database.db, taxHistory: history, clock })
    expect((await forgotten.of(scope, unlimited, 0)).because.join()).not.toContain('due dates')
  })

  test.each([
    [['au-bas-m'], '(AU)'],
    [['GB', 'AU'], '(AU)'],
  ])('believe the due dates that the key asks for: %j', async (read, named) => {
    await plantDays('key_first', 'acc_a', faintlyBas)
    await noteDatesRead(database.db, [['key_first', read]], new Date(startOfDay(now)))
    const unlimited = plans.get('enterprise') ?? null
    expect((await forecasts.of(scope, unlimited, 0)).because.join()).toContain(named)
    const account = await forecasts.of({ ...scope, apiKeyId: null }, null, 0)
    expect(account.because.join()).toContain(named)
  })

  test('believe no others', async () => {
    const plainlyBas: UnitsOf = (_date, weekday, day) =>
      (weekday % 6 === 0 ? 100 : 1_000) * (1 + 2 * pullOfBas(day))
    await plantDays('key_first', 'acc_a', plainlyBas)
    const unlimited = plans.get('enterprise') ?? null
    expect((await forecasts.of(scope, unlimited, 0)).because.join()).toContain('(AU)')
    await noteDatesRead(database.db, [['key_first', ['SG']]], new Date(startOfDay(now)))
    const told = createForecasts({ db: database.db, taxHistory: history, clock })
    expect((await told.of(scope, unlimited, 0)).because.join()).not.toContain('(AU)')
  })
})

test('liveUsage says when the limit will be reached, and now once it is', async () => {
  const server = await startRedis()
  const redis = connectRedis(server.url)
  const registry = new Registry()
  const live = createLiveReader({ db: database.db, redis, clock, log: silent, registry })
  live.start()
  await vi.waitFor(() => redis.ping())
  const document = parse('subscription { liveUsage { apiKeyId monthRequests exhaustsAt } }')
  const states = async () => {
    const contextValue = contextOf(owner, { db: database.db, clock, live, forecasts })
    const answer = await subscribe({ schema: buildSchema(), document, contextValue })
    if (!(Symbol.asyncIterator in answer)) throw new Error('the subscription was refused')
    const found = new Map<string, string | null>()
    for (let left = 3; left > 0; left--) {
      const { value } = await answer.next()
      expect(value?.errors).toBeUndefined()
      const state = JSON.parse(JSON.stringify(value?.data?.liveUsage))
      found.set(state.apiKeyId, state.exhaustsAt)
    }
    await answer.return?.(undefined)
    return found
  }
  await plantOffice('key_first', 60)
  await plantOffice('key_second', 20)
  const before = await states()
  expect(before.get('key_first')).toBe((await asked(owner, 'key_first')).exhaustsAt)
  expect(before.get('key_first')).toMatch(/^2026-11-2[345]T/)
  expect(before.get('key_second')).toBeNull()
  expect(before.get('key_large')).toBeNull()
  const { months } = usageCells(database.db)
  await months.updateOne({ _id: 'key_first:2026-11' }, { $set: { total: 1_000 } })
  expect((await states()).get('key_first')).toBe('2026-11-11T00:00:00Z')
  await live.stop()
  redis.disconnect()
  await server.stop()
})
