import { beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { DAY } from '../../src/rules/calendar-time.ts'
import { accessHistory } from '../../src/store/access-history.ts'
import { accounts } from '../../src/store/accounts.ts'
import { type ApiKeyDoc, apiKeys, type KeyBilling } from '../../src/store/api-keys.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { account, asKey } from '../asked.ts'
import { admin, codeOf, now, owner, useTwoAccounts } from './two-accounts.ts'

const two = useTwoAccounts()

beforeEach(async () => {
  const { db } = two.database
  await createIndexes(db)
  await Promise.all([accessHistory(db).deleteMany({}), billingSubscriptions(db).deleteMany({})])
})

/** What billing has written on a key. */
function billing(more: Partial<KeyBilling> = {}): KeyBilling {
  return {
    ...{ status: 'ACTIVE', subscription: 'STRIPE:sub_1', provider: 'STRIPE', tier: 'starter' },
    ...{ granted: 'starter', startedAt: new Date(now - 10 * DAY) },
    currentPeriodEnd: new Date(now + 20 * DAY),
    ...{ endsAt: null, pastDueSince: null, customer: null, customerHash: null },
    ...more,
  }
}

const hold = (key: ApiKeyDoc, held: KeyBilling, more: Partial<ApiKeyDoc> = {}) =>
  apiKeys(two.database.db).updateOne({ _id: key._id }, { $set: { billing: held, ...more } })

const fields = 'provider status tier currentPeriodEnd endsAt pastDueSince'

describe('what an owner sees of billing', () => {
  const ofKeys = `{ account { apiKeys { id billingStatus subscription { ${fields} } } } }`

  test('is nothing before there was a subscription', async () => {
    const { data } = await two.asked(owner, `{ account { subscription { ${fields} } } }`)
    expect(data).toEqual({ account: { subscription: null } })
    const keys = (await two.asked(owner, ofKeys)).data?.account
    expect(keys).toEqual({
      apiKeys: ['key_own1', 'key_own2'].map((id) => ({
        ...{ id, billingStatus: 'NONE', subscription: null },
      })),
    })
  })

  test("is each key's own subscription, with its dates, and never who pays", async () => {
    const since = new Date(now - 2 * DAY)
    await hold(two.own, billing({ status: 'PAST_DUE', pastDueSince: since }))
    const { data } = await two.asked(owner, ofKeys)
    const [own, second] = (data as { account: { apiKeys: unknown[] } }).account.apiKeys
    expect(own).toEqual({
      ...{ id: 'key_own1', billingStatus: 'PAST_DUE' },
      subscription: {
        ...{ provider: 'STRIPE', status: 'PAST_DUE', tier: 'starter', endsAt: null },
        currentPeriodEnd: '2026-11-30T12:00:00Z',
        pastDueSince: '2026-11-08T12:00:00Z',
      },
    })
    expect(second).toMatchObject({ billingStatus: 'NONE' })
  })

  test.each<[string, Partial<KeyBilling>, Partial<KeyBilling>, string]>([
    ['the newest of two that run', { startedAt: new Date(1) }, {}, 'starter'],
    [
      'the one that runs, though it is older',
      { status: 'CANCELED', endsAt: new Date(now - 1) },
      { startedAt: new Date(1) },
      'starter',
    ],
    [
      'the one that ended last, where none runs',
      { status: 'CANCELED', endsAt: new Date(now - DAY) },
      { status: 'CANCELED', endsAt: new Date(now - 1), startedAt: new Date(1) },
      'starter',
    ],
    [
      'the one on which payments fail, beside one that ended',
      { status: 'CANCELED', endsAt: new Date(now - 1) },
      { status: 'PAST_DUE', startedAt: new Date(1) },
      'starter',
    ],
  ])('over all keys is %s', async (_what, first, second, tier) => {
    await hold(two.own, billing({ tier: 'enterprise', ...first }))
    await hold(two.second, billing({ tier, subscription: 'PADDLE:sub_2', ...second }))
    await hold(two.foreign, billing({ startedAt: new Date(now) }))
    const shown = async (caller: Caller) =>
      (await two.asked(caller, '{ account { subscription { tier } } }')).data
    expect(await shown(owner)).toEqual({ account: { subscription: { tier } } })
    // A key sees itself alone.
    expect(await shown(asKey(two.own))).toEqual({
      account: { subscription: { tier: 'enterprise' } },
    })
  })
})

test.each([
  ['the plan', {}, 14],
  ['the account', { graceDays: 30 }, 30],
])(
  'says when calls are refused after a failed payment, by the days of grace of %s',
  async (_of, ofAccount, days) => {
    const { db } = two.database
    const since = now - 2 * DAY
    await hold(two.own, billing({ status: 'PAST_DUE', pastDueSince: new Date(since) }))
    await billingSubscriptions(db).insertOne({
      ...{ _id: 'STRIPE:sub_1', provider: 'STRIPE', version: 1, accountId: 'acc_a' },
      ...{ apiKeyId: two.own._id, customer: null, customerHash: null, nextCheckAt: null },
      dunning: null,
      state: {
        ...{ status: 'PAST_DUE', tier: 'starter', unpaid: false, currentPeriodEnd: null },
        ...{ endsAt: null, pastDueSince: since, startedAt: since, changedAt: since },
        ...{ changedBy: 'evt_1', link: { apiKey: two.own._id, userId: null } },
      },
    })
    await accounts(db).updateOne({ _id: 'acc_a' }, { $set: ofAccount })
    const query = '{ account { apiKeys { refusedFrom } } }'
    const refusedFrom = new Date(since + days * DAY).toISOString().replace('.000', '')
    expect((await two.asked(owner, query)).data?.account).toEqual({
      apiKeys: [{ refusedFrom }, { refusedFrom: null }],
    })
  },
)

describe('the history of access', () => {
  const history = (more = '') => `{ account { apiKeys { id accessHistory${more} {
    totalCount pageInfo { endCursor hasNextPage }
    edges { node {
      at recordedAt because cause event
      from { tier status blockedBecause billingStatus } to { tier status blockedBecause billingStatus }
    } }
  } } } }`
  interface Entry {
    because: string
    cause: string
    event: string | null
    from: Record<string, unknown> | null
    to: Record<string, unknown>
  }
  interface Page {
    totalCount: number
    pageInfo: { endCursor: string; hasNextPage: boolean }
    edges: { node: Entry }[]
  }
  async function pageOf(caller: Caller, id: string, more = ''): Promise<Page> {
    const { data, errors } = await two.asked(caller, history(more))
    if (errors) throw errors[0]
    type Answer = { account: { apiKeys: { id: string; accessHistory: Page }[] } }
    const { apiKeys: keys } = (data as Answer).account
    return keys.find((key) => key.id === id)?.accessHistory as Page
  }

  test('begins with the making of a key and holds every change, newest first', async () => {
    const create = `mutation { createApiKey(input: { name: "till" }) { apiKey { id } } }`
    const created = (await two.asked(owner, create)).data?.createApiKey
    const { id } = (created as { apiKey: { id: string } }).apiKey
    two.at = now + 1_000
    await two.asked(admin, `mutation { setTier(apiKeyId: "${id}", tier: "starter") { id } }`)
    // Nothing changes: nothing is entered.
    await two.asked(admin, `mutation { setTier(apiKeyId: "${id}", tier: "starter") { id } }`)
    two.at = now + 2_000
    for (const caller of [owner, admin]) {
      await two.asked(caller, `mutation { revokeApiKey(id: "${id}") { id } }`)
    }
    const { totalCount, edges } = await pageOf(owner, id)
    expect(totalCount).toBe(3)
    const plain = { status: 'ACTIVE', blockedBecause: null, billingStatus: 'NONE' }
    expect(edges.map(({ node }) => node)).toEqual([
      {
        ...{ because: 'The owner revoked the key.', cause: 'OWNER', event: null },
        from: { ...plain, tier: 'starter' },
        to: { ...plain, tier: 'starter', status: 'REVOKED' },
        ...{ at: '2026-11-10T12:00:02Z', recordedAt: '2026-11-10T12:00:02Z' },
      },
      {
        ...{ because: 'An administrator chose the plan.', cause: 'ADMIN', event: null },
        ...{ from: { ...plain, tier: 'free' }, to: { ...plain, tier: 'starter' } },
        ...{ at: '2026-11-10T12:00:01Z', recordedAt: '2026-11-10T12:00:01Z' },
      },
      {
        ...{ because: 'The owner made the key.', cause: 'OWNER', event: null },
        ...{ from: null, to: { ...plain, tier: 'free' } },
        ...{ at: '2026-11-10T12:00:00Z', recordedAt: '2026-11-10T12:00:00Z' },
      },
    ])
  })

  test('of a key from before begins with its first change', async () => {
    expect(await pageOf(owner, 'key_own1')).toMatchObject({ totalCount: 0, edges: [] })
    await two.asked(admin, `mutation { setTier(apiKeyId: "key_own1", tier: "starter") { id } }`)
    const { edges } = await pageOf(asKey(two.own), 'key_own1')
    expect(edges.map(({ node }) => node)).toMatchObject([
      { from: { tier: 'free' }, to: { tier: 'starter' } },
    ])
  })

  test('names the event of a provider, and comes in pages that other lists do not share', async () => {
    const state = {
      tier: 'free',
      blockedBecause: null,
      revoked: false,
      billingStatus: 'NONE',
    } as const
    const entries = Array.from({ length: 5 }, (_, index) => ({
      ...{ _id: `key_own1:${index + 1}`, apiKeyId: 'key_own1', accountId: 'acc_a', n: index + 1 },
      ...{ at: new Date(now), recordedAt: new Date(now), from: state, to: state },
      ...{
        because: `number ${index + 1}`,
        cause: index === 4 ? 'time' : `STRIPE:evt_${index + 1}`,
      },
    }))
    await accessHistory(two.database.db).insertMany(entries)
    const first = await pageOf(owner, 'key_own1', '(first: 2)')
    const told = ({ edges }: Page) =>
      edges.map(({ node }) => [node.because, node.cause, node.event])
    expect(told(first)).toEqual([
      ['number 5', 'TIME', null],
      ['number 4', 'PROVIDER', 'STRIPE:evt_4'],
    ])
    const { endCursor, hasNextPage } = first.pageInfo
    expect(hasNextPage).toBe(true)
    const rest = await pageOf(owner, 'key_own1', `(after: "${endCursor}")`)
    expect(told(rest).map(([because]) => because)).toEqual(['number 3', 'number 2', 'number 1'])
    for (const cursor of [Buffer.from('alert:4').toString('base64url'), 'x', '']) {
      const asked = two.asked(owner, history(`(after: "${cursor}")`))
      expect(codeOf(await asked)).toBe('BAD_USER_INPUT')
    }
  })
})

describe('what invoices need of an account', () => {
  const update = `mutation ($id: ID, $input: UpdateAccountInput!) {
    updateAccount(id: $id, input: $input) { billingName billingAddress taxId graceDays }
  }`
  const billingInput = {
    ...{ billingName: ' Ledger Ltd ', billingAddress: ['1 High Street', ' London '] },
    taxId: 'GB123456789',
  }

  test('is entered by the owner or the admin, shown to both, and to no key', async () => {
    const { data } = await two.asked(owner, update, { input: billingInput })
    const entered = {
      ...{ billingName: 'Ledger Ltd', billingAddress: ['1 High Street', 'London'] },
      taxId: 'GB123456789',
    }
    expect(data?.updateAccount).toEqual({ ...entered, graceDays: null })
    const changed = await two.asked(admin, update, { id: 'acc_a', input: { taxId: null } })
    expect(changed.data?.updateAccount).toMatchObject({ ...entered, taxId: null })
    expect(await accounts(two.database.db).findOne({ _id: 'acc_a' })).not.toHaveProperty('taxId')
    const stored = (await accounts(two.database.db).findOne({ _id: 'acc_a' })) ?? account('x')
    const query = '{ account { billingName billingAddress taxId graceDays } }'
    const toKey = await two.asked({ ...asKey(two.own), account: stored } as Caller, query)
    expect(Object.values(toKey.data?.account as object)).toEqual([null, null, null, null])
  })

  test.each<[string, Record<string, unknown>]>([
    ['a name that is blank', { billingName: '  ' }],
    ['a name with a line feed', { billingName: 'a\nb' }],
    ['a name that reads backwards', { billingName: 'a\u202eb' }],
    ['a name of 101 characters', { billingName: 'x'.repeat(101) }],
    ['an address without a line', { billingAddress: [] }],
    ['an address with a blank line', { billingAddress: ['a', ' '] }],
    ['an address of nine lines', { billingAddress: Array(9).fill('a') }],
    ['an address with a control character', { billingAddress: ['a\u0000'] }],
    ['a tax id with a tab', { taxId: 'a\tb' }],
  ])('refuses %s, and changes nothing', async (_what, input) => {
    const result = await two.asked(owner, update, { input: { name: 'New', ...input } })
    expect(codeOf(result)).toBe('BAD_USER_INPUT')
    expect(await accounts(two.database.db).findOne({ _id: 'acc_a' })).toEqual(account('acc_a'))
  })

  test("leaves the days of grace to the admin: 0 to 365, or the plan's again", async () => {
    const ask = async (caller: Caller, graceDays: unknown) =>
      await two.asked(caller, update, { id: 'acc_a', input: { graceDays } })
    for (const days of [5, null]) expect(codeOf(await ask(owner, days))).toBe('FORBIDDEN')
    for (const days of [-1, 366]) expect(codeOf(await ask(admin, days))).toBe('BAD_USER_INPUT')
    expect(two.published).toBe(0)
    expect((await ask(admin, 0)).data?.updateAccount).toMatchObject({ graceDays: 0 })
    expect((await ask(admin, null)).data?.updateAccount).toMatchObject({ graceDays: null })
    expect(two.published).toBe(2)
    expect(two.changes).toContainEqual({ accountId: 'acc_a' })
  })
})

describe('setOverageCap', () => {
  const set = `mutation ($id: ID!, $units: SafeInt) {
    setOverageCap(apiKeyId: $id, units: $units) { id overageCap }
  }`
  const ask = (caller: Caller, id: string, units: unknown) => two.asked(caller, set, { id, units })

  test('is for owner and admin: a number, 0, or none', async () => {
    for (const units of [500, 0, null, Number.MAX_SAFE_INTEGER]) {
      for (const caller of [owner, admin]) {
        const { data } = await ask(caller, 'key_own1', units)
        expect(data?.setOverageCap).toEqual({ id: 'key_own1', overageCap: units })
      }
    }
    const { data } = await two.asked(asKey(two.own), '{ account { apiKeys { overageCap } } }')
    expect(data?.account).toEqual({ apiKeys: [{ overageCap: Number.MAX_SAFE_INTEGER }] })
    expect(two.changes).toContainEqual({ apiKeyId: 'key_own1' })
  })

  test("refuses what is no number of calls, what is left out, and another's key", async () => {
    for (const units of [-1, 1.5, '5', 2 ** 53, undefined]) {
      expect(codeOf(await ask(owner, 'key_own1', units))).toBe('BAD_USER_INPUT')
    }
    expect(codeOf(await ask(owner, 'key_other', 5))).toBe('NOT_FOUND')
    expect(codeOf(await ask(admin, 'key_nobody', 5))).toBe('NOT_FOUND')
  })
})
