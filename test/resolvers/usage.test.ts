import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { DAY, HOUR } from '../../src/rules/calendar-time.ts'
import { accountMonths } from '../../src/store/account-months.ts'
import type { ApiKeyDoc } from '../../src/store/api-keys.ts'
import { usageCells } from '../../src/store/usage-cells.ts'
import { asKey, ask, asOwner, contextOf, plantKey } from '../asked.ts'
import { plantUsage } from '../planted-usage.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'

let database: TestDatabase
let first: ApiKeyDoc
let second: ApiKeyDoc
let revoked: ApiKeyDoc
let foreign: ApiKeyDoc
let now = 0

const owner = asOwner('acc_a')
const [own, other] = [
  { accountId: 'acc_a', apiKeyId: 'key_first' },
  { accountId: 'acc_a', apiKeyId: 'key_second' },
]

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

beforeEach(async () => {
  await database.db.dropDatabase()
  now = Date.parse('2026-11-10T14:30:00Z')
  first = await plantKey(database.db, 'key_first', 'acc_a', { createdAt: new Date(1) })
  second = await plantKey(database.db, 'key_second', 'acc_a', {
    createdAt: new Date(2),
    tier: 'enterprise',
  })
  revoked = await plantKey(database.db, 'key_revoked', 'acc_a', {
    createdAt: new Date(3),
    revokedAt: new Date(4),
  })
  foreign = await plantKey(database.db, 'key_foreign', 'acc_b')
})

function question(source: string, caller: Caller, variables: Record<string, unknown> = {}) {
  return ask(source, contextOf(caller, { db: database.db, clock: () => now }), variables)
}

const monthly = `query ($month: YearMonth) {
  monthlyUsage(month: $month) {
    month totalRequests averagePerDay
    peakDay { date totalRequests failedRequests endpoints { endpoint totalRequests } }
    endpoints { endpoint totalRequests }
    apiKeys { apiKey { id } totalRequests remaining }
  }
}`
const daily = `query ($id: ID, $from: Date!, $to: Date!) {
  dailyUsage(apiKeyId: $id, startDate: $from, endDate: $to) {
    date totalRequests failedRequests endpoints { endpoint totalRequests }
  }
}`
const realtime = `query ($id: ID) {
  realtimeUsage(apiKeyId: $id) { hour totalRequests failedRequests endpoints { endpoint totalRequests } }
}`

interface Row {
  date: string
  hour: string
  totalRequests: number
  failedRequests: number
}

function rowsOf(answer: unknown): Row[] {
  return answer as Row[]
}

