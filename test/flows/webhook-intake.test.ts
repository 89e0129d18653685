import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { startApi } from '../../src/server.ts'
import { billingInbox } from '../../src/store/billing-inbox.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { startTestApi, type TestApi, testEnvironment } from '../api.ts'
import {
  paddleSender,
  send,
  signatureLine,
  signedNow,
  stripeSender,
  type WebhookSender,
} from '../billing/webhook-senders.ts'
import { startMongoProxy } from '../callers/mongo-proxy.ts'
import { testDatabase } from '../servers.ts'

const secret = 'whsec_of_the_intake'
const folder = mkdtempSync(join(tmpdir(), 'getcomplical-secrets-'))
const file = join(folder, 'stripe')
const rotateTo = (...secrets: string[]) => writeFileSync(file, secrets.join('\n'))
let api: TestApi

beforeAll(async () => {
  rotateTo(secret)
  api = await startTestApi({ STRIPE_WEBHOOK_SECRETS_FILE: file })
})
afterAll(async () => {
  await api.end()
  rmSync(folder, { recursive: true, force: true })
})

async function deliver(sender: WebhookSender, body: string, by = secret, url = api.url) {
  const headers = { [sender.header]: signedNow(sender, body, by) }
  return await send(url, { path: sender.path, headers, body })
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${api.url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(name))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

test('an event is stored encrypted, so that only its own record opens it', async () => {
  const body = stripeSender.event('evt_stored')
  expect((await deliver(stripeSender, body)).status).toBe(200)
  const doc = await billingInbox(api.db).findOne({ _id: 'STRIPE:evt_stored' })
  expect(doc).toMatchObject({
    ...{ provider: 'STRIPE', eventId: 'evt_stored', type: 'customer.subscription.created' },
    ...{ status: 'PENDING', because: null, attempts: 0, settledAt: null },
  })
  expect(JSON.stringify(doc)).not.toContain('cus_1')
  const { encryptionKeys } = readConfig(api.environment)
  const { decrypt } = createEncryption(encryptionKeys, () => new Uint8Array(12))
  if (!doc?.raw) throw new Error('no body is kept')
  const { raw } = doc
  expect(decrypt(raw, 'STRIPE:evt_stored', 'raw')).toBe(body)
  expect(() => decrypt(raw, 'STRIPE:evt_other', 'raw')).toThrow('cannot be decrypted')
})

test('an event that comes again is the same, also where the provider counts its deliveries', async () => {
  const event = JSON.parse(stripeSender.event('evt_again')) as Record<string, unknown>
  const alarm = await metric('getcomplical_webhook_contradictions_total')
  for (const pending_webhooks of [1, 0, 3]) {
    const body = JSON.stringify({ ...event, pending_webhooks })
    expect((await deliver(stripeSender, body)).status).toBe(200)
  }
  const [doc, ...others] = await billingInbox(api.db).find({ eventId: 'evt_again' }).toArray()
  expect([doc?.repeats, others]).toEqual([2, []])
  expect(await metric('getcomplical_webhook_contradictions_total')).toBe(alarm)
})

test('of two events of one id the first stays, the second is answered 200, and an alarm is raised', async () => {
  const body = stripeSender.event('evt_two')
  expect((await deliver(stripeSender, body)).status).toBe(200)
  const before = await billingInbox(api.db).findOne({ eventId: 'evt_two' })
  const alarm = await metric('getcomplical_webhook_contradictions_total')
  const other = body.replace('"active"', '"canceled"')
  expect(other).not.toBe(body)
  expect((await deliver(stripeSender, other)).status).toBe(200)
  const after = await billingInbox(api.db).findOne({ eventId: 'evt_two' })
  expect(after).toEqual({ ...before, repeats: 1 })
  expect(await metric('getcomplical_webhook_contradictions_total')).toBe(alarm + 1)
})

test('of two events of one id at once one is stored, and both are answered 200', async () => {
  const body = stripeSender.event('evt_race')
  const bodies = [body, body.replace('"active"', '"past_due"')]
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, at) => deliver(stripeSender, bodies[at % 2] ?? '')),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(await billingInbox(api.db).countDocuments({ eventId: 'evt_race' })).toBe(1)
})

test('a provider without a secret is refused with 400, whatever signs', async () => {
  const body = paddleSender.event('evt_nobody')
  for (const by of ['', secret, 'undefined', 'null']) {
    expect((await deliver(paddleSender, body, by)).status).toBe(400)
  }
  expect(await billingInbox(api.db).countDocuments({ provider: 'PADDLE' })).toBe(0)
})

