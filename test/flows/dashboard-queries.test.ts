import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessHistory } from '../../src/store/access-history.ts'
import { accounts } from '../../src/store/accounts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { ensurePartitions, partitions } from '../../src/store/partitions.ts'
import { type Answer, dataOf, startTestApi, type TestApi } from '../api.ts'
import { audience, startIssuer, type TestIssuer } from '../callers/issuer.ts'
import { plantUsage } from '../planted-usage.ts'

let issuer: TestIssuer
let api: TestApi
let accountId: string
let apiKeyId: string
/** How each presents itself. */
let who: Record<string, Record<string, string>>

beforeAll(async () => {
  issuer = await startIssuer()
  const oidc = { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: audience, OIDC_ADMIN_CLAIM: 'role=admin' }
  api = await startTestApi({ ...oidc, LIMIT_UNMETERED_PER_SECOND: '1000' })
  const seeded = await api.seed('starter')
  ;({ accountId, apiKeyId } = seeded)
  await accounts(api.db).updateOne({ _id: accountId }, { $set: { userId: 'owner' } })
  const bearer = async (claims: Record<string, unknown>) => ({
    authorization: `Bearer ${await issuer.token(claims)}`,
  })
  who = {
    owner: await bearer({ sub: 'owner' }),
    'owner with the admin claim': await bearer({ sub: 'owner', role: 'admin' }),
    'operator without an account': await bearer({ sub: 'operator', role: 'admin' }),
    stranger: await bearer({ sub: 'stranger' }),
    'admin key': { 'x-api-key': api.adminApiKey },
    'API key': { 'x-api-key': seeded.secret },
    nobody: {},
  }
})
afterAll(async () => {
  await api.end()
  await issuer.close()
})

const by = (name: string, query: string, variables: Record<string, unknown> = {}) =>
  api.ask(query, { headers: who[name] ?? {}, variables })

/** 200, or the code of the refusal. */
function outcome({ status, errors }: Answer): string {
  return errors ? (errors[0]?.extensions.code ?? 'no code') : String(status)
}

const month = '2026-10'
const range = 'startDate: "2026-10-01", endDate: "2026-10-02"'
const fields: [string, string, { owner: string; admin: string; key: string }][] = [
  ['viewer', '{ viewer { admin } }', { owner: '200', admin: '200', key: 'FORBIDDEN' }],
  ['plans', '{ plans { id } }', { owner: '200', admin: '200', key: 'FORBIDDEN' }],
  [
    'planCosts',
    `{ planCosts(month: "${month}") { plan { id } } }`,
    { owner: '200', admin: 'FORBIDDEN', key: 'FORBIDDEN' },
  ],
  [
    'usageBreakdown',
    `{ usageBreakdown(${range}, by: KEY) { name } }`,
    { owner: '200', admin: 'FORBIDDEN', key: '200' },
  ],
  [
    'usageDeadlines',
    `{ usageDeadlines(${range}) { date } }`,
    { owner: '200', admin: 'FORBIDDEN', key: 'FORBIDDEN' },
  ],
  [
    'pipeline',
    '{ pipeline { workers { id } } }',
    { owner: 'FORBIDDEN', admin: '200', key: 'FORBIDDEN' },
  ],
  [
    'accessChanges',
    '{ accessChanges { totalCount } }',
    { owner: 'FORBIDDEN', admin: '200', key: 'FORBIDDEN' },
  ],
  [
    'triggerAggregation',
    'mutation { triggerAggregation { date } }',
    { owner: 'FORBIDDEN', admin: '200', key: 'FORBIDDEN' },
  ],
  [
    'triggerMonitoring',
    'mutation { triggerMonitoring { keys } }',
    { owner: 'FORBIDDEN', admin: '200', key: 'FORBIDDEN' },
  ],
  [
    'triggerInvoicing',
    'mutation { triggerInvoicing(month: "2020-01") { accounts } }',
    { owner: 'FORBIDDEN', admin: '200', key: 'FORBIDDEN' },
  ],
]

