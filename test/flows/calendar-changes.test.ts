import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { addDays } from '../../src/rules/tax/calendar-date.ts'
import { announceMutation, announcement } from '../announcing.ts'
import { dataOf } from '../api.ts'
import { type Product, startProduct } from '../product.ts'
import { type ParsedEvent, parsedFeed } from '../rest/parsed-feed.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'

let redis: TestServer
let database: TestDatabase
let product: Product
let file: string

beforeAll(async () => {
  ;[redis, database] = await Promise.all([startRedis(), testDatabase()])
  const servers = { REDIS_URL: redis.url, MONGODB_URI: database.uri }
  product = await startProduct({ apis: 2, workers: 0 }, servers)
  const [key] = await product.createKeys(1, 'pro')
  const answer = await product.administer(
    `mutation($input: CreateCalendarFeedInput!) { createCalendarFeed(input: $input) { token } }`,
    { input: { apiKeyId: key?.id, name: 'VAT', countries: ['GB'], obligationIds: ['gb-vat'] } },
  )
  file = `${dataOf<{ token: string }>(answer, 'createCalendarFeed').token}.ics`
})
afterAll(async () => {
  await product.stop()
  await Promise.all([redis.stop(), database.drop()])
})

interface Read {
  tag: string
  events: Map<string, ParsedEvent>
}

async function read(at: number): Promise<Read> {
  const response = await fetch(`${product.apis[at]?.url}/calendar/${file}`)
  const tag = response.headers.get('etag') ?? ''
  return { tag, events: parsedFeed(await response.text()) }
}

/** What both processes answer, once both have heard of a change. */
function readAfter(tag: string): Promise<Read> {
  const both = async () => {
    const [one, other] = [await read(0), await read(1)]
    expect(one.tag).not.toBe(tag)
    expect(one).toEqual(other)
    return one
  }
  // Seldom enough to stay below the limit on reads.
  return vi.waitFor(both, { timeout: 2_000, interval: 250 })
}

test('what is announced moves the event, cancels it and brings it back, in every process', async () => {
  const before = await read(0)
  const today = new Date().toISOString().slice(0, 10)
  const ahead = [...before.events.values()].find(
    ({ uid, start }) => uid.startsWith('gb-vat:') && start > addDays(today, 30),
  )
  const uid = ahead?.uid ?? ''
  const periodEnd = uid.slice('gb-vat:'.length, 'gb-vat:2026-12-31'.length)
  const announce = async (change: object) => {
    const input = announcement({ obligationId: 'gb-vat', periodEnd, ...change })
    const source = { name: 'HMRC', url: 'https://www.gov.uk/vat', readOn: today }
    const answer = await product.administer(announceMutation, { input: { ...input, source } })
    dataOf(answer, 'announceTaxDateChange')
  }

  const later = addDays(ahead?.start ?? '', 21)
  await announce({ dueDate: later })
  const moved = await readAfter(before.tag)
  expect(ahead).toMatchObject({ sequence: 0, status: 'CONFIRMED' })
  expect(moved.events.get(uid)).toMatchObject({ sequence: 1, status: 'CONFIRMED', start: later })
  expect(moved.events.get(uid)?.description).toContain('Postponed after the floods. HMRC, ')

  await announce({ effect: 'WITHDRAWN', dueDate: null })
  const gone = await readAfter(moved.tag)
  expect(gone.events.get(uid)).toMatchObject({ sequence: 2, status: 'CANCELLED', alarms: [] })

  await announce({ effect: 'RESTORED', dueDate: null })
  const back = await readAfter(gone.tag)
  expect(back.events.get(uid)).toMatchObject({
    ...{ sequence: 3, status: 'CONFIRMED', start: ahead?.start },
  })
  expect([...back.events.keys()]).toEqual(expect.arrayContaining([...before.events.keys()]))
})
