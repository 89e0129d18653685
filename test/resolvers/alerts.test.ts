import { beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { type AlertDoc, alerts, createAlertIndexes } from '../../src/store/alerts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { asKey, asOwner } from '../asked.ts'
import { raise } from '../raised-alerts.ts'
import { admin, codeOf, now, owner, useTwoAccounts } from './two-accounts.ts'

const two = useTwoAccounts()
const stranger = asOwner('acc_b')
const first = { accountId: 'acc_a', apiKeyId: 'key_own1' }
const second = { accountId: 'acc_a', apiKeyId: 'key_own2' }
const other = { accountId: 'acc_b', apiKeyId: 'key_other' }

const fields =
  'id apiKeyId level month used monthlyLimit percent message raisedAt muted acknowledgedAt'
const list = `query ($apiKeyId: ID, $first: Int, $after: String) {
  alerts(apiKeyId: $apiKeyId, first: $first, after: $after) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { ${fields} } }
  }
}`
const acknowledge = `mutation ($id: ID!) { acknowledgeAlert(id: $id) { ${fields} } }`

interface Page {
  totalCount: number
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null }
  edges: { cursor: string; node: { id: string; message: string } }[]
}

beforeEach(async () => {
  const { db } = two.database
  await createAlertIndexes(db)
  await alerts(db).deleteMany({})
})

async function page(caller: Caller, variables: Record<string, unknown> = {}): Promise<Page> {
  const result = await two.asked(caller, list, variables)
  expect(codeOf(result)).toBeUndefined()
  return result.data?.alerts as Page
}

const messages = async (caller: Caller, variables?: Record<string, unknown>) =>
  (await page(caller, variables)).edges.map(({ node }) => node.message)

function raiseAt(key: typeof first, message: string, more: Partial<AlertDoc> = {}) {
  return raise(two.database.db, key, { message, ...more }, { now })
}

