import { beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { accessOf } from '../../src/rules/access.ts'
import { buildSchema } from '../../src/schema/schema.ts'
import { calendarFeeds, createCalendarFeedIndexes } from '../../src/store/calendar-feeds.ts'
import { asOwner } from '../asked.ts'
import { admin, codeOf, owner, useTwoAccounts } from './two-accounts.ts'

const two = useTwoAccounts()
const stranger = asOwner('acc_b')

const feedFields = `id apiKeyId name lastFour countries regions obligationIds categories taxTypes taxpayers
  actions periodEndMonths yearEndMonth createdAt revokedAt`
const create = `mutation ($input: CreateCalendarFeedInput!) {
  createCalendarFeed(input: $input) { url token feed { ${feedFields} } }
}`
const list = `query ($id: ID!) { calendarFeeds(apiKeyId: $id) { ${feedFields} } }`
const revoke = `mutation ($id: ID!) { revokeCalendarFeed(id: $id) { ${feedFields} } }`

beforeEach(async () => {
  await createCalendarFeedIndexes(two.database.db)
  await calendarFeeds(two.database.db).deleteMany({})
})

interface Created {
  url: string
  token: string
  feed: { id: string }
}

async function created(caller: Caller, input: Record<string, unknown> = {}): Promise<Created> {
  const given = { apiKeyId: two.own._id, name: 'Dates', countries: ['AU'], ...input }
  const result = await two.asked(caller, create, { input: given })
  expect(codeOf(result)).toBeUndefined()
  return result.data?.createCalendarFeed as Created
}

describe('an owner', () => {
  test('makes a feed, sees its token once, lists and revokes it', async () => {
    const choice = {
      ...{ countries: ['AU', 'NZ'], regions: ['AU-VIC'], obligationIds: ['au-bas-q-self'] },
      ...{ categories: ['VAT_GST'], taxTypes: null, taxpayers: ['COMPANY'], actions: null },
      ...{ periodEndMonths: [3, 6], yearEndMonth: null },
    }
    const { url, token, feed } = await created(owner, choice)
    expect(url).toBe(`https://tax.example.com/calendar/${token}.ics`)
    expect(feed).toEqual({
      ...{ id: expect.stringMatching(/^feed_[0-9A-Za-z]{12}$/), apiKeyId: two.own._id },
      ...{ name: 'Dates', lastFour: token.slice(-4), revokedAt: null, ...choice },
      createdAt: '2026-11-10T12:00:00Z',
    })
    const listed = async () =>
      (await two.asked(owner, list, { id: two.own._id })).data?.calendarFeeds
    expect(await listed()).toEqual([feed])
    expect(JSON.stringify(await listed())).not.toContain(token.slice(7, -4))
    const revoked = { ...feed, revokedAt: '2026-11-10T12:00:00Z' }
    for (let count = 0; count < 2; count += 1) {
      const { data } = await two.asked(owner, revoke, { id: feed.id })
      expect(data?.revokeCalendarFeed).toEqual(revoked)
    }
    expect(await listed()).toEqual([revoked])
    expect((await two.asked(owner, list, { id: two.second._id })).data?.calendarFeeds).toEqual([])
  })

  test('finds neither another account’s key nor its feed', async () => {
    const { feed } = await created(owner)
    const input = { apiKeyId: two.own._id, name: 'Mine now', countries: ['AU'] }
    for (const apiKeyId of [two.own._id, 'key_nobody', '{"$gt":""}', '']) {
      const asked = await two.asked(stranger, create, { input: { ...input, apiKeyId } })
      expect(codeOf(asked)).toBe('NOT_FOUND')
      expect(codeOf(await two.asked(stranger, list, { id: apiKeyId }))).toBe('NOT_FOUND')
    }
    for (const id of [feed.id, 'feed_nobody', '']) {
      expect(codeOf(await two.asked(stranger, revoke, { id }))).toBe('NOT_FOUND')
    }
    expect(await calendarFeeds(two.database.db).countDocuments({ revokedAt: null })).toBe(1)
  })
})

test('the admin reaches every key and feed', async () => {
  const { feed } = await created(admin, { apiKeyId: two.foreign._id })
  expect((await two.asked(admin, list, { id: two.foreign._id })).data?.calendarFeeds).toEqual([
    feed,
  ])
  expect(codeOf(await two.asked(admin, revoke, { id: feed.id }))).toBeUndefined()
})

test('an API key may do none of it, and nothing of it costs units', () => {
  const schema = buildSchema()
  const fields = [
    schema.getQueryType()?.getFields().calendarFeeds,
    schema.getMutationType()?.getFields().createCalendarFeed,
    schema.getMutationType()?.getFields().revokeCalendarFeed,
  ]
  for (const field of fields) {
    expect(accessOf(field?.extensions ?? {})).toEqual({ callers: ['account', 'admin'], units: 0 })
  }
})

test('a wrong name or choice is refused in words', async () => {
  const wrong = async (input: Record<string, unknown>) => {
    const given = { apiKeyId: two.own._id, name: 'Dates', countries: ['AU'], ...input }
    return codeOf(await two.asked(owner, create, { input: given }))
  }
  for (const input of [
    ...[{ name: 'a\nb' }, { countries: [] }, { countries: ['XX'] }, { regions: ['GB-ENG'] }],
    ...[{ categories: [] }, { yearEndMonth: 0 }, { obligationIds: ['gb-vat'] }],
  ]) {
    expect([input, await wrong(input)]).toEqual([input, 'BAD_USER_INPUT'])
  }
})