describe('a secret that is rotated in its file', () => {
  let n = 0
  const accepted = async (by: string) => {
    n += 1
    return (await deliver(stripeSender, stripeSender.event(`evt_rotation_${n}`), by)).status
  }

  test('holds from the next web hook on: the new one beside the old, then without it', async () => {
    rotateTo('whsec_new', secret)
    expect([await accepted(secret), await accepted('whsec_new')]).toEqual([200, 200])
    rotateTo('whsec_new')
    expect([await accepted(secret), await accepted('whsec_new')]).toEqual([400, 200])
  })

  test('may come as another file in its place, as tools do it', async () => {
    writeFileSync(`${file}.next`, 'whsec_third\n')
    renameSync(`${file}.next`, file)
    expect([await accepted('whsec_new'), await accepted('whsec_third')]).toEqual([400, 200])
  })

  test('stays the former one while the file is gone, blank, half written or holds too many', async () => {
    rmSync(file)
    expect(await accepted('whsec_third')).toBe(200)
    for (const wrong of ['', ' \n', 'a\n\nb', 'a,b,c,d', 'with blank']) {
      writeFileSync(file, wrong)
      expect([wrong, await accepted('whsec_third')]).toEqual([wrong, 200])
      for (const by of ['', 'a', wrong]) expect([wrong, by, await accepted(by)][2]).toBe(400)
    }
    rotateTo(secret)
    expect([await accepted('whsec_third'), await accepted(secret)]).toEqual([400, 200])
  })
})

describe('bodies that come drop by drop', () => {
  const sockets: Socket[] = []
  afterAll(() => {
    for (const socket of sockets) socket.destroy()
  })

  /** A request whose header is well-formed and whose body never ends. */
  async function stall(): Promise<{ answer: Promise<string> }> {
    const seconds = Math.floor(Date.now() / 1_000)
    const line = signatureLine(stripeSender, seconds, ['0'.repeat(64)])
    const socket = connect(api.port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => {})
    let text = ''
    socket.on('data', (part) => {
      text += part
    })
    await new Promise((done) => socket.once('connect', done))
    socket.write(
      `POST ${stripeSender.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nStripe-Signature: ${line}\r\n` +
        `Content-Length: 100000\r\n\r\n{"id":`,
    )
    return { answer: new Promise((done) => socket.once('close', () => done(text))) }
  }

  test('do not keep good events out, and are cut off with 400', async () => {
    const stalled = await Promise.all(Array.from({ length: 200 }, stall))
    const times: number[] = []
    for (let i = 0; i < 10; i += 1) {
      const { status, ms } = await deliver(stripeSender, stripeSender.event(`evt_slow_${i}`))
      expect(status).toBe(200)
      times.push(ms)
    }
    expect(Math.max(...times), `ms: ${times.map(Math.round)}`).toBeLessThan(3_000)
    const cut = await Promise.all(stalled.slice(0, 64).map(({ answer }) => answer))
    expect(new Set(cut.map((text) => text.slice(9, 12)))).toEqual(new Set(['400']))
  })
})

test('what cannot be stored is answered 503 and never 200, and stored once MongoDB is back', async () => {
  const database = await testDatabase()
  const proxy = await startMongoProxy(database.uri)
  const environment = {
    ...(await testEnvironment(api.redis.url, proxy.uri)),
    PADDLE_WEBHOOK_SECRETS: secret,
  }
  const own = await startApi(readConfig(environment), createLog('silent', 'test'))
  await own.ready
  const url = `http://127.0.0.1:${own.port}`
  const give = async (body: string, by = secret) =>
    (await deliver(paddleSender, body, by, url)).status
  const body = paddleSender.event('evt_away')
  expect(await give(paddleSender.event('evt_before'))).toBe(200)
  proxy.cut()
  expect(await give(body)).toBe(503)
  // Who is not the provider learns nothing of it.
  expect(await give(body, 'forged')).toBe(400)
  proxy.restore()
  await vi.waitFor(async () => expect(await give(body)).toBe(200), 15_000)
  const found = await billingInbox(database.db).find().toArray()
  expect(found.map(({ eventId }) => eventId).sort()).toEqual(['evt_away', 'evt_before'])
  await own.stop()
  await proxy.close()
  await database.drop()
  rmSync(environment.DATA_DIR, { recursive: true, force: true })
})
