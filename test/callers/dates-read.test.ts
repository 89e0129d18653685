import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDatesReadNotes } from '../../src/callers/dates-read.ts'
import { DAY } from '../../src/rules/calendar-time.ts'
import { connectDatabase } from '../../src/store/database.ts'
import { datesRead, datesReadLately } from '../../src/store/dates-read.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { silent } from '../asked.ts'
import { shipped } from '../rules/tax/shipped-data.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'

let database: TestDatabase
const now = Date.parse('2026-11-22T12:00:00Z')

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.db.dropDatabase()
  await createIndexes(database.db)
})

const known = async (at = now, ...ids: string[]) =>
  [
    ...(await datesReadLately(database.db, ids.length > 0 ? ids : ['key_a'], shipped, at)),
  ].toSorted()
const notes = () => createDatesReadNotes(database.db, silent)

describe('what a key asks for', () => {
  test('is known to all processes, as long as its days are kept', async () => {
    const [one, other] = [notes(), notes()]
    one.note('key_a', ['AU'], now)
    one.note('key_b', ['fr-is'], now)
    other.note('key_a', ['gb-vat', 'AU'], now - DAY)
    await Promise.all([one.stop(), other.stop()])
    expect(await known()).toEqual(['AU', 'gb-vat'])
    expect(await known(now, 'key_a', 'key_b')).toEqual(['AU', 'fr-is', 'gb-vat'])
    expect(await known(now + 90 * DAY - DAY / 2)).toEqual(['AU'])
    expect(await known(now + 91 * DAY)).toEqual([])
    expect(await known(now, 'key_c')).toEqual([])
    const indexes = await datesRead(database.db).indexes()
    expect(indexes.map((index) => index.expireAfterSeconds)).toContain(91 * 86_400)
  })

  test('is written once a day, and an earlier day never wins', async () => {
    const one = notes()
    one.note('key_a', ['AU'], now)
    await one.stop()
    await datesRead(database.db).deleteMany({})
    one.note('key_a', ['AU'], now + 60_000)
    await one.stop()
    expect(await known()).toEqual([])
    one.note('key_a', ['AU'], now + DAY)
    await one.stop()
    const late = notes()
    late.note('key_a', ['AU'], now)
    await late.stop()
    const [found] = await datesRead(database.db).find().toArray()
    expect(found?.last.AU).toEqual(new Date('2026-11-23'))
    expect(found?.at).toEqual(new Date('2026-11-23'))
  })

  test('waits for a MongoDB that is away', async () => {
    const { db, close } = await connectDatabase({ uri: database.uri })
    const one = createDatesReadNotes(db, silent)
    one.note('key_a', ['AU'], now)
    await close()
    await one.stop()
    expect(await known()).toEqual([])
    await db.client.connect()
    await one.stop()
    expect(await known()).toEqual(['AU'])
    await close()
  })

  test('is also what its calendar feeds show, as long as they live', async () => {
    const feeds = database.db.collection('calendarFeeds')
    const choice = { countries: ['AU', 'XX'], obligationIds: ['au-bas-m', 'au-gone'] }
    await feeds.insertOne({ apiKeyId: 'key_a', revokedAt: null, choice, tokenHash: '1' })
    const all = { countries: ['GB'], obligationIds: null }
    await feeds.insertOne({ apiKeyId: 'key_a', revokedAt: null, choice: all, tokenHash: '2' })
    expect(await known()).toEqual(['GB', 'au-bas-m'])
    await feeds.updateMany({}, { $set: { revokedAt: new Date(now) } })
    expect(await known()).toEqual([])
  })
})
