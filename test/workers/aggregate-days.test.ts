import { Writable } from 'node:stream'
import fc from 'fast-check'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { BadInput } from '../../src/rules/bad-input.ts'
import { DAY, dayName } from '../../src/rules/calendar-time.ts'
import { accountMonths } from '../../src/store/account-months.ts'
import { claimRun, jobRuns, renewRun } from '../../src/store/job-runs.ts'
import { createUsageIndexes, type UsageCells, usageCells } from '../../src/store/usage-cells.ts'
import {
  type AggregateDay,
  createDayAggregation,
} from '../../src/workers/aggregate-days/aggregate-day.ts'
import {
  type AggregateDays,
  createAggregateDays,
} from '../../src/workers/aggregate-days/aggregate-days.ts'
import { closeKeys } from '../../src/workers/aggregate-days/close-keys.ts'
import { silent } from '../asked.ts'
import { plantUsage } from '../planted-usage.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'

let database: TestDatabase
let cells: UsageCells
let now = 0
let registry: Registry
let aggregateDay: AggregateDay
let logged: { level: number; msg: string; stored?: number; sum?: number }[]
const runners: AggregateDays[] = []

const [first, second] = [
  { accountId: 'acc_a', apiKeyId: 'key_first' },
  { accountId: 'acc_a', apiKeyId: 'key_second' },
]

beforeAll(async () => {
  database = await testDatabase()
  cells = usageCells(database.db)
})
afterAll(() => database.drop())

beforeEach(async () => {
  await database.db.dropDatabase()
  await createUsageIndexes(database.db)
  now = Date.parse('2026-11-10T02:00:00Z')
  registry = new Registry()
  logged = []
  const sink = new Writable({
    write(line, _encoding, done) {
      logged.push(JSON.parse(line))
      done()
    },
  })
  const log = pino(sink)
  aggregateDay = createDayAggregation({ db: database.db, clock: () => now, log, registry })
})
afterEach(() => Promise.all(runners.splice(0).map((runner) => runner.stop())))

function runner(options: { lookEveryMs?: number; leaseMs?: number } = {}): AggregateDays {
  const { db } = database
  const made = createAggregateDays({
    ...{ db, clock: () => now, log: silent, registry: new Registry() },
    ...options,
  })
  runners.push(made)
  return made
}

function month(apiKeyId: string, name = '2026-11') {
  return cells.months.findOne({ _id: `${apiKeyId}:${name}` })
}

async function metric(name: string, labels: Record<string, string> = {}): Promise<number> {
  const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] }
  const match = values.find((value) =>
    Object.entries(labels).every(([label, wanted]) => value.labels[label] === wanted),
  )
  return match?.value ?? 0
}

