import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { revokeApiKey } from '../../src/callers/api-key-commands.ts'
import type { CallerChange } from '../../src/callers/credentials.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'
import { startMongoProxy } from './mongo-proxy.ts'
import {
  clock,
  connectThrough,
  seedKey,
  startCallers,
  type TestCallers,
  tools,
} from './seeded-callers.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())
beforeEach(() => {
  clock.offset = 0
})

const patient = { timeout: 10_000, interval: 10 }

async function watching(callers: TestCallers): Promise<void> {
  await vi.waitFor(() => expect(callers.watching()).toBe(true), patient)
}

async function behindProxy() {
  const proxy = await startMongoProxy(database.uri)
  onTestFinished(() => proxy.close())
  const callers = await startCallers(await connectThrough(proxy.uri))
  await watching(callers)
  return { proxy, callers }
}

/** Calls with the secret without a pause until it is refused; how long that took, ms. */
async function msUntilRefused(callers: TestCallers, apiKey: string): Promise<number> {
  const startedAt = performance.now()
  for (;;) {
    const refused = await callers.resolve({ apiKey }).then(
      () => null,
      (error: Error) => error,
    )
    if (refused) {
      expect(refused).toMatchObject({ code: 'UNAUTHENTICATED' })
      return performance.now() - startedAt
    }
    if (performance.now() - startedAt > 5_000) throw new Error('still accepted after 5 s')
    await new Promise(setImmediate)
  }
}

function report(times: number[]): void {
  console.log(`refused after ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`)
}

const revoke = (apiKeyId: string) => revokeApiKey(database.db, { apiKeyId, accountId: null }, tools)

describe('a revoked key', () => {
  test('is refused by every other process within a second, seen by the watch', async () => {
    const others = await Promise.all([1, 2, 3].map(() => startCallers(database.db)))
    const { secret, apiKey } = await seedKey(database.db)
    for (const callers of others) {
      await watching(callers)
      await callers.resolve({ apiKey: secret })
    }
    await revoke(apiKey._id)
    const times = await Promise.all(others.map((callers) => msUntilRefused(callers, secret)))
    report(times)
    expect(Math.max(...times)).toBeLessThan(1_000)
  })

  test('is refused within a second while the watch is cut without TCP noticing', async () => {
    const { proxy, callers } = await behindProxy()
    const times: number[] = []
    for (let round = 0; round < 3; round += 1) {
      const { secret, apiKey } = await seedKey(database.db)
      await watching(callers)
      await callers.resolve({ apiKey: secret })
      const before = proxy.swallowed
      proxy.swallowStreams = true
      // The question that the server holds open now is the last that comes through.
      await vi.waitFor(() => expect(proxy.swallowed).toBeGreaterThan(before), patient)
      await revoke(apiKey._id)
      times.push(await msUntilRefused(callers, secret))
      proxy.swallowStreams = false
      proxy.cut()
      proxy.restore()
    }
    report(times)
    expect(Math.max(...times)).toBeLessThan(1_000)
  })

  test('is refused within a second of the first answer after MongoDB was away', async () => {
    const { proxy, callers } = await behindProxy()
    const { secret, apiKey } = await seedKey(database.db)
    await callers.resolve({ apiKey: secret })
    proxy.cut()
    await vi.waitFor(() => expect(callers.watching()).toBe(false), patient)
    await revoke(apiKey._id)
    expect(await callers.resolve({ apiKey: secret })).toMatchObject({ kind: 'apiKey' })
    proxy.restore()
    await watching(callers)
    expect(await msUntilRefused(callers, secret)).toBeLessThan(1_000)
  })

  test('is told to who holds a socket open, by its id; the use of keys and new keys are not', async () => {
    const callers = await startCallers(database.db)
    const { apiKey: used } = await seedKey(database.db)
    const { apiKey } = await seedKey(database.db)
    await watching(callers)
    const changes: CallerChange[] = []
    callers.onChange((change) => changes.push(change))
    await apiKeys(database.db).updateOne({ _id: used._id }, { $set: { lastUsedAt: new Date() } })
    await seedKey(database.db, { accountId: used.accountId })
    await revoke(apiKey._id)
    // Changes come in their order: when the last is there, every earlier one would be.
    await vi.waitFor(() => expect(changes).toContainEqual({ apiKeyId: apiKey._id }), patient)
    expect(changes.filter((change) => change.apiKeyId || change.accountId)).toEqual([
      { apiKeyId: apiKey._id },
    ])
  })

  test('makes who holds a socket open ask again twice a second while the watch is cut', async () => {
    const { proxy, callers } = await behindProxy()
    proxy.swallowStreams = true
    await vi.waitFor(() => expect(callers.watching()).toBe(false), patient)
    let asked = 0
    callers.onChange(() => {
      asked += 1
    })
    await vi.waitFor(() => expect(asked).toBeGreaterThanOrEqual(2), { ...patient, timeout: 3_000 })
  })
})

describe('while MongoDB is away', () => {
  test('known keys go on for ten minutes, unknown ones are unavailable, and it recovers', async () => {
    const { proxy, callers } = await behindProxy()
    const [known, unknown] = [await seedKey(database.db), await seedKey(database.db)]
    await callers.resolve({ apiKey: known.secret })
    proxy.cut()
    await expect(callers.resolve({ apiKey: unknown.secret })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryAfter: 1,
    })
    for (const minutes of [0, 1, 9]) {
      clock.offset = minutes * 60_000
      const caller = await callers.resolve({ apiKey: known.secret })
      expect(caller).toMatchObject({ apiKey: { _id: known.apiKey._id } })
    }
    clock.offset = 10 * 60_000 + 5_000
    await expect(callers.resolve({ apiKey: known.secret })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    proxy.restore()
    await vi.waitFor(() => callers.resolve({ apiKey: unknown.secret }), patient)
    expect(await callers.resolve({ apiKey: known.secret })).toMatchObject({ kind: 'apiKey' })
  })
})
