import { describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { admin, codeOf, now, owner, useTwoAccounts } from './two-accounts.ts'

const two = useTwoAccounts()

const keyFields = 'id name prefix tier monthlyLimit status blockedBecause alertsEnabled lastUsedAt'
const createKey = `mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) { secret apiKey { ${keyFields} } }
}`
const rotate = `mutation ($id: ID!, $hours: Int) {
  rotateApiKey(id: $id, overlapHours: $hours) { secret apiKey { ${keyFields} } }
}`
const revoke = `mutation ($id: ID!) { revokeApiKey(id: $id) { ${keyFields} } }`
const update = `mutation ($id: ID!, $input: UpdateApiKeyInput!) {
  updateApiKey(id: $id, input: $input) { ${keyFields} }
}`
const setTier = `mutation ($id: ID!, $tier: String!) {
  setTier(apiKeyId: $id, tier: $tier) { ${keyFields} }
}`

describe('createApiKey', () => {
  test('gives an owner a free key whose secret is shown once', async () => {
    const { data } = await two.asked(owner, createKey, { input: { name: 'till' } })
    const created = data?.createApiKey as { secret: string; apiKey: { prefix: string; id: string } }
    expect(created.secret).toMatch(/^gc_live_[\dA-Za-z]{36}$/)
    expect(created.apiKey).toMatchObject({ name: 'till', tier: 'free', status: 'ACTIVE' })
    expect(created.apiKey.prefix).toBe(created.secret.slice(0, 12))
    expect(created.apiKey.id).toMatch(/^key_[\dA-Za-z]{12}$/)
  })

  test('leaves account and plan to the admin', async () => {
    const ask_ = async (caller: Caller, input: Record<string, unknown>) =>
      codeOf(await two.asked(caller, createKey, { input: { name: 'x', ...input } }))
    expect(await ask_(owner, { tier: 'starter' })).toBe('FORBIDDEN')
    expect(await ask_(owner, { accountId: 'acc_a' })).toBe('FORBIDDEN')
    expect(await ask_(owner, { accountId: 'acc_b' })).toBe('NOT_FOUND')
    expect(await ask_(owner, { accountId: 'acc_nobody' })).toBe('NOT_FOUND')
    expect(await ask_(admin, {})).toBe('BAD_USER_INPUT')
    expect(await ask_(admin, { accountId: 'acc_nobody' })).toBe('NOT_FOUND')
    expect(await ask_(admin, { accountId: 'acc_b', tier: 'gold' })).toBe('BAD_USER_INPUT')
    expect(await ask_(admin, { accountId: 'acc_b', tier: 'starter' })).toBeUndefined()
    expect(await ask_(owner, { name: 'a\u0007' })).toBe('BAD_USER_INPUT')
  })

  test('to an owner who is also admin: his own account by default, bound by nothing', async () => {
    const both: Caller = { ...owner, admin: true } as Caller
    for (let i = 0; i < 4; i += 1) {
      const result = await two.asked(both, createKey, { input: { name: 'x', tier: 'enterprise' } })
      expect(codeOf(result)).toBeUndefined()
    }
    expect(await apiKeys(two.database.db).countDocuments({ accountId: 'acc_a' })).toBe(6)
  })
})

describe('a key of another account', () => {
  test.each<[string, string, Record<string, unknown>]>([
    ['rotateApiKey', rotate, {}],
    ['revokeApiKey', revoke, {}],
    ['updateApiKey', update, { input: { name: 'Mine now' } }],
    ['updateApiKey with nothing to change', update, { input: {} }],
  ])('is NOT_FOUND to %s, like one that is not there', async (_name, source, variables) => {
    for (const id of [two.foreign._id, 'key_nobody', '{"$gt":""}', '', two.foreign.prefix]) {
      expect(codeOf(await two.asked(owner, source, { ...variables, id }))).toBe('NOT_FOUND')
    }
    expect(await apiKeys(two.database.db).findOne({ _id: two.foreign._id })).toEqual(two.foreign)
    expect(two.changes).toEqual([])
    expect(
      codeOf(await two.asked(admin, source, { ...variables, id: two.foreign._id })),
    ).toBeUndefined()
  })

  test('is no string but an object: refused before anybody asks', async () => {
    const result = await two.asked(owner, revoke, { id: { $gt: '' } })
    expect(codeOf(result)).toBe('BAD_USER_INPUT')
  })
})

describe('an owner’s key', () => {
  test('is rotated with an overlap of 0 to 168 hours, 24 by default', async () => {
    const endAfter = async (hours?: number) => {
      const result = await two.asked(owner, rotate, { id: two.own._id, hours })
      expect(codeOf(result)).toBeUndefined()
      const stored = await apiKeys(two.database.db).findOne({ _id: two.own._id })
      return ((stored?.secrets[1]?.expiresAt?.getTime() ?? 0) - now) / 3_600_000
    }
    expect(await endAfter(168)).toBe(168)
    expect(await endAfter()).toBe(24)
    expect(await endAfter(0)).toBe(0)
    for (const hours of [-1, 169, 2 ** 31 - 1]) {
      const result = await two.asked(owner, rotate, { id: two.own._id, hours })
      expect(codeOf(result)).toBe('BAD_USER_INPUT')
    }
    expect(two.changes).toEqual(Array(3).fill({ apiKeyId: two.own._id }))
  })

  test('is revoked for good: again is the same answer, and it is not rotated', async () => {
    for (let i = 0; i < 2; i += 1) {
      const { data } = await two.asked(owner, revoke, { id: two.own._id })
      expect(data?.revokeApiKey).toMatchObject({ id: two.own._id, status: 'REVOKED' })
    }
    expect(codeOf(await two.asked(owner, rotate, { id: two.own._id }))).toBe('BAD_USER_INPUT')
    expect(two.changes).toContainEqual({ apiKeyId: two.own._id })
  })

  test('changes its name and its alerts, each alone too', async () => {
    const change = async (input: Record<string, unknown>) =>
      (await two.asked(owner, update, { id: two.own._id, input })).data?.updateApiKey
    expect(await change({ name: 'New' })).toMatchObject({ name: 'New', alertsEnabled: true })
    expect(await change({ alertsEnabled: false })).toMatchObject({
      name: 'New',
      alertsEnabled: false,
    })
    expect(await change({ name: null, alertsEnabled: null })).toMatchObject({
      name: 'New',
      alertsEnabled: false,
    })
    const wrong = await two.asked(owner, update, { id: two.own._id, input: { name: '\t' } })
    expect(codeOf(wrong)).toBe('BAD_USER_INPUT')
  })

  test('gets another plan from the admin', async () => {
    const { data } = await two.asked(admin, setTier, { id: two.own._id, tier: 'enterprise' })
    expect(data?.setTier).toMatchObject({ tier: 'enterprise', monthlyLimit: null })
    expect(two.changes).toEqual([{ apiKeyId: two.own._id }])
    expect(codeOf(await two.asked(admin, setTier, { id: two.own._id, tier: 'gold' }))).toBe(
      'BAD_USER_INPUT',
    )
    expect(codeOf(await two.asked(admin, setTier, { id: 'key_x', tier: 'free' }))).toBe('NOT_FOUND')
  })
})