describe('monthlyUsage', () => {
  test('sums all keys of the account and says what each did and what it may still do', async () => {
    await plantUsage(database.db, [
      { ...own, at: '2026-11-01T00:00:00Z', units: 30 },
      { ...own, at: '2026-11-09T10:00:00Z', units: 20, endpoint: 'countries', failed: 2 },
      { ...other, at: '2026-11-09T23:59:59.999Z', units: 15 },
      { apiKeyId: 'key_revoked', accountId: 'acc_a', at: '2026-11-02T00:00:00Z', units: 5 },
      { apiKeyId: 'key_foreign', accountId: 'acc_b', at: '2026-11-02T00:00:00Z', units: 900 },
    ])
    const { data, errors } = await question(monthly, owner)
    expect(errors).toBeUndefined()
    expect(data?.monthlyUsage).toEqual({
      month: '2026-11',
      totalRequests: 70,
      averagePerDay: 7,
      peakDay: {
        date: '2026-11-09',
        totalRequests: 35,
        failedRequests: 2,
        endpoints: [
          { endpoint: 'countries', totalRequests: 20 },
          { endpoint: 'taxDates', totalRequests: 15 },
        ],
      },
      endpoints: [
        { endpoint: 'taxDates', totalRequests: 50 },
        { endpoint: 'countries', totalRequests: 20 },
      ],
      apiKeys: [
        { apiKey: { id: 'key_first' }, totalRequests: 50, remaining: 950 },
        { apiKey: { id: 'key_second' }, totalRequests: 15, remaining: null },
        { apiKey: { id: 'key_revoked' }, totalRequests: 5, remaining: 995 },
      ],
    })
  })

  test('shows an API key itself alone', async () => {
    await plantUsage(database.db, [
      { ...own, at: now, units: 3 },
      { ...other, at: now, units: 4 },
    ])
    const { data } = await question(monthly, asKey(first))
    expect(data?.monthlyUsage).toMatchObject({
      totalRequests: 3,
      apiKeys: [{ apiKey: { id: 'key_first' }, totalRequests: 3, remaining: 997 }],
    })
  })

  test('answers a month without calls with zeros, no peak and no revoked keys', async () => {
    const { data } = await question(monthly, owner, { month: '2026-10' })
    expect(data?.monthlyUsage).toMatchObject({
      totalRequests: 0,
      averagePerDay: 0,
      peakDay: null,
      endpoints: [],
      apiKeys: [{ apiKey: { id: 'key_first' } }, { apiKey: { id: 'key_second' } }],
    })
  })

  test('answers a month to come with zeros', async () => {
    const { data, errors } = await question(monthly, owner, { month: '2027-01' })
    expect(errors).toBeUndefined()
    expect(data?.monthlyUsage).toMatchObject({ month: '2027-01', averagePerDay: 0, peakDay: null })
  })

  test('names the earliest of several equal peak days', async () => {
    await plantUsage(database.db, [
      { ...own, at: '2026-11-07T08:00:00Z', units: 4 },
      { ...own, at: '2026-11-03T08:00:00Z', units: 4 },
      { ...other, at: '2026-11-05T08:00:00Z', units: 2 },
      { ...own, at: '2026-11-05T09:00:00Z', units: 2 },
    ])
    const { data } = await question(monthly, owner)
    expect(data?.monthlyUsage).toMatchObject({ peakDay: { date: '2026-11-03' } })
  })

  test('has no peak where every call failed', async () => {
    await plantUsage(database.db, [{ ...own, at: now, units: 0, failed: 9 }])
    const { data } = await question(monthly, owner)
    expect(data?.monthlyUsage).toMatchObject({ totalRequests: 0, peakDay: null, endpoints: [] })
  })

  test('never says that less than nothing remains', async () => {
    await plantUsage(database.db, [{ ...own, at: now, units: 1_200 }])
    const { data } = await question(monthly, asKey(first))
    expect(data?.monthlyUsage).toMatchObject({ apiKeys: [{ remaining: 0 }] })
  })

  test('measures a past month by the plan that the key had then', async () => {
    await plantUsage(database.db, [
      { ...other, at: '2026-10-31T23:59:59Z', units: 10, tier: 'free' },
    ])
    const { data } = await question(monthly, asKey(second), { month: '2026-10' })
    expect(data?.monthlyUsage).toMatchObject({ apiKeys: [{ remaining: 990 }] })
  })

  test.each([
    ['2024-02', '2026-11-10T00:00:00Z', 29],
    ['2026-02', '2026-11-10T00:00:00Z', 28],
    ['2026-10', '2026-11-01T00:00:00Z', 31],
    ['2026-11', '2026-11-01T00:00:00Z', 1],
    ['2026-11', '2026-11-30T23:59:59.999Z', 30],
    ['2028-02', '2028-02-29T23:59:59.999Z', 29],
  ])('divides %s at %s by %i days', async (month, at, days) => {
    now = Date.parse(at)
    await plantUsage(database.db, [{ ...own, at: `${month}-01T12:00:00Z`, units: 100 }])
    const { data } = await question(monthly, owner, { month })
    expect(data?.monthlyUsage).toMatchObject({ averagePerDay: 100 / days })
  })

  test('still has the peak of a month whose days have expired, for a key and for the account', async () => {
    await plantUsage(database.db, [
      { ...own, at: '2026-03-05T00:00:00Z', units: 8 },
      { ...other, at: '2026-03-05T00:00:00Z', units: 8 },
    ])
    await usageCells(database.db).days.deleteMany({})
    const kept = { date: '2026-03-05', total: 8, failed: 1, endpoints: { taxDates: 8 } }
    await usageCells(database.db).months.updateMany({}, { $set: { peakDay: kept } })
    await accountMonths(database.db).insertOne({
      ...{ _id: 'acc_a:2026-03', accountId: 'acc_a', at: new Date('2026-03-01') },
      peakDay: { ...kept, total: 16, endpoints: { taxDates: 16 } },
    })
    const key = await question(monthly, asKey(first), { month: '2026-03' })
    expect(key.data?.monthlyUsage).toMatchObject({
      averagePerDay: 8 / 31,
      peakDay: { date: '2026-03-05', totalRequests: 8, failedRequests: 1 },
    })
    const all = await question(monthly, owner, { month: '2026-03' })
    expect(all.data?.monthlyUsage).toMatchObject({
      totalRequests: 16,
      peakDay: { totalRequests: 16, endpoints: [{ endpoint: 'taxDates', totalRequests: 16 }] },
    })
  })
})

describe('dailyUsage', () => {
  test('gives every day of the range, both ends included, with zeros for days without calls', async () => {
    await plantUsage(database.db, [
      { ...own, at: '2026-11-03T00:00:00Z', units: 2, failed: 1 },
      { ...own, at: '2026-11-05T23:59:59.999Z', units: 3 },
      { ...own, at: '2026-11-06T00:00:00Z', units: 50 },
      { ...other, at: '2026-11-05T12:00:00Z', units: 4 },
    ])
    const range = { from: '2026-11-03', to: '2026-11-05' }
    const { data } = await question(daily, owner, range)
    expect(rowsOf(data?.dailyUsage).map((row) => Object.values(row).slice(0, 3))).toEqual([
      ['2026-11-03', 2, 1],
      ['2026-11-04', 0, 0],
      ['2026-11-05', 7, 0],
    ])
    const one = await question(daily, owner, { ...range, id: 'key_second' })
    expect(rowsOf(one.data?.dailyUsage).map((row) => row.totalRequests)).toEqual([0, 0, 4])
  })

  test('crosses a leap day', async () => {
    const { data } = await question(daily, owner, { from: '2024-02-28', to: '2024-03-01' })
    expect(rowsOf(data?.dailyUsage).map(({ date }) => date)).toEqual([
      '2024-02-28',
      '2024-02-29',
      '2024-03-01',
    ])
  })

  test('takes 92 days and refuses 93', async () => {
    const { data } = await question(daily, owner, { from: '2026-07-01', to: '2026-09-30' })
    expect(data?.dailyUsage).toHaveLength(92)
    const { errors } = await question(daily, owner, { from: '2026-07-01', to: '2026-10-01' })
    expect(errors?.[0]?.message).toContain('93 days')
  })

  test('refuses a range that ends before it starts', async () => {
    const { errors } = await question(daily, owner, { from: '2026-07-02', to: '2026-07-01' })
    expect(errors?.[0]?.message).toBe('startDate lies after endDate')
  })
})

