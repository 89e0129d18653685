import { expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { asOwner } from '../asked.ts'
import { plantUsage } from '../planted-usage.ts'
import { admin, codeOf, owner, useTwoAccounts } from './two-accounts.ts'

const state = useTwoAccounts()

const costs = `query ($month: YearMonth!, $key: ID) {
  planCosts(month: $month, apiKeyId: $key) {
    plan { id } base { amount currency } overage { amount } total { amount } refusedRequests
  }
}`

interface Row {
  plan: { id: string }
  base: { amount: string; currency: string } | null
  refusedRequests: number
}

async function costsOf(caller: Caller, variables: Record<string, unknown>): Promise<Row[]> {
  const { data, errors } = await state.asked(caller, costs, variables)
  expect(errors).toBeUndefined()
  return data?.planCosts as Row[]
}

test('plans are told with their prices in the currency of the account', async () => {
  const source = '{ plans { id monthlyLimit price { amount currency } overage { per } } }'
  const { data } = await state.asked(owner, source)
  expect(data?.plans).toEqual([
    { id: 'free', monthlyLimit: 1_000, price: { amount: '0.00', currency: 'USD' }, overage: null },
    {
      ...{ id: 'starter', monthlyLimit: 10_000, overage: null },
      price: { amount: '0.00', currency: 'USD' },
    },
    {
      ...{ id: 'enterprise', monthlyLimit: null, overage: null },
      price: { amount: '0.00', currency: 'USD' },
    },
  ])
  expect((await state.asked(admin, source)).data?.plans).toHaveLength(3)
})

test('a month is reckoned for every key that there was, each by itself', async () => {
  await plantUsage(state.database.db, [
    { apiKeyId: state.own._id, accountId: 'acc_a', at: '2026-10-05T00:00:00Z', units: 1_500 },
    { apiKeyId: state.second._id, accountId: 'acc_a', at: '2026-10-05T00:00:00Z', units: 900 },
    { apiKeyId: state.foreign._id, accountId: 'acc_b', at: '2026-10-05T00:00:00Z', units: 9_000 },
  ])
  const rows = await costsOf(owner, { month: '2026-10' })
  expect(rows.map(({ plan, refusedRequests }) => [plan.id, refusedRequests])).toEqual([
    ['free', 500],
    ['starter', 0],
    ['enterprise', 0],
  ])
  const one = await costsOf(owner, { month: '2026-10', key: state.second._id })
  expect(one[0]).toMatchObject({ base: { amount: '0.00', currency: 'USD' }, refusedRequests: 0 })
})

test('another account’s key is none, and a month of words is refused', async () => {
  const foreign = { month: '2026-10', key: state.foreign._id }
  expect(codeOf(await state.asked(owner, costs, foreign))).toBe('NOT_FOUND')
  expect(
    codeOf(await state.asked(asOwner('acc_b'), costs, { ...foreign, key: state.own._id })),
  ).toBe('NOT_FOUND')
  expect(codeOf(await state.asked(owner, costs, { month: 'soon' }))).toBe('BAD_USER_INPUT')
})
