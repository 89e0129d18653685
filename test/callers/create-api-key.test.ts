import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { revokeApiKey, setTier } from '../../src/callers/api-key-commands.ts'
import { createApiKey } from '../../src/callers/create-api-key.ts'
import { defaultOwnerKeyLimits, type OwnerKeyLimits } from '../../src/rules/owner-keys.ts'
import { apiKeys, createApiKeyIndexes } from '../../src/store/api-keys.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'
import { seedAccount, seedKey, tools } from './seeded-callers.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
  await createApiKeyIndexes(database.db)
})
afterAll(() => database.drop())

const november = Date.parse('2026-11-30T23:59:00Z')
const december = Date.parse('2026-12-01T00:00:00Z')

function asOwner(accountId: string, limits: OwnerKeyLimits = defaultOwnerKeyLimits, at = november) {
  const input = { accountId, name: 'mine', limits }
  return createApiKey(database.db, input, { ...tools, clock: () => at })
}

const forbidden = { code: 'FORBIDDEN' }

describe('an owner', () => {
  test('creates two keys a month without a paid plan, revoked ones counted, and goes on in the next', async () => {
    const { _id } = await seedAccount(database.db)
    const first = await asOwner(_id)
    await asOwner(_id)
    await expect(asOwner(_id)).rejects.toMatchObject(forbidden)
    await revokeApiKey(database.db, { apiKeyId: first.apiKey._id, accountId: _id }, tools)
    await expect(asOwner(_id)).rejects.toMatchObject(forbidden)
    await asOwner(_id, defaultOwnerKeyLimits, december)
  })

  test('may create the next once one is upgraded, ten a month in all', async () => {
    const { _id } = await seedAccount(database.db)
    for (let i = 0; i < 10; i += 1) {
      const { apiKey } = await asOwner(_id)
      await setTier(database.db, apiKey._id, 'starter', tools)
      const scope = { apiKeyId: apiKey._id, accountId: _id }
      if (i % 2) await revokeApiKey(database.db, scope, tools)
    }
    await expect(asOwner(_id)).rejects.toMatchObject(forbidden)
  })

  test('holds ten keys that are not revoked, the admin’s counted; the admin is not bound', async () => {
    const { _id } = await seedAccount(database.db)
    for (let i = 0; i < 10; i += 1) await seedKey(database.db, { accountId: _id, tier: 'starter' })
    await expect(asOwner(_id)).rejects.toMatchObject(forbidden)
    const { apiKey } = await seedKey(database.db, { accountId: _id })
    for (const { _id: apiKeyId } of await apiKeys(database.db).find({ accountId: _id }).toArray()) {
      if (apiKeyId === apiKey._id) continue
      await revokeApiKey(database.db, { apiKeyId, accountId: null }, tools)
    }
    await asOwner(_id)
  })

  test.each([
    ['two without a paid plan', defaultOwnerKeyLimits, 2],
    ['ten live', { live: 10, perMonth: 100, unpricedPerMonth: 100 }, 10],
    ['five a month', { live: 100, perMonth: 5, unpricedPerMonth: 100 }, 5],
  ])('gets no more by asking thirty times at once: %s', async (_name, limits, most) => {
    const { _id } = await seedAccount(database.db)
    const asked = await Promise.allSettled(Array.from({ length: 30 }, () => asOwner(_id, limits)))
    const refused = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(refused).toHaveLength(30 - most)
    for (const reason of refused) expect(reason).toMatchObject(forbidden)
    expect(await apiKeys(database.db).countDocuments({ accountId: _id })).toBe(most)
  })
})

describe('a new key', () => {
  test('needs an account that exists, and a plan', async () => {
    const input = { accountId: 'acc_0000000000000000', name: 'x', limits: null }
    await expect(createApiKey(database.db, input, tools)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await expect(seedKey(database.db, { tier: 'gold' })).rejects.toThrow('free, starter, pro')
  })

  test('is stored without its secret, and shown with twelve and four characters of it', async () => {
    const { secret, apiKey } = await seedKey(database.db)
    const stored = await apiKeys(database.db).findOne({ _id: apiKey._id })
    expect(stored).toEqual(apiKey)
    expect(stored).toMatchObject({ prefix: secret.slice(0, 12), lastFour: secret.slice(-4) })
    expect(JSON.stringify(stored)).not.toContain(secret.slice(12, -6))
  })
})