describe.each(fields)('%s', (_, query, expected) => {
  test('is open to whom it declares, and to nobody else', async () => {
    const both = [expected.owner, expected.admin].includes('200') ? '200' : 'FORBIDDEN'
    expect({
      owner: outcome(await by('owner', query)),
      both: outcome(await by('owner with the admin claim', query)),
      operator: outcome(await by('operator without an account', query)),
      stranger: outcome(await by('stranger', query)),
      admin: outcome(await by('admin key', query)),
      key: outcome(await by('API key', query)),
      nobody: outcome(await by('nobody', query)),
    }).toEqual({
      ...{ owner: expected.owner, both, operator: expected.admin, stranger: 'FORBIDDEN' },
      ...{ admin: expected.admin, key: expected.key, nobody: 'UNAUTHENTICATED' },
    })
  })
})

test('viewer says who asks, with an account or without', async () => {
  const query = '{ viewer { admin maySignUp account { id } } }'
  const seen = async (name: string) => (await by(name, query)).data?.viewer
  expect(await seen('owner')).toEqual({
    ...{ admin: false, maySignUp: false, account: { id: accountId } },
  })
  expect(await seen('owner with the admin claim')).toMatchObject({
    ...{ admin: true, account: { id: accountId } },
  })
  expect(await seen('operator without an account')).toEqual({
    ...{ admin: true, maySignUp: false, account: null },
  })
  expect(await seen('admin key')).toMatchObject({ admin: true, account: null })
})

test('the shipped plans are reckoned in the currency of the account', async () => {
  await plantUsage(api.db, [{ apiKeyId, accountId, at: '2026-10-03T00:00:00Z', units: 12_345 }])
  await accounts(api.db).updateOne({ _id: accountId }, { $set: { currency: 'JPY' } })
  // Known keys of this process are told by the change stream; here the command itself says so.
  const update = 'mutation { updateAccount(input: { currency: "JPY" }) { currency } }'
  expect(outcome(await by('owner', update))).toBe('200')
  const query = `{ planCosts(month: "${month}", apiKeyId: "${apiKeyId}") {
    plan { id price { amount } } total { amount currency } refusedRequests
  } }`
  expect((await by('owner', query)).data?.planCosts).toEqual([
    {
      ...{ plan: { id: 'free', price: { amount: '0', currency: undefined } } },
      ...{ total: { amount: '0', currency: 'JPY' }, refusedRequests: 11_345 },
    },
    {
      plan: { id: 'starter', price: { amount: '4500' } },
      ...{ total: { amount: '5907', currency: 'JPY' }, refusedRequests: 0 },
    },
    {
      plan: { id: 'pro', price: { amount: '15000' } },
      ...{ total: { amount: '15000', currency: 'JPY' }, refusedRequests: 0 },
    },
    {
      plan: { id: 'enterprise', price: { amount: '75000' } },
      ...{ total: { amount: '75000', currency: 'JPY' }, refusedRequests: 0 },
    },
  ])
})

describe('the pipeline, as an operator sees it', () => {
  const query = `{ pipeline {
    partitions { partition owner lagEntries lagSeconds position }
    producers { id host seenAt } workers { id } jobs { id }
  } }`
  interface Seen {
    partitions: { partition: number; lagEntries: number | null; lagSeconds: number | null }[]
    producers: { host: string }[]
  }
  const seen = async () => dataOf<Seen>(await by('admin key', query), 'pipeline')

  test('shows what waits to be counted, and the spool that it comes from', async () => {
    await ensurePartitions(api.db)
    // No worker runs here: what is called stays in the stream.
    expect(outcome(await by('API key', '{ countries { code } }'))).toBe('200')
    const behind = await expect
      .poll(async () => (await seen()).partitions.filter(({ lagEntries }) => lagEntries))
      .toHaveLength(1)
      .then(seen)
    expect(behind.partitions).toHaveLength(16)
    expect(behind.producers).toHaveLength(1)
    const [late] = behind.partitions.filter(({ lagEntries }) => lagEntries)
    expect(late?.lagSeconds).toBeGreaterThan(0)
    await partitions(api.db).updateMany({}, { $set: { pos: '99999999999999-0' } })
    expect((await seen()).partitions.every(({ lagEntries }) => lagEntries === 0)).toBe(true)
  })

  test('says so where Redis does not answer, and shows the rest', async () => {
    await api.redis.kill('SIGKILL')
    try {
      const { partitions: parts, producers } = await seen()
      expect(parts.every(({ lagEntries }) => lagEntries === null)).toBe(true)
      expect(producers).toHaveLength(1)
    } finally {
      await api.redis.start()
    }
  })
})

