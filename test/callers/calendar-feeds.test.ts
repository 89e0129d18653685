import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { revokeApiKey } from '../../src/callers/api-key-commands.ts'
import { newSecret } from '../../src/callers/api-key-secret.ts'
import { isWellFormedFeedToken, newFeedToken } from '../../src/callers/calendar-feed-token.ts'
import {
  createCalendarFeed,
  feedsOfKey,
  MOST_FEEDS,
  openFeed,
  revokeCalendarFeed,
} from '../../src/callers/calendar-feeds.ts'
import type { FeedArguments } from '../../src/rules/tax/feed-choice.ts'
import { apiKeys, createApiKeyIndexes } from '../../src/store/api-keys.ts'
import { calendarFeeds, createCalendarFeedIndexes } from '../../src/store/calendar-feeds.ts'
import { fromRules } from '../rules/tax/shipped-data.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'
import { seedKey, tools } from './seeded-callers.ts'

const data = fromRules
const choice: FeedArguments = { countries: ['GB'] }

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
  await createApiKeyIndexes(database.db)
  await createCalendarFeedIndexes(database.db)
})
afterAll(() => database.drop())

const create = (apiKeyId: string, more: Partial<{ name: string; choice: FeedArguments }> = {}) =>
  createCalendarFeed(
    database.db,
    { apiKeyId, accountId: null },
    { name: 'Dates', choice, data, ...more },
    tools,
  )
const newKey = async () => (await seedKey(database.db)).apiKey._id
const revoke = (feedId: string) =>
  revokeCalendarFeed(database.db, { feedId, accountId: null }, tools)

describe('a token', () => {
  test('is gc_cal_, 43 random digits and six of checksum, and no API key', () => {
    for (let count = 0; count < 200; count += 1) {
      const token = newFeedToken(randomBytes)
      expect(token).toMatch(/^gc_cal_[0-9A-Za-z]{49}$/)
      expect(isWellFormedFeedToken(token)).toBe(true)
      const at = 7 + (count % 49)
      const other = token[at] === 'x' ? 'y' : 'x'
      expect(isWellFormedFeedToken(token.slice(0, at) + other + token.slice(at + 1))).toBe(false)
    }
    expect(isWellFormedFeedToken(newSecret(randomBytes))).toBe(false)
    expect(isWellFormedFeedToken('x'.repeat(1_000_000))).toBe(false)
  })

  test('opens its feed and is kept nowhere', async () => {
    const { token, feed } = await create(await newKey())
    expect(await openFeed(database.db, token, tools)).toEqual(feed)
    expect(JSON.stringify(feed)).not.toContain(token.slice(7, -4))
    await expect(openFeed(database.db, newFeedToken(randomBytes), tools)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})

describe('a key', () => {
  test('has twenty live feeds at most, also where many are made at once', async () => {
    const apiKeyId = await newKey()
    const made = await Promise.allSettled(Array.from({ length: 25 }, () => create(apiKeyId)))
    const refused = made.filter((one) => one.status === 'rejected')
    expect(refused).toHaveLength(25 - MOST_FEEDS)
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'FORBIDDEN' })
    const [first] = await feedsOfKey(database.db, { apiKeyId, accountId: null })
    await revoke(first?._id ?? '')
    await create(apiKeyId)
    await expect(create(apiKeyId)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await create(await newKey())
  })

  test('cannot fill the database by making and revoking', async () => {
    const apiKeyId = await newKey()
    const { feed } = await create(apiKeyId)
    const old = Array.from({ length: 99 }, (_, count) => ({
      ...{ ...feed, _id: `feed_old${count}`, tokenHash: `hash ${count}` },
      revokedAt: new Date(tools.clock()),
    }))
    await calendarFeeds(database.db).insertMany(old)
    await expect(create(apiKeyId)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const indexes = await calendarFeeds(database.db).indexes()
    expect(indexes.find((index) => index.expireAfterSeconds)).toMatchObject({
      ...{ key: { revokedAt: 1 }, expireAfterSeconds: 30 * 86_400 },
    })
  })

  test('that is revoked gets no feed, and those it had are closed', async () => {
    const apiKeyId = await newKey()
    const { token } = await create(apiKeyId)
    await revokeApiKey(database.db, { apiKeyId, accountId: null }, tools)
    await expect(create(apiKeyId)).rejects.toThrow('revoked')
    await expect(openFeed(database.db, token, tools)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('that is blocked closes its feeds as long as it is, and keeps the reason to itself', async () => {
    const apiKeyId = await newKey()
    const { token } = await create(apiKeyId)
    const block = (blockedBecause: string | null) =>
      apiKeys(database.db).updateOne({ _id: apiKeyId }, { $set: { blockedBecause } })
    await block('payment overdue')
    await expect(openFeed(database.db, token, tools)).rejects.toMatchObject({
      ...{ code: 'KEY_BLOCKED', message: expect.not.stringContaining('payment') },
    })
    await block(null)
    await openFeed(database.db, token, tools)
  })
})

test('a feed is revoked for good, and the answer to the second time is the same', async () => {
  const { token, feed } = await create(await newKey())
  const revoked = await revoke(feed._id)
  expect(revoked.revokedAt).toBeInstanceOf(Date)
  expect(await revoke(feed._id)).toEqual(revoked)
  await expect(openFeed(database.db, token, tools)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(revoke('feed_nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

describe('a choice', () => {
  test('is kept with each value once', async () => {
    const given: FeedArguments = {
      countries: ['US', 'AU', 'US'],
      regions: ['US-MA', 'US-MA'],
      ...{ categories: ['VAT_GST', 'VAT_GST'], periodEndMonths: [3, 6, 3] },
    }
    const { feed } = await create(await newKey(), { choice: given })
    expect(feed.choice).toEqual({
      ...{ countries: ['AU', 'US'], regions: ['US-MA'], categories: ['VAT_GST'] },
      ...{ periodEndMonths: [3, 6], yearEndMonth: null, obligationIds: null, taxTypes: null },
      ...{ taxpayers: null, actions: null },
    })
  })

  test.each<[string, Partial<FeedArguments>]>([
    ['no country', { countries: [] }],
    ['a region of another country', { regions: ['AU-VIC'] }],
    ['an empty list', { obligationIds: [] }],
    ['an obligation of another country', { obligationIds: ['au-fbt'] }],
    ['a tax type that is none', { taxTypes: ['Window tax'] }],
    ['a thirteenth month', { yearEndMonth: 13 }],
    ['both ways to choose periods', { yearEndMonth: 3, periodEndMonths: [3] }],
  ])('with %s is refused', async (_name, wrong) => {
    const apiKeyId = await newKey()
    await expect(create(apiKeyId, { choice: { ...choice, ...wrong } })).rejects.toThrow()
    expect(await feedsOfKey(database.db, { apiKeyId, accountId: null })).toEqual([])
  })

  test.each(['', ' ', 'a\r\nBEGIN:VEVENT', 'a\u0000', 'x'.repeat(101), '\u202efdc'])(
    'under the name %j is refused',
    async (name) => {
      await expect(create(await newKey(), { name })).rejects.toThrow('"name"')
    },
  )
})