describe('realtimeUsage', () => {
  test('gives the running hour and the 23 before, oldest first', async () => {
    await plantUsage(database.db, [
      { ...own, at: '2026-11-10T14:29:00Z', units: 5, failed: 1 },
      { ...own, at: '2026-11-09T15:00:00Z', units: 2 },
      { ...own, at: '2026-11-09T14:59:59.999Z', units: 70 },
      { ...other, at: '2026-11-10T14:00:00Z', units: 1, endpoint: 'countries' },
    ])
    const { data } = await question(realtime, owner)
    const rows = rowsOf(data?.realtimeUsage)
    expect(rows).toHaveLength(24)
    expect(rows[0]).toMatchObject({ hour: '2026-11-09T15:00:00Z', totalRequests: 2 })
    expect(rows[23]).toEqual({
      hour: '2026-11-10T14:00:00Z',
      totalRequests: 6,
      failedRequests: 1,
      endpoints: [
        { endpoint: 'taxDates', totalRequests: 5 },
        { endpoint: 'countries', totalRequests: 1 },
      ],
    })
    expect(rows.reduce((sum, row) => sum + row.totalRequests, 0)).toBe(8)
  })
})

describe('whose usage', () => {
  const range = { from: '2026-11-03', to: '2026-11-05' }
  test.each([
    ['another account’s key, to an owner', () => owner, 'key_foreign'],
    ['a key that never was, to an owner', () => owner, 'key_none'],
    ['an operator in an id', () => owner, '{"$gt":""}'],
    ['a sibling, to an API key', () => asKey(first), 'key_second'],
    ['another account’s key, to an API key', () => asKey(first), 'key_foreign'],
  ])('%s is NOT_FOUND', async (_name, caller, id) => {
    for (const [source, variables] of [
      [daily, { ...range, id }],
      [realtime, { id }],
    ] as const) {
      const { errors } = await question(source, caller(), variables)
      expect(errors?.[0]?.originalError).toMatchObject({ code: 'NOT_FOUND' })
    }
  })

  test('the owner sees a revoked key by its id, and a key itself by its own', async () => {
    await plantUsage(database.db, [
      { apiKeyId: revoked._id, accountId: 'acc_a', at: now, units: 6 },
      { ...own, at: now, units: 2 },
    ])
    const gone = await question(realtime, owner, { id: revoked._id })
    expect(rowsOf(gone.data?.realtimeUsage)[23]).toMatchObject({ totalRequests: 6 })
    const self = await question(realtime, asKey(first), { id: first._id })
    expect(rowsOf(self.data?.realtimeUsage)[23]).toMatchObject({ totalRequests: 2 })
  })

  test('the admin key has no usage to see', async () => {
    const { errors } = await question(monthly, { kind: 'admin' })
    expect(errors?.[0]?.originalError).toMatchObject({ code: 'FORBIDDEN' })
    expect(foreign.accountId).toBe('acc_b')
  })
})

test('months, days and hours tell the same total, whatever was called and when', async () => {
  const call = fc.record({
    at: fc.integer({ min: 0, max: 10 * DAY + 14 * HOUR }).map((ms) => Date.UTC(2026, 10, 1) + ms),
    key: fc.constantFrom(own, other),
    units: fc.integer({ min: 0, max: 9 }),
    failed: fc.integer({ min: 0, max: 2 }),
    endpoint: fc.constantFrom('taxDates', 'countries', 'GET /api/v1/tax-dates'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 20 }), async (calls) => {
      const { hours, days, months } = usageCells(database.db)
      await Promise.all([hours.deleteMany({}), days.deleteMany({}), months.deleteMany({})])
      await plantUsage(
        database.db,
        calls.map(({ key, ...what }) => ({ ...key, ...what })),
      )
      now = Date.parse('2026-11-11T13:59:59Z')
      const total = calls.reduce((sum, { units }) => sum + units, 0)
      const month = (await question(monthly, owner)).data?.monthlyUsage as { totalRequests: number }
      const range = { from: '2026-11-01', to: '2026-11-30' }
      const rows = rowsOf((await question(daily, owner, range)).data?.dailyUsage)
      expect(month.totalRequests).toBe(total)
      expect(rows.reduce((sum, row) => sum + row.totalRequests, 0)).toBe(total)
    }),
    { numRuns: 15 },
  )
})