test('accessChanges lists all accounts, last recorded first, page by page', async () => {
  const state = {
    tier: 'free',
    blockedBecause: null,
    revoked: false,
    billingStatus: 'NONE',
  } as const
  const entries = ['key_a:1', 'key_b:1', 'key_a:2'].map((_id, index) => ({
    ...{ _id, apiKeyId: _id.slice(0, 5), accountId: _id.startsWith('key_a') ? 'acc_a' : 'acc_b' },
    ...{ n: Number(_id.slice(6)), at: new Date(index * 1_000), recordedAt: new Date(5_000) },
    ...{ from: null, to: { ...state, tier: 'pro' }, because: 'paid', cause: 'STRIPE:evt_1' },
  }))
  // That of the seeded key.
  await accessHistory(api.db).deleteMany({})
  await accessHistory(api.db).insertMany(entries)
  const query = `query ($after: String, $account: ID) {
    accessChanges(first: 2, after: $after, accountId: $account) {
      totalCount pageInfo { hasNextPage endCursor }
      edges { node { id accountId from { tier } to { tier status billingStatus } cause } }
    }
  }`
  interface Page {
    totalCount: number
    pageInfo: { hasNextPage: boolean; endCursor: string }
    edges: { node: { id: string } }[]
  }
  const pageOf = async (variables: Record<string, unknown>) =>
    dataOf<Page>(await by('admin key', query, variables), 'accessChanges')
  const first = await pageOf({})
  const rest = await pageOf({ after: first.pageInfo.endCursor })
  expect([...first.edges, ...rest.edges].map(({ node }) => node.id)).toEqual([
    ...['key_b:1', 'key_a:2', 'key_a:1'],
  ])
  expect([first.totalCount, rest.pageInfo.hasNextPage]).toEqual([3, false])
  expect((await pageOf({ account: 'acc_b' })).edges).toHaveLength(1)
  const wrong = await by('admin key', query, { after: 'bm9uZQ' })
  expect(outcome(wrong)).toBe('BAD_USER_INPUT')
})

describe('work on demand', () => {
  test('is the same by GraphQL as by REST, and refuses the future', async () => {
    const query = `mutation ($date: Date) {
      triggerAggregation(date: $date) { date totalRequests differenceCount hoursProved }
    }`
    const byRest = await fetch(`${api.url}/admin/trigger-aggregation?date=2026-10-03`, {
      method: 'POST',
      headers: { 'x-api-key': api.adminApiKey },
    })
    const { date, totalRequests, differenceCount, hoursProved } = (await byRest.json()) as Record<
      string,
      unknown
    >
    const answer = await by('operator without an account', query, { date: '2026-10-03' })
    expect(answer.data?.triggerAggregation).toEqual({
      ...{ date, totalRequests, differenceCount, hoursProved },
    })
    expect(totalRequests).toBe(12_345)
    expect(outcome(await by('admin key', query, { date: '2199-01-01' }))).toBe('BAD_USER_INPUT')
  })

  test('looks at every key and says what it raised', async () => {
    const now = Date.now()
    await plantUsage(api.db, [{ apiKeyId, accountId, at: now, units: 9_600, tier: 'starter' }])
    const query = 'mutation { triggerMonitoring { keys failedKeys alerts { level count } } }'
    expect((await by('admin key', query)).data?.triggerMonitoring).toEqual({
      ...{ keys: 1, failedKeys: 0, alerts: [{ level: 'CRITICAL', count: 1 }] },
    })
  })

  test('invoices a month once, whether by GraphQL or by REST, and refuses the future', async () => {
    const query = `mutation ($month: YearMonth) {
      triggerInvoicing(month: $month) { month draft accounts issued known problemCount }
    }`
    const createdAt = new Date('2026-10-01')
    await apiKeys(api.db).updateOne({ _id: apiKeyId }, { $set: { createdAt } })
    const found = { month: '2026-10', draft: false, accounts: 1, problemCount: 0 }
    const { data } = await by('operator without an account', query, { month })
    expect(data?.triggerInvoicing).toEqual({ ...found, issued: 1, known: 0 })
    const byRest = await fetch(`${api.url}/admin/trigger-invoicing?month=${month}`, {
      method: 'POST',
      headers: { 'x-api-key': api.adminApiKey },
    })
    expect(await byRest.json()).toMatchObject({ ...found, issued: 0, known: 1 })
    expect(outcome(await by('admin key', query, { month: '2199-01' }))).toBe('BAD_USER_INPUT')
  })
})
