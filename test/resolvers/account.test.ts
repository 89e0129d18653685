import { describe, expect, test } from 'vitest'
import { accounts } from '../../src/store/accounts.ts'
import { type ApiKeyDoc, apiKeys } from '../../src/store/api-keys.ts'
import { asKey } from '../asked.ts'
import { admin, codeOf, owner, useTwoAccounts } from './two-accounts.ts'

const two = useTwoAccounts()

const createAccount = `mutation ($input: CreateAccountInput!) {
  createAccount(input: $input) { id name email currency apiKeys { id } }
}`
const updateAccount = `mutation ($id: ID, $input: UpdateAccountInput!) {
  updateAccount(id: $id, input: $input) { id name email currency }
}`

describe('account', () => {
  const query = `{ account { id name email currency apiKeys { id status tier monthlyLimit } } }`

  test('shows an owner his address and all his keys, oldest first', async () => {
    const { data } = await two.asked(owner, query)
    expect(data?.account).toMatchObject({
      id: 'acc_a',
      email: 'acc_a@example.com',
      apiKeys: [
        { id: 'key_own1', status: 'ACTIVE', tier: 'free', monthlyLimit: 1000 },
        { id: 'key_own2' },
      ],
    })
  })

  test('shows a key itself alone, and no address', async () => {
    const { data } = await two.asked(asKey(two.second), query)
    expect(data?.account).toMatchObject({ id: 'acc_a', email: null, apiKeys: [{ id: 'key_own2' }] })
  })

  test('says what a key is: blocked and why, revoked for good, unlimited', async () => {
    const set = (_id: string, fields: Partial<ApiKeyDoc>) =>
      apiKeys(two.database.db).updateOne({ _id }, { $set: fields })
    await set(two.own._id, { blockedBecause: 'The last payment failed.', tier: 'enterprise' })
    await set(two.second._id, { blockedBecause: 'x', revokedAt: new Date() })
    const states = '{ account { apiKeys { status blockedBecause monthlyLimit } } }'
    const { data } = await two.asked(owner, states)
    expect(data?.account).toEqual({
      apiKeys: [
        { status: 'BLOCKED', blockedBecause: 'The last payment failed.', monthlyLimit: null },
        { status: 'REVOKED', blockedBecause: null, monthlyLimit: 1000 },
      ],
    })
  })
})

describe('createAccount', () => {
  const input = { name: ' Ada & Co ', email: 'ada@example.com', userId: 'sub|1' }

  test('answers the account, in US dollars where nothing else is said', async () => {
    const { data } = await two.asked(admin, createAccount, { input })
    expect(data?.createAccount).toEqual({
      id: expect.stringMatching(/^acc_[\dA-Za-z]{16}$/),
      ...{ name: 'Ada & Co', email: 'ada@example.com', currency: 'USD', apiKeys: [] },
    })
  })

  test('gives a user one account, however often and at once it is asked', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => two.asked(admin, createAccount, { input })),
    )
    expect(answers.filter((answer) => !answer.errors)).toHaveLength(1)
    expect(answers.map(codeOf).filter((code) => code === 'BAD_USER_INPUT')).toHaveLength(9)
  })

  test.each<[string, Record<string, unknown>]>([
    ['an empty name', { name: '' }],
    ['a blank name', { name: '   ' }],
    ['a line feed in the name', { name: 'Ada\nBcc: x@example.com' }],
    ['a NUL in the name', { name: 'Ada\0' }],
    ['a C1 control in the name', { name: 'Ada\u0085' }],
    ['a line separator in the name', { name: 'Ada\u2028' }],
    ['a reversing character in the name', { name: 'Ada\u202e' }],
    ['half a surrogate pair in the name', { name: 'Ada\ud800' }],
    ['a name of 101 characters', { name: 'x'.repeat(101) }],
    ['an address without @', { email: 'ada' }],
    ['an address without a host', { email: 'ada@' }],
    ['an address with a line feed', { email: 'ada@example.com\n' }],
    ['two addresses', { email: 'ada@example.com,bob@example.com' }],
    ['a named address', { email: 'Ada <ada@example.com>' }],
    ['an endless address', { email: `ada@${'a.'.repeat(50_000)}com` }],
    ['an unknown currency', { currency: 'XXX' }],
    ['a currency in small letters', { currency: 'usd' }],
    ['a blank user id', { userId: ' ' }],
    ['an endless user id', { userId: 'x'.repeat(256) }],
    ['an object as the user id', { userId: { $gt: '' } }],
    ['a field that is not there', { admin: true }],
  ])('refuses %s', async (_name, wrong) => {
    const result = await two.asked(admin, createAccount, { input: { ...input, ...wrong } })
    expect(codeOf(result)).toBe('BAD_USER_INPUT')
    expect(await accounts(two.database.db).countDocuments()).toBe(2)
  })

  test.each(['Ünal Straße GmbH', '株式会社', '👩‍👩‍👧 family', 'x'.repeat(100)])(
    'accepts "%s"',
    async (name) => {
      expect(
        codeOf(await two.asked(admin, createAccount, { input: { ...input, name } })),
      ).toBeUndefined()
    },
  )
})

describe('updateAccount', () => {
  test('lets an owner change his own, and tells who caches it', async () => {
    const input = { name: 'New', email: 'new@example.com', currency: 'AUD' }
    const { data } = await two.asked(owner, updateAccount, { input })
    expect(data?.updateAccount).toEqual({ id: 'acc_a', ...input })
    expect(two.changes).toEqual([{ accountId: 'acc_a' }])
    const { data: same } = await two.asked(owner, updateAccount, { input: { name: null } })
    expect(same?.updateAccount).toEqual({ id: 'acc_a', ...input })
  })

  test('is NOT_FOUND for another account, known or not, to an owner; the admin says which', async () => {
    const input = { name: 'Mine now' }
    for (const id of ['acc_b', 'acc_nobody', '{"$gt":""}', '']) {
      expect(codeOf(await two.asked(owner, updateAccount, { id, input }))).toBe('NOT_FOUND')
    }
    expect(codeOf(await two.asked(admin, updateAccount, { input }))).toBe('BAD_USER_INPUT')
    expect(codeOf(await two.asked(admin, updateAccount, { id: 'acc_b', input }))).toBeUndefined()
    expect(codeOf(await two.asked(admin, updateAccount, { id: 'acc_x', input }))).toBe('NOT_FOUND')
    expect(await accounts(two.database.db).findOne({ _id: 'acc_a' })).toMatchObject({
      name: 'acc_a',
    })
  })

  test('refuses what createAccount refuses', async () => {
    for (const input of [{ name: 'a\nb' }, { email: 'a' }, { currency: 'BTC' }]) {
      expect(codeOf(await two.asked(owner, updateAccount, { input }))).toBe('BAD_USER_INPUT')
    }
  })
})