describe('closing a day', () => {
  test('writes average and peak of the month for each key, and the peak of the account', async () => {
    await plantUsage(database.db, [
      { ...first, at: '2026-11-03T10:00:00Z', units: 12 },
      { ...first, at: '2026-11-09T00:00:00Z', units: 7, endpoint: 'countries' },
      { ...first, at: '2026-11-09T23:59:59.999Z', units: 1, failed: 2 },
      { ...second, at: '2026-11-09T12:00:00Z', units: 10 },
      { ...first, at: '2026-10-31T23:59:59.999Z', units: 99 },
    ])
    const done = await aggregateDay('2026-11-09')
    expect(done).toEqual({
      date: '2026-11-09',
      ...{ hoursProved: true, daysProved: true, keys: 2, accounts: 1, lateKeys: 1 },
      ...{ totalRequests: 18, failedRequests: 2, differenceCount: 0, differences: [] },
    })
    expect(await month('key_first')).toMatchObject({
      total: 20,
      averagePerDay: 2,
      peakDay: { date: '2026-11-03', total: 12, failed: 0, endpoints: { taxDates: 12 } },
      closedThrough: new Date('2026-11-09'),
    })
    expect(await accountMonths(database.db).findOne({ _id: 'acc_a:2026-11' })).toMatchObject({
      peakDay: {
        date: '2026-11-09',
        total: 18,
        failed: 2,
        endpoints: { countries: 7, taxDates: 11 },
      },
    })
    expect(await metric('getcomplical_aggregation_day_requests', { kind: 'billed' })).toBe(18)
    expect(await metric('getcomplical_aggregation_runs_total', { outcome: 'success' })).toBe(1)
  })

  test('done twice it leaves the same', async () => {
    await plantUsage(database.db, [{ ...first, at: '2026-11-09T10:00:00Z', units: 12 }])
    await aggregateDay('2026-11-09')
    const once = await cells.months.find().toArray()
    await aggregateDay('2026-11-09')
    expect(await cells.months.find().toArray()).toEqual(once)
  })

  test('takes today as far as it goes and refuses what is to come or no date', async () => {
    await plantUsage(database.db, [{ ...first, at: '2026-11-10T01:00:00Z', units: 5 }])
    expect(await aggregateDay('2026-11-10')).toMatchObject({ totalRequests: 5, keys: 1 })
    await expect(aggregateDay('2026-11-11')).rejects.toThrow(BadInput)
    await expect(aggregateDay('2026-02-29')).rejects.toThrow(BadInput)
    await expect(aggregateDay('yesterday')).rejects.toThrow(BadInput)
  })

  test('a key without usage on the day still has its average moved on', async () => {
    await plantUsage(database.db, [{ ...first, at: '2026-11-01T10:00:00Z', units: 20 }])
    await aggregateDay('2026-11-09')
    expect(await month('key_first')).toMatchObject({ averagePerDay: 2 })
    now += 10 * DAY
    await aggregateDay('2026-11-19')
    expect(await month('key_first')).toMatchObject({ averagePerDay: 1 })
  })

  test('a day on which nobody called is closed like any other', async () => {
    expect(await aggregateDay('2026-11-09')).toMatchObject({ keys: 0, totalRequests: 0 })
  })

  test('more keys than one batch holds are all closed, once', async () => {
    const calls = Array.from({ length: 1_203 }, (_, index) => {
      const apiKeyId = `key_${String(index).padStart(5, '0')}`
      return { apiKeyId, accountId: `acc_${index % 150}`, at: '2026-11-09T10:00:00Z', units: 2 }
    })
    await Promise.all(
      Array.from({ length: 8 }, (_, lane) =>
        plantUsage(
          database.db,
          calls.filter((_call, index) => index % 8 === lane),
        ),
      ),
    )
    const done = await aggregateDay('2026-11-09')
    expect(done).toMatchObject({ keys: 1_203, accounts: 150, totalRequests: 2_406 })
    expect(done.differenceCount).toBe(0)
    expect(await cells.months.countDocuments({ 'peakDay.total': 2 })).toBe(1_203)
  })
})

