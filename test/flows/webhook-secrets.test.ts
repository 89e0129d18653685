import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import { readConfig, readWorkerConfig } from '../../src/config.ts'
import { startApi } from '../../src/server.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { billingInbox } from '../../src/store/billing-inbox.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { startWorkers } from '../../src/worker.ts'
import { testEnvironment } from '../api.ts'
import { changedAt, fixture } from '../billing/fixtures.ts'
import { send, signedNow, stripeSender } from '../billing/webhook-senders.ts'
import { seedAccount, seedKey } from '../callers/seeded-callers.ts'
import { startRedis, testDatabase } from '../servers.ts'

/** Promise 17 for web hooks: what is planted here must be found nowhere, whole or in parts. */
test('no secret of web hooks and no customer is found in databases, logs or answers', async () => {
  const [redis, database] = await Promise.all([startRedis(), testDatabase()])
  const secret = `whsec_${randomBytes(24).toString('hex')}`
  const customer = `cus_${randomBytes(12).toString('hex')}`
  const word = `planted_${randomBytes(12).toString('hex')}`
  const environment = {
    ...(await testEnvironment(redis.url, database.uri)),
    STRIPE_WEBHOOK_SECRETS: secret,
  }
  const lines: string[] = []
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const log = pino({ level: 'trace' }, sink)
  const api = await startApi(readConfig(environment), log)
  const config = readWorkerConfig({ ...environment, METRICS_PORT: '0' })
  const workers = await startWorkers(config, ['apply-billing-events'], log)
  await Promise.all([api.ready, workers.ready])
  const account = await seedAccount(database.db)
  const { apiKey } = await seedKey(database.db, { accountId: account._id })

  const answers: string[] = []
  const deliver = async (event: unknown, by = secret) => {
    const body = JSON.stringify(event)
    const headers = { [stripeSender.header]: signedNow(stripeSender, body, by) }
    const url = `http://127.0.0.1:${api.port}`
    answers.push((await send(url, { path: stripeSender.path, headers, body })).text)
  }
  const link = { api_key: apiKey._id }
  const planted = (name: string, id: string) =>
    changedAt(changedAt(fixture('stripe', name), 'data.object.customer', customer), 'id', id)
  const updated = changedAt(
    planted('customer.subscription.updated', 'evt_1'),
    'data.object.metadata',
    link,
  )
  await deliver(updated)
  await deliver(changedAt(updated, 'data.object.description', word))
  await deliver(updated, 'whsec_forged')
  await deliver(changedAt(changedAt(updated, 'id', 'evt_2'), 'data.object.status', word))
  await deliver(changedAt(changedAt(updated, 'id', 'evt_3'), 'created', word))
  await deliver(planted('charge.refunded', 'evt_4'))
  await deliver(`${word} is no event`)
  const pending = () => billingInbox(database.db).countDocuments({ status: 'PENDING' })
  await vi.waitFor(async () => expect(await pending()).toBe(0), 10_000)
  expect(await billingInbox(database.db).countDocuments({ status: 'DEAD' })).toBe(2)
  await workers.stop()
  await api.stop()

  const stored: string[] = []
  for (const { name } of await database.db.listCollections().toArray()) {
    for (const document of await database.db.collection(name).find().toArray()) {
      stored.push(JSON.stringify(document))
    }
  }
  // It is there, and can be found by who has the key.
  const subscription = await billingSubscriptions(database.db).findOne({ apiKeyId: apiKey._id })
  const key = await apiKeys(database.db).findOne({ _id: apiKey._id })
  expect(subscription?.customerHash).toMatch(/^[\w-]{43}$/)
  expect(key?.billing?.customerHash).toBe(subscription?.customerHash)
  expect(lines.join('')).toContain('STRIPE:evt_1')
  const parts = [secret, customer, word].flatMap(partsOf)
  for (const [place, texts] of Object.entries({ stored, lines, answers })) {
    const text = texts.join('\n')
    expect(
      parts.filter((part) => text.includes(part)),
      place,
    ).toEqual([])
  }
  await Promise.all([redis.stop(), database.drop()])
  rmSync(environment.DATA_DIR, { recursive: true, force: true })
})

/** What a secret looks like to whoever finds a part of it. */
function partsOf(text: string): string[] {
  return Array.from({ length: text.length - 15 }, (_, at) => text.slice(at, at + 16))
}