describe('alerts', () => {
  test('say all that is known of them', async () => {
    await apiKeys(two.database.db).updateOne(
      { _id: 'key_own1' },
      { $set: { alertsEnabled: false } },
    )
    const { _id } = await raiseAt(first, 'A "quoted" <b>text</b>', {
      ...{ level: 'THRESHOLD', month: '2026-11', used: 125, monthlyLimit: null, percent: 12.5 },
    })
    const { edges, pageInfo, totalCount } = await page(owner)
    expect(edges.map(({ node }) => node)).toEqual([
      {
        ...{ id: _id, apiKeyId: 'key_own1', level: 'THRESHOLD', month: '2026-11', used: 125 },
        ...{ monthlyLimit: null, percent: 12.5, message: 'A "quoted" <b>text</b>', muted: true },
        ...{ raisedAt: '2026-11-10T12:00:00Z', acknowledgedAt: null },
      },
    ])
    const cursor = edges[0]?.cursor
    expect(pageInfo).toEqual({
      ...{ hasNextPage: false, hasPreviousPage: false, startCursor: cursor, endCursor: cursor },
    })
    expect(totalCount).toBe(1)
  })

  test('are an owner’s of all keys, or of one; an API key’s its own', async () => {
    await raiseAt(first, 'one')
    await raiseAt(second, 'two')
    await raiseAt(other, 'another account')
    await apiKeys(two.database.db).updateOne(
      { _id: 'key_own2' },
      { $set: { revokedAt: new Date() } },
    )
    expect(await messages(owner)).toEqual(['two', 'one'])
    expect(await messages(owner, { apiKeyId: 'key_own2' })).toEqual(['two'])
    expect(await messages(asKey(two.own))).toEqual(['one'])
    expect(await messages(asKey(two.own), { apiKeyId: 'key_own1' })).toEqual(['one'])
    expect(await messages(stranger)).toEqual(['another account'])
  })

  test('never show levels that were passed', async () => {
    const passed = [
      { _id: 'warning', level: 'WARNING', percent: 80 },
      { _id: 'critical', level: 'CRITICAL', percent: 95 },
    ] as const
    const jumped = { level: 'EXCEEDED', message: 'jumped' } as const
    await raise(two.database.db, first, jumped, { passed })
    expect(await messages(owner)).toEqual(['jumped'])
    expect((await page(owner)).totalCount).toBe(1)
    for (const id of ['warning', 'critical']) {
      expect(codeOf(await two.asked(owner, acknowledge, { id }))).toBe('NOT_FOUND')
    }
  })

  test('are walked page by page, newest first, each once, although others are raised meanwhile', async () => {
    for (let n = 1; n <= 23; n++) await raiseAt(n % 3 === 0 ? second : first, `number ${n}`)
    const walk = async (caller: Caller, variables: object) => {
      const seen: string[] = []
      let after: string | null = null
      do {
        const { edges, pageInfo }: Page = await page(caller, { ...variables, first: 4, after })
        seen.push(...edges.map(({ node }) => node.message))
        expect(pageInfo.hasPreviousPage).toBe(after !== null)
        if (after === null) await raiseAt(first, 'meanwhile')
        after = pageInfo.hasNextPage ? pageInfo.endCursor : null
      } while (after !== null)
      return seen
    }
    const all = Array.from({ length: 23 }, (_one, index) => `number ${23 - index}`)
    expect(await walk(owner, {})).toEqual(all)
    const ofSecond = all.filter((message) => Number(message.slice(7)) % 3 === 0)
    expect(await walk(owner, { apiKeyId: 'key_own2' })).toEqual(ofSecond)
    expect((await page(owner, { first: 1 })).totalCount).toBe(25)
  })

  test.each<[Record<string, unknown>, string]>([
    [{ first: 0 }, 'BAD_USER_INPUT'],
    [{ first: -1 }, 'BAD_USER_INPUT'],
    [{ first: 501 }, 'BAD_USER_INPUT'],
    [{ first: 2 ** 31 }, 'BAD_USER_INPUT'],
    [{ after: '' }, 'BAD_USER_INPUT'],
    [{ after: 'foreign' }, 'BAD_USER_INPUT'],
    [{ after: Buffer.from('alert:1e3').toString('base64url') }, 'BAD_USER_INPUT'],
    [{ after: `${Buffer.from('alert:7').toString('base64url')}=` }, 'BAD_USER_INPUT'],
    [{ after: Buffer.from('alert:007').toString('base64url') }, 'BAD_USER_INPUT'],
    [{ after: { $gt: '' } }, 'BAD_USER_INPUT'],
    [{ apiKeyId: 'key_other' }, 'NOT_FOUND'],
    [{ apiKeyId: '{"$gt":""}' }, 'NOT_FOUND'],
    [{ apiKeyId: { $gt: '' } }, 'BAD_USER_INPUT'],
  ])('refuse %o with %s', async (variables, code) => {
    expect(codeOf(await two.asked(owner, list, variables))).toBe(code)
  })

  test('of a sibling are not an API key’s to see', async () => {
    const asked = two.asked(asKey(two.own), list, { apiKeyId: 'key_own2' })
    expect(codeOf(await asked)).toBe('NOT_FOUND')
  })
})

describe('acknowledgeAlert', () => {
  const acknowledged = async (caller: Caller, id: string) => {
    const result = await two.asked(caller, acknowledge, { id })
    return codeOf(result) ?? (result.data?.acknowledgeAlert as { acknowledgedAt: string })
  }

  test('counts the first time, whoever does it again', async () => {
    const { _id } = await raiseAt(first, 'one')
    const untouched = await raiseAt(first, 'two')
    expect(await acknowledged(owner, _id)).toMatchObject({
      ...{ id: _id, message: 'one', acknowledgedAt: '2026-11-10T12:00:00Z' },
    })
    two.at += 60_000
    for (const caller of [owner, admin]) {
      expect(await acknowledged(caller, _id)).toMatchObject({
        acknowledgedAt: '2026-11-10T12:00:00Z',
      })
    }
    expect(await acknowledged(admin, untouched._id)).toMatchObject({
      acknowledgedAt: '2026-11-10T12:01:00Z',
    })
  })

  test('of another account finds none, and changes nothing', async () => {
    const { _id } = await raiseAt(first, 'one')
    for (const id of [_id, 'nothing', '', '{"$gt":""}', '$_id', 'x'.repeat(10_000)]) {
      expect(await acknowledged(stranger, id)).toBe('NOT_FOUND')
    }
    expect(await alerts(two.database.db).findOne({ _id })).toMatchObject({ acknowledgedAt: null })
  })
})
