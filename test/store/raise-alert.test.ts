import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CallerChange } from '../../src/callers/credentials.ts'
import { createKeyChanges } from '../../src/callers/key-changes.ts'
import { accounts } from '../../src/store/accounts.ts'
import { alertCounters, alerts } from '../../src/store/alerts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { channels } from '../../src/store/channels.ts'
import { deliveries } from '../../src/store/deliveries.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { type NewAlert, raiseAlert } from '../../src/store/raise-alert.ts'
import { account, plantKey, silent } from '../asked.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'

let database: TestDatabase
const now = Date.parse('2026-11-22T12:30:00Z')

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.db.dropDatabase()
  await createIndexes(database.db)
  await plantKey(database.db, 'key_first', 'acc_a')
})

function warning(id = 'WARNING:1000'): NewAlert {
  return {
    _id: `key_first:2026-11:${id}`,
    ...{ accountId: 'acc_a', apiKeyId: 'key_first', level: 'WARNING', month: '2026-11' },
    ...{ used: 800, monthlyLimit: 1_000, percent: 80, message: 'eighty' },
  }
}
const note = (percent: number) => ({
  quotaAlert: { month: '2026-11', monthlyLimit: 1_000, level: 'WARNING' as const, percent },
})
const told = async () => (await apiKeys(database.db).findOne({ _id: 'key_first' }))?.quotaAlert

describe('raising', () => {
  test('by twenty at once raises once, and numbers the account without a gap', async () => {
    const many = Array.from({ length: 20 }, () => raiseAlert(database.db, warning(), {}, now))
    const raised = (await Promise.all(many)).filter((alert) => alert !== null)
    expect(raised).toHaveLength(1)
    const others = Array.from({ length: 5 }, (_, n) =>
      raiseAlert(database.db, warning(`r${n}:${n}`), {}, now),
    )
    await Promise.all(others)
    const numbers = (await alerts(database.db).find().toArray()).map(({ sequence }) => sequence)
    expect(numbers.sort()).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('of a revoked or unknown key leaves nothing behind', async () => {
    await apiKeys(database.db).updateOne({}, { $set: { revokedAt: new Date(0) } })
    expect(await raiseAlert(database.db, warning(), { note: note(80) }, now)).toBeNull()
    const unknown = { ...warning(), apiKeyId: 'key_none' }
    expect(await raiseAlert(database.db, unknown, {}, now)).toBeNull()
    expect(await alertCounters(database.db).countDocuments()).toBe(0)
    expect(await told()).toBeUndefined()
  })

  test('a level that a jump has passed is not raised by who comes late', async () => {
    const passed = [{ _id: warning()._id, level: 'WARNING' as const, percent: 80 }]
    const exceeded = { ...warning('EXCEEDED:1000'), level: 'EXCEEDED' as const, percent: 100 }
    await raiseAlert(database.db, exceeded, { passed, note: note(100) }, now)
    expect(await raiseAlert(database.db, warning(), { note: note(80) }, now)).toBeNull()
    // And it does not take the key back to where it was.
    expect((await told())?.percent).toBe(100)
  })

  test('where it was raised before, the key is told of it all the same', async () => {
    await raiseAlert(database.db, warning(), {}, now)
    expect(await told()).toBeUndefined()
    await raiseAlert(database.db, warning(), { note: note(80) }, now)
    expect((await told())?.percent).toBe(80)
  })

  test('a transaction that cannot commit leaves neither alert, note nor delivery', async () => {
    const taken = { ...warning('other'), sequence: 1 }
    // A number given twice is a fault, and no sign that the alert is there.
    await alerts(database.db).insertOne(taken as never)
    const raising = raiseAlert(database.db, warning(), { note: note(80) }, now)
    await expect(raising).rejects.toThrow(/E11000/)
    expect(await alerts(database.db).countDocuments()).toBe(1)
    expect(await told()).toBeUndefined()
    expect(await alertCounters(database.db).countDocuments()).toBe(0)
  })

  test('an account from before there were channels is told at its own address', async () => {
    await accounts(database.db).insertOne(account('acc_a'))
    const encrypt = () => ({ keyId: 'k1', iv: '', data: '' })
    await raiseAlert(database.db, warning(), { encrypt }, now)
    await raiseAlert(database.db, warning('p90:1000'), { encrypt }, now)
    expect(await channels(database.db).find().toArray()).toMatchObject([{ _id: 'ch_acc_a' }])
    expect(await deliveries(database.db).distinct('channelId')).toEqual(['ch_acc_a'])
    expect(await deliveries(database.db).countDocuments()).toBe(2)
  })
})

test('what is told of a key’s usage is no change of the key: nobody forgets it', async () => {
  const changes: CallerChange[] = []
  const watching = createKeyChanges({
    ...{ db: database.db, clock: Date.now, log: silent, onBlind: () => {} },
    onChange: (change) => changes.push(change),
  })
  watching.start()
  await expect.poll(() => watching.live()).toBe(true)
  changes.length = 0
  const thresholdsTold = { month: '2026-11', ids: ['p50:1000'] }
  await raiseAlert(database.db, warning(), { note: note(80) }, now)
  await raiseAlert(database.db, warning('CRITICAL:1000'), { note: note(95) }, now)
  await raiseAlert(database.db, warning('p50:1000'), { note: { thresholdsTold } }, now)
  await raiseAlert(database.db, warning(), { note: note(100) }, now)
  await apiKeys(database.db).updateOne({ _id: 'key_first' }, { $set: { name: 'another' } })
  await expect.poll(() => changes).toEqual([{ apiKeyId: 'key_first' }])
  await watching.stop()
})
