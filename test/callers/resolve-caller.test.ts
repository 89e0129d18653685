import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { revokeApiKey, rotateApiKey, setTier } from '../../src/callers/api-key-commands.ts'
import { newSecret } from '../../src/callers/api-key-secret.ts'
import { rolesOf } from '../../src/callers/ownership.ts'
import { HOUR } from '../../src/rules/calendar-time.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'
import { audience, startIssuer, type TestIssuer } from './issuer.ts'
import {
  adminApiKey,
  clock,
  type Presented,
  seedAccount,
  seedKey,
  startCallers,
  tools,
} from './seeded-callers.ts'

let database: TestDatabase
let issuer: TestIssuer
beforeAll(async () => {
  database = await testDatabase()
  issuer = await startIssuer()
})
afterAll(async () => {
  await database.drop()
  await issuer.close()
})
beforeEach(() => {
  clock.offset = 0
})

const start = () =>
  startCallers(database.db, {
    oidc: {
      issuer: issuer.url,
      audience,
      clientId: null,
      clientClaim: null,
      adminClaim: { name: 'role', value: 'admin' },
    },
  })
const admin = { accountId: null }

describe('an API key', () => {
  // Memory is trusted only while the change stream answers twice a second, which a machine that stalls does not.
  test('is resolved with its account, from MongoDB once and from memory afterwards', {
    retry: 2,
  }, async () => {
    const callers = await start()
    const { secret, apiKey } = await seedKey(database.db)
    const credentials = { apiKeys: [secret], authorization: [], apiKeyId: [] }
    const asked = await Promise.all(
      Array.from({ length: 50 }, () => callers.resolveCaller(credentials, '192.0.2.1')),
    )
    expect(new Set(asked).size).toBe(1)
    expect(asked[0]).toMatchObject({ kind: 'apiKey', apiKey, account: { _id: apiKey.accountId } })
    expect(callers.resolveCaller(credentials, '192.0.2.1')).toBe(asked[0])
    expect(await callers.lookUps()).toBe(1)
  })

  test('that is none is refused without a look-up; a well-formed unknown one after it', async () => {
    const callers = await start()
    const { secret } = await seedKey(database.db)
    const wrongs = [
      '',
      'x',
      `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`,
      `${secret}\0`,
      `${secret}\r\nx-api-key: ${adminApiKey}`,
      'x'.repeat(100_000),
      '{"$gt":""}',
    ]
    for (const apiKey of wrongs) {
      await expect(callers.resolve({ apiKey })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    }
    expect(await callers.lookUps()).toBe(0)
    const unknown = newSecret(randomBytes)
    await expect(callers.resolve({ apiKey: unknown })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
    expect(await callers.lookUps()).toBe(1)
  })

  test('that is blocked is let in with the reason: it may read, and is refused where it would pay', async () => {
    const callers = await start()
    const { secret, apiKey } = await seedKey(database.db)
    await apiKeys(database.db).updateOne(
      { _id: apiKey._id },
      { $set: { blockedBecause: 'The last payment failed.' } },
    )
    expect(await callers.resolve({ apiKey: secret })).toMatchObject({
      kind: 'apiKey',
      apiKey: { blockedBecause: 'The last payment failed.' },
    })
  })

  test('on a plan that is not in PLANS_FILE is our fault, not the caller’s', async () => {
    const callers = await start()
    const { secret, apiKey } = await seedKey(database.db)
    await apiKeys(database.db).updateOne({ _id: apiKey._id }, { $set: { tier: 'gone' } })
    const error = await callers.resolve({ apiKey: secret }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toHaveProperty('code')
    expect(String(error)).toContain('gone')
  })

  test('has its new tier at once in the process that set it', async () => {
    const callers = await start()
    const { secret, apiKey } = await seedKey(database.db)
    await callers.resolve({ apiKey: secret })
    await setTier(database.db, apiKey._id, 'pro', tools)
    callers.changed({ apiKeyId: apiKey._id })
    expect(await callers.resolve({ apiKey: secret })).toMatchObject({ apiKey: { tier: 'pro' } })
  })

  test('remembers when it was last used, and an earlier use never wins', async () => {
    const callers = await start()
    const { apiKey } = await seedKey(database.db)
    callers.touched(apiKey._id, 2_000)
    callers.touched(apiKey._id, 1_000)
    await callers.stop()
    const read = () => apiKeys(database.db).findOne({ _id: apiKey._id })
    expect((await read())?.lastUsedAt).toEqual(new Date(2_000))
    const other = await start()
    other.touched(apiKey._id, 1_500)
    await other.stop()
    expect((await read())?.lastUsedAt).toEqual(new Date(2_000))
  })
})

describe('a rotated key', () => {
  const rotate = (apiKeyId: string, hours: number) =>
    rotateApiKey(database.db, { apiKeyId, ...admin }, hours, tools)

  test('opens with both secrets until the overlap ends, to the millisecond, cached or not', async () => {
    const [warm, cold] = [await start(), await start()]
    const { secret: old, apiKey } = await seedKey(database.db)
    await warm.resolve({ apiKey: old })
    const { secret: fresh, apiKey: rotated } = await rotate(apiKey._id, 24)
    warm.changed({ apiKeyId: apiKey._id })
    const end = rotated.secrets[1]?.expiresAt?.getTime() ?? 0
    expect(end - Date.now()).toBeGreaterThan(24 * HOUR - 10_000)
    expect(await warm.resolve({ apiKey: old })).toMatchObject({ validUntil: end })
    expect(rotated).toMatchObject({ _id: apiKey._id, prefix: fresh.slice(0, 12) })

    clock.offset = end - Date.now() - 5_000
    for (const callers of [warm, cold]) {
      for (const apiKey_ of [old, fresh]) {
        const caller = await callers.resolve({ apiKey: apiKey_ })
        expect(caller).toMatchObject({ apiKey: { _id: apiKey._id } })
      }
    }
    clock.offset = end - Date.now() + 1
    for (const callers of [warm, cold]) {
      await expect(callers.resolve({ apiKey: old })).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      })
      expect(await callers.resolve({ apiKey: fresh })).toMatchObject({ kind: 'apiKey' })
    }
  })

  test('with no overlap ends the old secret at once', async () => {
    const callers = await start()
    const { secret: old, apiKey } = await seedKey(database.db)
    await callers.resolve({ apiKey: old })
    const { secret: fresh } = await rotate(apiKey._id, 0)
    callers.changed({ apiKeyId: apiKey._id })
    await expect(callers.resolve({ apiKey: old })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
    expect(await callers.resolve({ apiKey: fresh })).toMatchObject({ kind: 'apiKey' })
  })

  test('never gives a secret more time than an earlier rotation left it', async () => {
    const { apiKey } = await seedKey(database.db)
    const first = (await rotate(apiKey._id, 1)).apiKey.secrets[1]
    const twice = (await rotate(apiKey._id, 168)).apiKey.secrets
    expect(twice).toHaveLength(3)
    expect(twice[2]).toEqual(first)
    const ended = (await rotate(apiKey._id, 0)).apiKey.secrets.slice(1)
    expect(ended.every(({ expiresAt }) => expiresAt && expiresAt.getTime() <= Date.now())).toBe(
      true,
    )
  })

  test('by twenty at the same time keeps every new secret, and fails no call meanwhile', async () => {
    const callers = await start()
    const { secret: old, apiKey } = await seedKey(database.db)
    let calls = 0
    let done = false
    const calling = (async () => {
      while (!done) {
        const caller = await callers.resolve({ apiKey: old })
        expect(caller).toMatchObject({ apiKey: { _id: apiKey._id } })
        calls += 1
        await new Promise(setImmediate)
      }
    })()
    const rotated = await Promise.all(Array.from({ length: 20 }, () => rotate(apiKey._id, 24)))
    for (const { secret } of rotated) {
      expect(await callers.resolve({ apiKey: secret })).toMatchObject({
        apiKey: { _id: apiKey._id },
      })
    }
    done = true
    await calling
    expect(calls).toBeGreaterThan(20)
  })
})

describe('credentials that contradict each other', () => {
  test.each<[string, { apiKeys: string[]; authorization: string[]; apiKeyId: string[] }]>([
    ['two keys', { apiKeys: ['a', 'b'], authorization: [], apiKeyId: [] }],
    ['the same key twice', { apiKeys: ['a', 'a'], authorization: [], apiKeyId: [] }],
    ['two tokens', { apiKeys: [], authorization: ['Bearer a', 'Bearer b'], apiKeyId: [] }],
    ['two payers', { apiKeys: [], authorization: ['Bearer a'], apiKeyId: ['a', 'b'] }],
    ['key and token', { apiKeys: ['a'], authorization: ['Bearer a'], apiKeyId: [] }],
  ])('are refused as such: %s', async (_name, credentials) => {
    const callers = await start()
    expect(() => callers.resolveCaller(credentials, '192.0.2.1')).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT' }),
    )
  })

  test('are not: none at all', async () => {
    expect(await (await start()).resolve({})).toEqual({ kind: 'anonymous' })
  })
})

describe('the admin key', () => {
  test('makes an admin', async () => {
    expect(await (await start()).resolve({ apiKey: adminApiKey })).toEqual({ kind: 'admin' })
  })

  test('is no bearer token, and nothing but itself opens', async () => {
    const callers = await start()
    const wrongs: Presented[] = [
      { authorization: `Bearer ${adminApiKey}` },
      { apiKey: adminApiKey.slice(0, -1) },
      { apiKey: `${adminApiKey} ` },
      { apiKey: adminApiKey.toUpperCase() },
    ]
    for (const presented of wrongs) {
      await expect(callers.resolve(presented)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    }
  })
})

describe('a bearer token', () => {
  const bearer = async (claims: Record<string, unknown>) => ({
    authorization: `Bearer ${await issuer.token(claims)}`,
  })

  test('acts for the account whose userId is its subject, and has no payer by itself', async () => {
    const callers = await start()
    const account = await seedAccount(database.db)
    const exp = Math.floor(Date.now() / 1_000) + 60
    const caller = await callers.resolve(await bearer({ sub: account.userId, exp }))
    expect(caller).toEqual({ kind: 'account', account, payer: null, validUntil: exp * 1_000 })
  })

  test('without an account is forbidden until there is one', async () => {
    const callers = await start()
    const presented = await bearer({ sub: 'nobody' })
    await expect(callers.resolve(presented)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(callers.resolve(await bearer({ sub: '{"$gt":""}' }))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
  })

  test('pays with a key of its account, and with no other', async () => {
    const callers = await start()
    const account = await seedAccount(database.db)
    const token = await bearer({ sub: account.userId })
    const { apiKey: own } = await seedKey(database.db, { accountId: account._id })
    const { apiKey: foreign } = await seedKey(database.db)
    const caller = await callers.resolve({ ...token, apiKeyId: own._id })
    expect(caller).toMatchObject({ kind: 'account', payer: own })
    for (const apiKeyId of [foreign._id, 'key_000000000000', '', '{"$gt":""}', own.prefix]) {
      await expect(callers.resolve({ ...token, apiKeyId })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      })
    }
    await revokeApiKey(database.db, { apiKeyId: own._id, ...admin }, tools)
    callers.changed({ apiKeyId: own._id })
    await expect(callers.resolve({ ...token, apiKeyId: own._id })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })

  test('with the admin claim opens admin fields, beside its account’s where it has one', async () => {
    const callers = await start()
    const account = await seedAccount(database.db)
    const alone = await callers.resolve(await bearer({ sub: 'no-account', role: 'admin' }))
    expect(alone.kind).toBe('admin')
    const both = await callers.resolve(await bearer({ sub: account.userId, role: 'admin' }))
    expect(rolesOf(both)).toEqual(['account', 'admin'])
    const plain = await callers.resolve(await bearer({ sub: account.userId, role: 'user' }))
    expect(rolesOf(plain)).toEqual(['account'])
  })

  test.each(['Bearer', 'Bearer ', 'Basic dXNlcjpwYXNz', 'Bearer a b', 'Bearer a.b.c\0', ''])(
    'that is none is refused: "%s"',
    async (authorization) => {
      const callers = await start()
      await expect(callers.resolve({ authorization })).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      })
    },
  )

  test('is refused where no issuer is set', async () => {
    const callers = await startCallers(database.db)
    const account = await seedAccount(database.db)
    const presented = await bearer({ sub: account.userId })
    await expect(callers.resolve(presented)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })
})

describe('after twenty failed authentications from an address', () => {
  test('unknown credentials get 429, known ones what they always get', async () => {
    const callers = await start()
    const ip = '198.51.100.7'
    const good = await seedKey(database.db)
    const revoked = await seedKey(database.db)
    await revokeApiKey(database.db, { apiKeyId: revoked.apiKey._id, ...admin }, tools)
    const account = await seedAccount(database.db)
    const codes: unknown[] = []
    for (let i = 0; i < 22; i += 1) {
      const bad = i % 2 ? { apiKey: newSecret(randomBytes) } : { authorization: 'Bearer a.b.c' }
      await callers.resolve({ ...bad, ip }).catch((error) => codes.push(error.code))
    }
    expect(codes.slice(0, 20)).toEqual(Array(20).fill('UNAUTHENTICATED'))
    expect(codes.slice(20)).toEqual(['RATE_LIMITED', 'RATE_LIMITED'])

    const bearer = `Bearer ${await issuer.token({ sub: account.userId })}`
    expect(await callers.resolve({ apiKey: good.secret, ip })).toMatchObject({ kind: 'apiKey' })
    expect(await callers.resolve({ apiKey: adminApiKey, ip })).toEqual({ kind: 'admin' })
    expect(await callers.resolve({ authorization: bearer, ip })).toMatchObject({ kind: 'account' })
    for (let i = 0; i < 25; i += 1) {
      await expect(callers.resolve({ apiKey: revoked.secret, ip })).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      })
    }
    await expect(callers.resolve({ apiKey: 'x', ip: '198.51.100.8' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })
})
