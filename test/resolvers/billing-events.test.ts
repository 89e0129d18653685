import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { accessOf } from '../../src/rules/access.ts'
import { buildSchema } from '../../src/schema/schema.ts'
import { billingInbox, type InboxDoc } from '../../src/store/billing-inbox.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { admin, codeOf, now, useTwoAccounts } from './two-accounts.ts'

const two = useTwoAccounts()

const fields = 'id provider type status because attempts receivedAt settledAt'
const list = `query ($status: BillingEventStatus, $first: Int, $after: String) {
  billingEvents(status: $status, first: $first, after: $after) {
    edges { cursor node { ${fields} } } totalCount pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}`
const replay = `mutation ($id: ID!) { replayBillingEvent(id: $id) { ${fields} } }`

interface Page {
  edges: { cursor: string; node: Record<string, unknown> }[]
  totalCount: number
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null }
}

beforeAll(() => createIndexes(two.database.db))
beforeEach(() => billingInbox(two.database.db).deleteMany({}))

const body = { keyId: 'k1', iv: 'iv', data: 'planted-body' }

async function plant(name: string, more: Partial<InboxDoc> = {}): Promise<string> {
  const event: InboxDoc = {
    ...{ _id: `STRIPE:${name}`, provider: 'STRIPE', eventId: name, type: 'invoice.paid' },
    ...{ receivedAt: new Date(now), contentHash: 'hash', raw: body, status: 'APPLIED' },
    ...{ because: null, attempts: 0, dueAt: new Date(now), settledAt: new Date(now), ...more },
  }
  await billingInbox(two.database.db).insertOne(event)
  return event._id
}

async function asked(variables = {}): Promise<Page> {
  const result = await two.asked(admin, list, variables)
  expect(codeOf(result)).toBeUndefined()
  return result.data?.billingEvents as Page
}

const idsOf = ({ edges }: Page) => edges.map(({ node }) => node.id)

describe('what providers sent', () => {
  test('is shown with what became of it, and without what it says', async () => {
    const id = await plant('evt_1', { status: 'DEAD', because: 'it is broken', attempts: 6 })
    const page = await asked()
    expect(page.edges[0]?.node).toEqual({
      ...{ id, provider: 'STRIPE', type: 'invoice.paid', status: 'DEAD', because: 'it is broken' },
      ...{ attempts: 6, receivedAt: '2026-11-10T12:00:00Z', settledAt: '2026-11-10T12:00:00Z' },
    })
    const raw = `{ billingEvents { edges { node { id raw } } } }`
    expect(codeOf(await two.asked(admin, raw))).toBe('BAD_USER_INPUT')
  })

  test('is newest first, in pages that neither repeat nor leave out, and can be narrowed', async () => {
    const planted: string[] = []
    for (let n = 0; n < 12; n += 1) {
      const receivedAt = new Date(now - Math.floor(n / 5) * 1_000)
      const status = n % 3 === 0 ? ('DEAD' as const) : ('APPLIED' as const)
      planted.push(await plant(`evt_${String(n).padStart(2, '0')}`, { receivedAt, status }))
    }
    const seen: unknown[] = []
    let after: string | null = null
    for (let pages = 0; pages < 3; pages += 1) {
      const page: Page = await asked({ first: 5, after })
      expect(page).toMatchObject({
        totalCount: 12 + pages,
        pageInfo: { hasNextPage: pages < 2, hasPreviousPage: pages > 0 },
      })
      seen.push(...idsOf(page))
      after = page.pageInfo.endCursor
      await plant(`evt_new${pages}`, { receivedAt: new Date(now + 1 + pages) })
    }
    expect(seen).toHaveLength(12)
    expect(new Set(seen)).toEqual(new Set(planted))
    expect(seen.slice(0, 5).toSorted()).toEqual(planted.slice(0, 5).toSorted())
    const dead = await asked({ status: 'DEAD', first: 3 })
    expect(dead.totalCount).toBe(4)
    const rest = await asked({ status: 'DEAD', first: 3, after: dead.pageInfo.endCursor })
    expect([...idsOf(dead), ...idsOf(rest)].toSorted()).toEqual(
      planted.filter((_, n) => n % 3 === 0).toSorted(),
    )
  })

  test.each([
    ...[{ first: 0 }, { first: 501 }, { first: 2 ** 31 }, { after: 'x' }, { status: 'LOST' }],
    { after: Buffer.from('delivery:1:STRIPE:evt_1').toString('base64url') },
  ])('has no page %j', async (variables) => {
    expect(codeOf(await two.asked(admin, list, variables))).toBe('BAD_USER_INPUT')
  })

  test('is nobody’s but the admin’s', () => {
    const { billingEvents } = buildSchema().getQueryType()?.getFields() ?? {}
    const { replayBillingEvent } = buildSchema().getMutationType()?.getFields() ?? {}
    for (const field of [billingEvents, replayBillingEvent]) {
      expect(accessOf(field?.extensions ?? {})).toEqual({ callers: ['admin'], units: 0 })
    }
  })
})

describe('a replay', () => {
  test.each(['DEAD', 'IGNORED', 'APPLIED'] as const)(
    'makes what is %s PENDING again',
    async (status) => {
      const id = await plant('evt_1', { status, because: 'so', attempts: 6 })
      const pending = { id, status: 'PENDING', because: null, attempts: 0, settledAt: null }
      const { data } = await two.asked(admin, replay, { id })
      expect(data?.replayBillingEvent).toMatchObject(pending)
      const doc = await billingInbox(two.database.db).findOne({ _id: id })
      expect(doc).toMatchObject({ dueAt: new Date(now), raw: body })
      const { data: again } = await two.asked(admin, replay, { id })
      expect(again?.replayBillingEvent).toMatchObject(pending)
    },
  )

  test('of what is being applied leaves it alone', async () => {
    const lease = { owner: 'x', lsid: Buffer.alloc(16) as never, until: new Date(now + 1_000) }
    const dueAt = new Date(now + 1_000)
    const id = await plant('evt_1', {
      status: 'PENDING',
      settledAt: null,
      attempts: 2,
      lease,
      dueAt,
    })
    const { data } = await two.asked(admin, replay, { id })
    expect(data?.replayBillingEvent).toMatchObject({ status: 'PENDING', attempts: 2 })
    expect(await billingInbox(two.database.db).findOne({ _id: id })).toMatchObject({
      ...{ dueAt, lease: { owner: 'x' } },
    })
  })

  test('is refused where the body is gone, and where there is no such event', async () => {
    const id = await plant('evt_1', { raw: null })
    expect(codeOf(await two.asked(admin, replay, { id }))).toBe('BAD_USER_INPUT')
    for (const none of ['STRIPE:evt_2', '', '{"$gt":""}', 'x'.repeat(10_000)]) {
      expect(codeOf(await two.asked(admin, replay, { id: none }))).toBe('NOT_FOUND')
    }
  })
})
