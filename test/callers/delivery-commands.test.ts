import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { removeChannel } from '../../src/callers/channel-commands.ts'
import { createChannel } from '../../src/callers/create-channel.ts'
import {
  replayDelivery,
  sendTestMessage,
  TEST_MESSAGES,
} from '../../src/callers/delivery-commands.ts'
import { DAY, HOUR } from '../../src/rules/calendar-time.ts'
import { channels } from '../../src/store/channels.ts'
import { type DeliveryAttempt, type DeliveryDoc, deliveries } from '../../src/store/deliveries.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'
import { tools as keyTools, seedAccount } from './seeded-callers.ts'

let database: TestDatabase
let accountId: string
let channelId: string
let now: number
beforeAll(async () => {
  database = await testDatabase()
  await createIndexes(database.db)
})
afterAll(() => database.drop())
beforeEach(async () => {
  now = Date.parse('2026-11-10T12:00:00Z')
  accountId = (await seedAccount(database.db))._id
  channelId = await newChannel()
})

const tools = {
  clock: () => now,
  random: randomBytes,
  encryption: keyTools.encryption,
  outboundAllow: new Set<string>(),
}

async function newChannel(): Promise<string> {
  const input = { accountId, kind: 'WEBHOOK', name: 'x', target: 'https://example.com/' } as const
  return (await createChannel(database.db, input, tools)).channel._id
}

const sendTo = (id: string) => sendTestMessage(database.db, { channelId: id, accountId }, tools)
const limited = { code: 'RATE_LIMITED' }

describe('a test message', () => {
  test('stands in the outbox, due at once', async () => {
    const delivery = await sendTo(channelId)
    expect(delivery).toEqual({
      _id: expect.stringMatching(new RegExp(`^test_[0-9A-Za-z]{12}:${channelId}$`)),
      ...{ accountId, channelId, event: { kind: 'test' }, status: 'PENDING', attempts: [] },
      ...{ dueAt: new Date(now), createdAt: new Date(now), deliveredAt: null },
      expiresAt: new Date(now + 90 * DAY),
    })
    expect(await deliveries(database.db).findOne({ _id: delivery._id })).toEqual(delivery)
  })

  test('is sent five times an hour, however many ask at once, and again when one is an hour old', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => sendTo(channelId)))
    const refused = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(refused).toHaveLength(15)
    for (const reason of refused) expect(reason).toMatchObject({ ...limited, retryAfter: 3_600 })
    expect(await deliveries(database.db).countDocuments({ channelId })).toBe(TEST_MESSAGES.channel)
    now += HOUR - 1_500
    await expect(sendTo(channelId)).rejects.toMatchObject({ ...limited, retryAfter: 2 })
    now += 1_500
    await sendTo(channelId)
  })

  test('is counted by account too: channels made anew begin from what others sent', async () => {
    for (let sent = 0; sent < TEST_MESSAGES.account; sent += 1) {
      if (sent % TEST_MESSAGES.channel === 0) {
        await removeChannel(database.db, { channelId, accountId })
        channelId = await newChannel()
      }
      await sendTo(channelId)
    }
    await removeChannel(database.db, { channelId, accountId })
    await expect(sendTo(await newChannel())).rejects.toMatchObject(limited)
    accountId = (await seedAccount(database.db))._id
    await sendTo(await newChannel())
  })

  test('needs a channel that is enabled', async () => {
    await channels(database.db).updateOne({ _id: channelId }, { $set: { enabled: false } })
    await expect(sendTo(channelId)).rejects.toThrow('disabled')
    await expect(sendTo('ch_none')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a replay', () => {
  const failed: DeliveryAttempt = {
    at: new Date(0),
    tookMs: 7,
    code: 500,
    error: 'It answered 500.',
  }

  async function delivery(more: Partial<DeliveryDoc> = {}): Promise<DeliveryDoc> {
    const sent = await sendTo(channelId)
    const attempts = Array.from({ length: 8 }, () => failed)
    const lease = { owner: 'w1', until: new Date(0) }
    const planted = { status: 'DEAD' as const, attempts, lease, ...more }
    await deliveries(database.db).updateOne({ _id: sent._id }, { $set: planted })
    now += DAY
    return { ...sent, ...planted }
  }
  const replay = (deliveryId: string, of: string | null = accountId) =>
    replayDelivery(database.db, { deliveryId, accountId: of }, tools)

  test('makes what was given up due at once, keeps its attempts and begins its schedule anew', async () => {
    const { lease, ...dead } = await delivery()
    const replayed = await replay(dead._id)
    const expected = { ...dead, status: 'PENDING', dueAt: new Date(now), attemptsBefore: 8 }
    expect(replayed).toEqual(expected)
    expect(lease).toBeDefined()
  })

  test('repeated, or asked at once by many, changes nothing', async () => {
    const { _id } = await delivery()
    const first = await replay(_id)
    now += 5_000
    const again = await Promise.all(Array.from({ length: 10 }, () => replay(_id)))
    for (const one of again) expect(one).toEqual(first)
    // It has arrived before the client asked a second time.
    const arrived = { status: 'DELIVERED' as const, deliveredAt: new Date(now) }
    await deliveries(database.db).updateOne({ _id }, { $set: arrived })
    expect(await replay(_id)).toEqual({ ...first, ...arrived })
    await deliveries(database.db).updateOne({ _id }, { $set: { status: 'DEAD' } })
    expect(await replay(_id)).toMatchObject({ status: 'PENDING', dueAt: new Date(now) })
  })

  test('is refused for what arrived, and changes nothing of what is still tried', async () => {
    const { _id: delivered } = await delivery({ status: 'DELIVERED' })
    await expect(replay(delivered)).rejects.toThrow('Only a delivery that is DEAD')
    const { _id: pending } = await delivery({ status: 'PENDING' })
    const before = await deliveries(database.db).findOne({ _id: pending })
    expect(await replay(pending)).toEqual(before)
  })

  test('needs its channel, enabled, and ends after a hundred attempts', async () => {
    const { _id } = await delivery({ attempts: Array.from({ length: 99 }, () => failed) })
    await channels(database.db).updateOne({ _id: channelId }, { $set: { enabled: false } })
    await expect(replay(_id)).rejects.toThrow('disabled')
    await channels(database.db).updateOne({ _id: channelId }, { $set: { enabled: true } })
    expect(await replay(_id)).toMatchObject({ attemptsBefore: 99 })
    const set = { status: 'DEAD' as const, attempts: Array.from({ length: 100 }, () => failed) }
    await deliveries(database.db).updateOne({ _id }, { $set: set })
    await expect(replay(_id)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await removeChannel(database.db, { channelId, accountId })
    await expect(replay(_id)).rejects.toThrow('removed')
    expect(await deliveries(database.db).findOne({ _id })).toMatchObject(set)
  })

  test('is of one’s own deliveries; the admin reaches all', async () => {
    const { _id } = await delivery()
    for (const id of ['test_none', '{"$gt":""}', '']) {
      await expect(replay(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    await expect(replay(_id, 'acc_other')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await deliveries(database.db).findOne({ _id })).toMatchObject({ status: 'DEAD' })
    expect(await replay(_id, null)).toMatchObject({ status: 'PENDING' })
  })
})
