import { beforeEach, expect, test } from 'vitest'
import { asKey } from '../asked.ts'
import { plantUsage } from '../planted-usage.ts'
import { codeOf, owner, useTwoAccounts } from './two-accounts.ts'

const state = useTwoAccounts()

beforeEach(async () => {
  const { db } = state.database
  await db.collection('usageDays').deleteMany({})
  const [own, second] = [state.own, state.second].map(({ _id }) => ({
    apiKeyId: _id,
    accountId: 'acc_a',
  }))
  await plantUsage(db, [
    { ...own, at: '2026-11-01T10:00:00Z', units: 4, failed: 1 },
    { ...own, at: '2026-11-02T10:00:00Z', units: 2, endpoint: 'GET /api/v1/tax-dates' },
    { ...second, at: '2026-11-02T11:00:00Z', units: 9, tier: 'starter' },
    { ...second, at: '2026-11-05T11:00:00Z', units: 100 },
    { apiKeyId: state.foreign._id, accountId: 'acc_b', at: '2026-11-02T11:00:00Z', units: 70 },
  ] as Parameters<typeof plantUsage>[1])
})

const source = `query ($by: UsageGrouping!, $from: Date = "2026-11-01", $to: Date = "2026-11-03") {
  usageBreakdown(startDate: $from, endDate: $to, by: $by) {
    name label totalRequests failedRequests apiKey { id } days { date totalRequests }
  }
}`

test('by key, every day of the range, the most used first', async () => {
  const { data } = await state.asked(owner, source, { by: 'KEY' })
  expect(data?.usageBreakdown).toEqual([
    {
      ...{ name: 'key_own2', label: 'key_own2', apiKey: { id: 'key_own2' } },
      ...{ totalRequests: 9, failedRequests: 0 },
      days: [
        { date: '2026-11-01', totalRequests: 0 },
        { date: '2026-11-02', totalRequests: 9 },
        { date: '2026-11-03', totalRequests: 0 },
      ],
    },
    {
      ...{ name: 'key_own1', label: 'key_own1', apiKey: { id: 'key_own1' } },
      ...{ totalRequests: 6, failedRequests: 1 },
      days: [
        { date: '2026-11-01', totalRequests: 4 },
        { date: '2026-11-02', totalRequests: 2 },
        { date: '2026-11-03', totalRequests: 0 },
      ],
    },
  ])
})

test('by endpoint and by plan, named as people call them', async () => {
  const endpoints = await state.asked(owner, source, { by: 'ENDPOINT' })
  expect(endpoints.data?.usageBreakdown).toMatchObject([
    { name: 'taxDates', totalRequests: 13, failedRequests: null, apiKey: null },
    { name: 'GET /api/v1/tax-dates', totalRequests: 2 },
  ])
  const tiers = await state.asked(owner, source, { by: 'TIER' })
  expect(tiers.data?.usageBreakdown).toMatchObject([
    { name: 'starter', totalRequests: 9 },
    { name: 'free', totalRequests: 6 },
  ])
})

test('an API key sees itself alone', async () => {
  const { data } = await state.asked(asKey(state.own), source, { by: 'KEY' })
  expect(data?.usageBreakdown).toMatchObject([{ name: 'key_own1', totalRequests: 6 }])
})

test.each([
  ['more than 92 days', '2026-08-01', '2026-11-01'],
  ['an end before the start', '2026-11-02', '2026-11-01'],
])('%s are refused', async (_, from, to) => {
  expect(codeOf(await state.asked(owner, source, { by: 'KEY', from, to }))).toBe('BAD_USER_INPUT')
})