describe('the proof', () => {
  test('a planted difference raises metric, log and answer with both numbers, and is not repaired', async () => {
    await plantUsage(database.db, [{ ...first, at: '2026-11-09T10:00:00Z', units: 12 }])
    await cells.hours.updateOne({}, { $inc: { total: -5, 'endpoints.taxDates': -5 } })
    const done = await aggregateDay('2026-11-09')
    const found = { apiKeyId: 'key_first', grain: 'day', period: '2026-11-09', stored: 12, sum: 7 }
    expect(done.differences).toEqual([
      { ...found, figure: 'total' },
      { ...found, figure: 'endpoints.taxDates' },
    ])
    expect(logged.filter(({ level }) => level === 50)).toMatchObject([
      { stored: 12, sum: 7 },
      { stored: 12, sum: 7 },
    ])
    expect(await metric('getcomplical_aggregation_differences_total', { grain: 'day' })).toBe(2)
    expect(await metric('getcomplical_aggregation_runs_total', { outcome: 'difference' })).toBe(1)
    expect(await cells.days.findOne({})).toMatchObject({ total: 12 })
    expect(await cells.hours.findOne({})).toMatchObject({ total: 7 })
    expect(await month('key_first')).toMatchObject({ total: 12 })
  })

  test.each([
    ['a day that is gone', (all: UsageCells) => all.days.deleteMany({}), ['day', 'month']],
    ['a month that is gone', (all: UsageCells) => all.months.deleteMany({}), ['month']],
    ['an hour that is gone', (all: UsageCells) => all.hours.deleteMany({}), ['day']],
    [
      'a failed call too many',
      (all: UsageCells) => all.months.updateMany({}, { $inc: { failed: 1 } }),
      ['month'],
    ],
  ])('%s is found', async (_name, harm, grains) => {
    await plantUsage(database.db, [{ ...first, at: '2026-11-09T10:00:00Z', units: 1 }])
    await harm(cells)
    const { differences } = await aggregateDay('2026-11-09')
    expect([...new Set(differences.map(({ grain }) => grain))]).toEqual(grains)
  })

  test('hours that have expired shrink nothing and raise nothing', async () => {
    await plantUsage(database.db, [{ ...first, at: '2026-11-02T10:00:00Z', units: 12 }])
    await cells.hours.deleteMany({})
    const done = await aggregateDay('2026-11-02')
    expect(done).toMatchObject({ hoursProved: false, differenceCount: 0, totalRequests: 12 })
    expect(await cells.days.findOne({})).toMatchObject({ total: 12 })
    expect(await month('key_first')).toMatchObject({ total: 12, peakDay: { total: 12 } })
  })

  test('days that have expired leave the peak that was kept of them', async () => {
    await plantUsage(database.db, [{ ...first, at: '2026-11-09T10:00:00Z', units: 12 }])
    await aggregateDay('2026-11-09')
    await cells.days.deleteMany({})
    now = Date.parse('2027-02-20T02:00:00Z')
    expect(await aggregateDay('2026-11-30')).toMatchObject({ daysProved: false })
    expect(await month('key_first')).toMatchObject({
      averagePerDay: 12 / 30,
      peakDay: { total: 12 },
    })
    expect(await accountMonths(database.db).findOne({})).toMatchObject({ peakDay: { total: 12 } })
  })

  test('a roll-up that commits meanwhile raises no false alarm', async () => {
    await plantUsage(database.db, [{ ...first, at: '2026-11-10T01:30:00Z' }])
    let running = true
    let commits = 0
    const rollUp = async () => {
      const { client } = database
      while (running) {
        const session = client.startSession()
        await session.withTransaction(async () => {
          for (const grain of [cells.hours, cells.days, cells.months]) {
            const collection = grain as typeof cells.days
            const raise = { $inc: { total: 1, 'endpoints.taxDates': 1 } }
            await collection.updateOne({ apiKeyId: 'key_first' }, raise, { session })
          }
        })
        await session.endSession()
        commits += 1
      }
    }
    const writing = rollUp()
    try {
      for (let round = 0; round < 40; round++) {
        expect(await aggregateDay('2026-11-10')).toMatchObject({ differences: [] })
      }
    } finally {
      running = false
      await writing
    }
    expect(commits).toBeGreaterThan(20)
    expect(await month('key_first')).toMatchObject({ total: commits + 1 })
  })
})

describe('late calls', () => {
  test('to a closed day of the running month are corrected by the next run', async () => {
    await plantUsage(database.db, [{ ...first, at: '2026-11-08T10:00:00Z', units: 5 }])
    await aggregateDay('2026-11-08')
    await plantUsage(database.db, [{ ...first, at: '2026-11-04T10:00:00Z', units: 9 }])
    await aggregateDay('2026-11-09')
    expect(await month('key_first')).toMatchObject({
      total: 14,
      averagePerDay: 1.4,
      peakDay: { date: '2026-11-04', total: 9 },
      closedThrough: new Date('2026-11-09'),
    })
  })

  test('to a closed month are corrected too, also of a key that was new to it', async () => {
    now = Date.parse('2026-11-01T02:00:00Z')
    await plantUsage(database.db, [{ ...first, at: '2026-10-08T10:00:00Z', units: 5 }])
    await aggregateDay('2026-10-31')
    now = Date.parse('2026-11-10T02:00:00Z')
    await plantUsage(database.db, [
      { ...first, at: '2026-10-31T23:59:59.999Z', units: 9 },
      { ...second, at: '2026-10-31T23:59:59.999Z', units: 1 },
    ])
    expect(await aggregateDay('2026-11-09')).toMatchObject({ lateKeys: 2, differences: [] })
    expect(await month('key_first', '2026-10')).toMatchObject({
      averagePerDay: 14 / 31,
      peakDay: { date: '2026-10-31', total: 9 },
      closedThrough: new Date('2026-10-31'),
    })
    expect(await accountMonths(database.db).findOne({ _id: 'acc_a:2026-10' })).toMatchObject({
      peakDay: { date: '2026-10-31', total: 10 },
    })
    expect(await aggregateDay('2026-11-09')).toMatchObject({ lateKeys: 0 })
  })
})

