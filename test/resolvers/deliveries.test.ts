import { beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { channels, ensureOwnAddress } from '../../src/store/channels.ts'
import { type DeliveryDoc, deliveries } from '../../src/store/deliveries.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { account, asOwner } from '../asked.ts'
import { admin, codeOf, now, owner, useTwoAccounts } from './two-accounts.ts'

const two = useTwoAccounts()
const stranger = asOwner('acc_b')

const fields = `id accountId channelId alertId status attempts { at tookMs code error } nextAttemptAt createdAt
  deliveredAt`
const page = `edges { cursor node { ${fields} } } totalCount
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`
const list = `query ($accountId: ID, $channelId: ID, $status: DeliveryStatus, $first: Int, $after: String) {
  deliveries(accountId: $accountId, channelId: $channelId, status: $status, first: $first, after: $after) { ${page} }
}`
const dead = `query ($first: Int, $after: String) { deadDeliveries(first: $first, after: $after) { ${page} } }`
const replay = `mutation ($id: ID!) { replayDelivery(id: $id) { ${fields} } }`

interface Page {
  edges: { cursor: string; node: { id: string } }[]
  totalCount: number
  pageInfo: {
    hasNextPage: boolean
    hasPreviousPage: boolean
    startCursor: string
    endCursor: string
  }
}

beforeEach(async () => {
  const { db } = two.database
  await createIndexes(db)
  await Promise.all([channels(db).deleteMany({}), deliveries(db).deleteMany({})])
  for (const id of ['acc_a', 'acc_b']) {
    await ensureOwnAddress(db, account(id), two.encryption.encrypt)
  }
})

/** `name` is its alert; many of them share an instant, as the deliveries of one alert do. */
async function plant(name: string, at: number, more: Partial<DeliveryDoc> = {}): Promise<string> {
  const accountId = more.accountId ?? 'acc_a'
  const channelId = more.channelId ?? `ch_${accountId}`
  const alertId = `key_own1:2026-11:${name}:1000`
  const delivery: DeliveryDoc = {
    _id: `${alertId}:${channelId}`,
    ...{ accountId, channelId, event: { kind: 'alert', alertId }, status: 'PENDING', attempts: [] },
    ...{ dueAt: new Date(at), createdAt: new Date(at), deliveredAt: null },
    ...{ expiresAt: new Date(at + 1), ...more },
  }
  await deliveries(two.database.db).insertOne(delivery)
  return delivery._id
}

async function asked(caller: Caller, variables = {}, query = list): Promise<Page> {
  const result = await two.asked(caller, query, variables)
  expect(codeOf(result)).toBeUndefined()
  return Object.values(result.data ?? {})[0] as Page
}

const idsOf = ({ edges }: Page) => edges.map(({ node }) => node.id)

describe('the history', () => {
  test('shows attempts with answer code and error, and when the next is due', async () => {
    const attempts = [
      { at: new Date(now + 10), tookMs: 20, code: 503, error: 'It answered 503.' },
      { at: new Date(now + 20), tookMs: 10_000, code: null, error: 'It did not answer in 10 s.' },
    ]
    const id = await plant('WARNING', now, { attempts, dueAt: new Date(now + 30_000) })
    const [shown] = (await asked(owner)).edges
    expect(shown?.node).toEqual({
      ...{
        id,
        accountId: 'acc_a',
        channelId: 'ch_acc_a',
        alertId: 'key_own1:2026-11:WARNING:1000',
      },
      ...{ status: 'PENDING', deliveredAt: null },
      attempts: [
        { at: '2026-11-10T12:00:00.010Z', tookMs: 20, code: 503, error: 'It answered 503.' },
        {
          at: '2026-11-10T12:00:00.020Z',
          tookMs: 10_000,
          code: null,
          error: 'It did not answer in 10 s.',
        },
      ],
      ...{ nextAttemptAt: '2026-11-10T12:00:30Z', createdAt: '2026-11-10T12:00:00Z' },
    })
    const arrived = { status: 'DELIVERED' as const, deliveredAt: new Date(now) }
    await deliveries(two.database.db).updateOne({ _id: id }, { $set: arrived })
    expect((await asked(owner)).edges[0]?.node).toMatchObject({
      ...{ status: 'DELIVERED', nextAttemptAt: null, deliveredAt: '2026-11-10T12:00:00Z' },
    })
  })

  test('is newest first, in pages that neither repeat nor leave out, also when more is sent meanwhile', async () => {
    const planted: string[] = []
    for (let i = 0; i < 23; i += 1) {
      const at = now - Math.floor(i / 5) * 1_000
      planted.push(await plant(`L${String(i).padStart(2, '0')}`, at))
    }
    const seen: string[] = []
    let after: string | null = null
    for (let pages = 0; pages < 5; pages += 1) {
      const got: Page = await asked(owner, { first: 5, after })
      expect(got.totalCount).toBe(23 + pages)
      expect(got.pageInfo).toEqual({
        ...{ hasNextPage: pages < 4, hasPreviousPage: pages > 0 },
        ...{ startCursor: got.edges[0]?.cursor, endCursor: got.edges.at(-1)?.cursor },
      })
      seen.push(...idsOf(got))
      after = got.pageInfo.endCursor
      await plant(`NEW${pages}`, now + 1 + pages)
    }
    expect(new Set(seen).size).toBe(23)
    expect([...seen].sort()).toEqual([...planted].sort())
    expect(seen.slice(0, 5).sort()).toEqual(planted.slice(0, 5).sort())
    const rest = await asked(owner, { first: 5, after })
    expect(rest).toMatchObject({ edges: [], pageInfo: { hasNextPage: false, startCursor: null } })
  })

  test('can be narrowed to a channel and to what was given up', async () => {
    const { db } = two.database
    const made = await channels(db).findOne({ _id: 'ch_acc_a' })
    if (made) await channels(db).insertOne({ ...made, _id: 'ch_second' })
    const first = await plant('A', now, { status: 'DEAD' })
    const second = await plant('A', now, { channelId: 'ch_second', status: 'DEAD' })
    const third = await plant('B', now - 1, { channelId: 'ch_second' })
    expect(idsOf(await asked(owner, { channelId: 'ch_second' }))).toEqual([second, third])
    expect(idsOf(await asked(owner, { channelId: 'ch_second', status: 'DEAD' }))).toEqual([second])
    expect(idsOf(await asked(owner, { status: 'DEAD' })).sort()).toEqual([first, second].sort())
    expect(await asked(owner, { status: 'DELIVERED' })).toMatchObject({ edges: [], totalCount: 0 })
    await channels(db).deleteOne({ _id: 'ch_second' })
    expect(idsOf(await asked(owner, { channelId: 'ch_second' }))).toEqual([second, third])
  })

  test.each([
    ...[
      { first: 0 },
      { first: -1 },
      { first: 501 },
      { first: 2 ** 31 },
      { after: '' },
      { after: 'x' },
    ],
    ...[{ after: Buffer.from('account:1:acc_0123456789abcdef').toString('base64url') }],
    ...[{ after: Buffer.from('delivery:1:').toString('base64url') }, { status: 'LOST' }],
    ...[{ after: Buffer.from('delivery:9999999999999999:x').toString('base64url') }],
  ])('has no page %j', async (variables) => {
    await plant('A', now)
    expect(codeOf(await two.asked(owner, list, variables))).toBe('BAD_USER_INPUT')
  })

  test('of another account is not there, by its account, its channel or a cursor', async () => {
    await plant('A', now)
    const theirs = await plant('B', now - 1, { accountId: 'acc_b' })
    const { edges } = await asked(owner)
    expect(idsOf(await asked(stranger))).toEqual([theirs])
    expect(idsOf(await asked(stranger, { after: edges[0]?.cursor }))).toEqual([theirs])
    for (const more of [{ accountId: 'acc_a' }, { channelId: 'ch_acc_a' }]) {
      expect(codeOf(await two.asked(stranger, list, more))).toBe('NOT_FOUND')
    }
    for (const channelId of ['ch_none', '{"$gt":""}', '']) {
      expect(codeOf(await two.asked(stranger, list, { channelId }))).toBe('NOT_FOUND')
    }
  })

  test('is shown to the admin of the account that he names; what was given up, of all', async () => {
    const first = await plant('A', now, { status: 'DEAD' })
    const second = await plant('B', now - 1, { accountId: 'acc_b', status: 'DEAD' })
    await plant('C', now + 1)
    expect(codeOf(await two.asked(admin, list))).toBe('BAD_USER_INPUT')
    expect(idsOf(await asked(admin, { accountId: 'acc_b' }))).toEqual([second])
    expect(idsOf(await asked(admin, {}, dead))).toEqual([first, second])
    const { pageInfo } = await asked(admin, { first: 1 }, dead)
    expect(idsOf(await asked(admin, { first: 1, after: pageInfo.endCursor }, dead))).toEqual([
      second,
    ])
  })
})

describe('a replay', () => {
  test('is the owner’s or the admin’s; to others there is nothing', async () => {
    const id = await plant('A', now - 60_000, { status: 'DEAD' })
    expect(codeOf(await two.asked(stranger, replay, { id }))).toBe('NOT_FOUND')
    for (const none of ['x', '{"$gt":""}', '', 'x'.repeat(10_000)]) {
      expect(codeOf(await two.asked(owner, replay, { id: none }))).toBe('NOT_FOUND')
    }
    const { data } = await two.asked(owner, replay, { id })
    const pending = { id, status: 'PENDING', nextAttemptAt: '2026-11-10T12:00:00Z' }
    expect(data?.replayDelivery).toMatchObject(pending)
    two.at += 60_000
    const { data: again } = await two.asked(admin, replay, { id })
    expect(again?.replayDelivery).toMatchObject(pending)
  })

  test('of what arrived is refused', async () => {
    const id = await plant('A', now, { status: 'DELIVERED', deliveredAt: new Date(now) })
    expect(codeOf(await two.asked(owner, replay, { id }))).toBe('BAD_USER_INPUT')
  })
})
