import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connectDatabase, type Database } from '../../src/store/database.ts'
import {
  ensureTaxDateChanges,
  enterShippedChanges,
  enterTaxDateChange,
  readTaxDateChanges,
  taxDateChanges,
} from '../../src/store/tax-date-changes.ts'
import { change } from '../rules/tax/announced.ts'
import { fromRules } from '../rules/tax/shipped-data.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'

const data = fromRules
const shippedKeys = [...data.countries.values()].flatMap(({ shippedChanges }) =>
  shippedChanges.map(({ key }) => key),
)
const at = Date.parse('2026-12-01T10:00:00Z')
let database: TestDatabase
/** As many API processes as write at once. */
let others: Database[]

beforeAll(async () => {
  database = await testDatabase()
  others = await Promise.all([1, 2, 3].map(() => connectDatabase({ uri: database.uri })))
})
beforeEach(() => ensureTaxDateChanges(database.db))
afterEach(() => database.db.dropDatabase())
afterAll(async () => {
  await Promise.all(others.map((other) => other.close()))
  await database.drop()
})

const {
  id: _,
  enteredAt: __,
  ...announced
} = change({
  ...{ obligationId: 'au-bas-q-self', periodEnd: '2026-12-31' },
  ...{ effect: 'MOVED', dueDate: '2027-03-15' },
})
const enterAt = (now: number, reason = 'a reason', knownTo = 0) =>
  enterTaxDateChange(
    database.db,
    () => now,
    knownTo,
    () => ({
      announced: { ...announced, reason },
      enteredBy: 'admin',
    }),
  )
const ids = async () => (await readTaxDateChanges(database.db, 0)).map(({ id }) => Number(id))
const upTo = (count: number) => Array.from({ length: count }, (_one, index) => index + 1)

describe('changes on record', () => {
  test('are numbered in the order of entry, and say who entered them', async () => {
    await enterAt(at, 'first')
    await enterAt(at + 5, 'second')
    expect(await readTaxDateChanges(database.db, 0)).toEqual([
      { ...announced, reason: 'first', id: '1', enteredAt: at },
      { ...announced, reason: 'second', id: '2', enteredAt: at + 5 },
    ])
    expect(await readTaxDateChanges(database.db, 1)).toMatchObject([{ id: '2' }])
    expect(await taxDateChanges(database.db).findOne({ _id: 2 })).toMatchObject({
      enteredBy: 'admin',
      enteredAt: new Date(at + 5),
    })
  })

  test('never go back in time, whatever a clock says', async () => {
    await enterAt(at)
    await enterAt(at - 60_000)
    await enterAt(at + 1)
    const times = (await readTaxDateChanges(database.db, 0)).map(({ enteredAt }) => enteredAt)
    expect(times).toEqual([at, at, at + 1])
  })

  test('of many writers at once have no gap, and whoever sees one has seen all below', async () => {
    const seen: number[][] = []
    let writing = true
    const reader = (async () => {
      while (writing) seen.push(await ids())
    })()
    const writers = [database, ...others].map(async ({ db }, writer) => {
      for (const n of upTo(10)) {
        await enterTaxDateChange(
          db,
          () => at,
          0,
          () => ({
            announced: { ...announced, reason: `${writer}:${n}` },
            enteredBy: 'admin',
          }),
        )
      }
    })
    await Promise.all(writers)
    writing = false
    await reader
    expect(await ids()).toEqual(upTo(40))
    for (const found of seen) expect(found).toEqual(upTo(found.length))
    const reasons = (await readTaxDateChanges(database.db, 0)).map(({ reason }) => reason)
    expect(new Set(reasons).size).toBe(40)
  })

  test('are checked against all that was entered before them, also by others meanwhile', async () => {
    const attempts = [database, ...others].map(({ db }) =>
      enterTaxDateChange(
        db,
        () => at,
        0,
        (missed) => {
          if (missed.some(({ reason }) => reason === 'once')) throw new Error('there already')
          return { announced: { ...announced, reason: 'once' }, enteredBy: 'admin' }
        },
      ),
    )
    const outcomes = await Promise.allSettled(attempts)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await ids()).toEqual([1])
  })

  test('bring with the new one those that its writer did not know', async () => {
    await enterAt(at, 'first')
    await enterAt(at, 'second')
    const entered = await enterAt(at, 'third', 1)
    expect(entered.map(({ id, reason }) => [id, reason])).toEqual([
      ['2', 'second'],
      ['3', 'third'],
    ])
  })

  test('are not there when the choice was refused', async () => {
    const refused = enterTaxDateChange(
      database.db,
      () => at,
      0,
      () => {
        throw new Error('no')
      },
    )
    await expect(refused).rejects.toThrow('no')
    await enterAt(at)
    expect(await ids()).toEqual([1])
  })
})

describe('changes that come with the data', () => {
  const entered = () =>
    taxDateChanges(database.db)
      .find({}, { sort: { _id: 1 } })
      .toArray()

  test('are entered once by any number of processes, each with its own day', async () => {
    expect(shippedKeys.length).toBeGreaterThan(10)
    await Promise.all(
      [database, ...others].map(({ db }) => enterShippedChanges(db, () => at, data)),
    )
    await enterShippedChanges(database.db, () => at, data)
    const docs = await entered()
    expect(docs.map(({ shippedKey }) => shippedKey).sort()).toEqual([...shippedKeys].sort())
    expect(await ids()).toEqual(upTo(shippedKeys.length))
    for (const { enteredAt, enteredBy } of docs) {
      expect(enteredAt.toISOString()).toMatch(/T00:00:00.000Z$/)
      expect(enteredAt.getTime()).toBeLessThan(at)
      expect(enteredBy).toBe('data')
    }
  })

  test('that a later release brings are entered now: the past is not rewritten', async () => {
    await enterShippedChanges(database.db, () => at - 1_000, data)
    await taxDateChanges(database.db).deleteOne({ _id: 1 })
    await enterShippedChanges(database.db, () => at, data)
    const docs = await entered()
    expect(docs).toHaveLength(shippedKeys.length)
    expect(docs.at(-1)?.enteredAt.getTime()).toBe(at)
  })

  test('come after what was announced before, and then have no day of the past', async () => {
    await enterAt(at, 'announced')
    await enterShippedChanges(database.db, () => at + 1, data)
    const docs = await entered()
    expect(docs[0]?.reason).toBe('announced')
    expect(docs.slice(1).every(({ enteredAt }) => enteredAt.getTime() === at + 1)).toBe(true)
  })

  test('of a day to come are entered today', async () => {
    const early = Date.parse('2026-01-01T00:00:00Z')
    await enterShippedChanges(database.db, () => early, data)
    const docs = await entered()
    expect(docs.every(({ enteredAt }) => enteredAt.getTime() === early)).toBe(true)
  })
})