describe('the schedule', () => {
  test('of twenty workers one closes each day', async () => {
    await plantUsage(database.db, [
      { ...first, at: '2026-11-07T10:00:00Z' },
      { ...first, at: '2026-11-09T10:00:00Z' },
    ])
    const closed = await Promise.all(Array.from({ length: 20 }, () => runner().closeDueDays()))
    expect(closed.flat().sort()).toEqual(['2026-11-07', '2026-11-08', '2026-11-09'])
    const runs = await jobRuns(database.db).find().sort({ _id: 1 }).toArray()
    expect(runs).toMatchObject([
      { _id: 'aggregate-days:2026-11-07', attempts: 1, result: { totalRequests: 1 } },
      { _id: 'aggregate-days:2026-11-08', attempts: 1, result: { totalRequests: 0 } },
      { _id: 'aggregate-days:2026-11-09', attempts: 1, result: { totalRequests: 1 } },
    ])
    expect(await runner().closeDueDays()).toEqual([])
  })

  test('missed days are made up at start, without usage nothing is', async () => {
    runner().start()
    await plantUsage(database.db, [{ ...first, at: '2026-11-09T10:00:00Z', units: 3 }])
    runner({ lookEveryMs: 60_000 }).start()
    await vi.waitFor(async () => {
      expect(await month('key_first')).toMatchObject({ peakDay: { total: 3 } })
    })
  })

  test('a run that broke off in the middle is taken up once its lease is over, not before', async () => {
    await plantUsage(database.db, [
      { ...first, at: '2026-11-09T10:00:00Z', units: 3 },
      { ...second, at: '2026-11-09T10:00:00Z', units: 4 },
    ])
    // What a killed process leaves: a claim, and the first of its keys.
    const run = { id: 'aggregate-days:2026-11-09', owner: 'dead', leaseMs: 1_500 }
    expect(await claimRun(database.db, run)).toBe(true)
    const [month_, day] = [Date.parse('2026-11-01'), Date.parse('2026-11-09')]
    const selection = { month: month_, day, hoursExist: true, daysExist: true, after: '', limit: 1 }
    await closeKeys(database.db, selection, day, now)
    expect(await runner().closeDueDays()).toEqual([])

    runner({ lookEveryMs: 50 }).start()
    await vi.waitFor(
      async () => {
        const taken = await jobRuns(database.db).findOne({ _id: run.id })
        expect(taken).toMatchObject({ attempts: 2, result: { keys: 2, totalRequests: 7 } })
      },
      { timeout: 10_000 },
    )
    expect(await month('key_second')).toMatchObject({ peakDay: { total: 4 } })
  })

  test('who lost a run to another hears of it at the next renewal', async () => {
    const run = { id: 'aggregate-days:2026-11-09', owner: 'slow', leaseMs: 200 }
    const other = { ...run, owner: 'other', leaseMs: 60_000 }
    await claimRun(database.db, run)
    await vi.waitFor(async () => expect(await claimRun(database.db, other)).toBe(true))
    expect(await renewRun(database.db, run)).toBe(false)
    expect(await renewRun(database.db, other)).toBe(true)
    expect(await claimRun(database.db, { ...run, owner: 'third' })).toBe(false)
  })
})

test('the kept peak is that of all calls, whatever was called and when', async () => {
  const call = fc.record({
    at: fc.nat(9 * DAY - 1).map((ms) => Date.UTC(2026, 10, 1) + ms),
    key: fc.constantFrom(first, second),
    units: fc.nat(6),
    failed: fc.nat(2),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 15 }), async (calls) => {
      await Promise.all([cells.hours, cells.days, cells.months].map((one) => one.deleteMany({})))
      await accountMonths(database.db).deleteMany({})
      await plantUsage(
        database.db,
        calls.map(({ key, ...what }) => ({ ...key, ...what })),
      )
      expect(await aggregateDay('2026-11-09')).toMatchObject({ differenceCount: 0 })
      const byDay = Map.groupBy(calls, ({ at }) => dayName(at))
      const sums = [...byDay].map(([date, some]) => ({
        date,
        total: some.reduce((sum, { units }) => sum + units, 0),
      }))
      const most = Math.max(0, ...sums.map(({ total }) => total))
      const [expected] = sums.filter(({ total }) => total === most).sort(byDate)
      const kept = await accountMonths(database.db).findOne({})
      expect(kept?.peakDay?.date).toBe(most === 0 ? undefined : expected?.date)
    }),
    { numRuns: 15 },
  )
})

function byDate(a: { date: string }, b: { date: string }): number {
  return a.date < b.date ? -1 : 1
}
