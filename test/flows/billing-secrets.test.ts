import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { billingInbox } from '../../src/store/billing-inbox.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { type Answer, dataOf } from '../api.ts'
import { type ApiProcess, startApiProcess } from '../api-process.ts'
import { paddleEvent, paddleSignature, paddleSubscription } from '../billing/paddle-events.ts'
import { stripeSubscriptionOf } from '../billing/signed-events.ts'
import { stripeEvent, stripeSignature } from '../billing/stripe-events.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'
import { startWorkerProcess, type WorkerProcess } from '../worker-process.ts'

const script = join(import.meta.dirname, '../../src/rotate-encryption.ts')
const patient = { timeout: 15_000, interval: 50 }
const random = () => randomBytes(18).toString('base64url')
const key = () => randomBytes(32).toString('base64')

/** What must be readable nowhere; each unlike anything else that is written. */
const planted = {
  stripeHook: `whsec_${random()}`,
  paddleHook: `pdl_ntfset_${random()}`,
  stripeKey: `sk_test_${random()}`,
  paddleKey: `pdl_sdbx_apikey_${random()}`,
  stripeCustomer: `cus_${random()}`,
  paddleCustomer: `ctm_${random()}`,
  refundedCustomer: `cus_${random()}`,
  encryptionOld: key(),
  encryptionNew: key(),
  pepper: key(),
  channelSecretUrl: `https://hooks.example.com/${random()}`,
}

let server: TestServer
let redis: RedisClient
let database: TestDatabase
let dataDir: string
let api: ApiProcess
let worker: WorkerProcess
let settings: Record<string, string>
const said: string[] = []
const answers: string[] = []

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-secrets-'))
  ;[server, database] = await Promise.all([startRedis(), testDatabase()])
  redis = connectRedis(server.url)
  settings = {
    ...{ REDIS_URL: server.url, MONGODB_URI: database.uri, LOG_LEVEL: 'trace' },
    ADMIN_API_KEY: `admin_${randomBytes(18).toString('hex')}`,
    API_KEY_PEPPER: planted.pepper,
    ENCRYPTION_KEYS: `old:${planted.encryptionOld}`,
    ...{ STRIPE_WEBHOOK_SECRETS: planted.stripeHook, STRIPE_SECRET_KEY: planted.stripeKey },
    ...{ PADDLE_WEBHOOK_SECRETS: planted.paddleHook, PADDLE_API_KEY: planted.paddleKey },
    // Nobody listens there: what fails must not say what was sent.
    ...{ STRIPE_API_BASE: 'http://127.0.0.1:1', PADDLE_API_BASE: 'http://127.0.0.1:1' },
    ...{ LIMIT_UNMETERED_PER_SECOND: '1000', DATA_DIR: dataDir },
  }
  await start()
}, 60_000)
afterAll(async () => {
  redis.disconnect()
  await stop()
  await server.stop()
  await database.drop()
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(): Promise<void> {
  ;[api, worker] = await Promise.all([startApiProcess(settings), startWorkerProcess(settings)])
  await Promise.all([api.ready(), worker.ready()])
}

/** In order, so that their last words are among what is searched. */
async function stop(): Promise<void> {
  const running = [api, worker].filter(({ child }) => child.exitCode === null)
  const ended = running.map(({ child }) => once(child, 'exit'))
  for (const { child } of running) child.kill('SIGTERM')
  await Promise.all(ended)
  said.push(...running.map(({ log }) => log()))
}

async function administer(query: string, secret = settings.ADMIN_API_KEY): Promise<Answer> {
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': secret ?? '' },
    body: JSON.stringify({ query }),
  })
  const text = await response.text()
  answers.push(text)
  return { ...JSON.parse(text), status: response.status, headers: response.headers }
}

async function post(path: string, header: string, signature: string, event: object) {
  const headers = { 'content-type': 'application/json', [header]: signature }
  const body = JSON.stringify(event)
  const response = await fetch(`${api.url}${path}`, { method: 'POST', headers, body })
  answers.push(await response.text())
  return response.status
}

const second = () => Math.floor(Date.now() / 1_000)

function postStripe(type: string, object: Record<string, unknown>, secret = planted.stripeHook) {
  const event = stripeEvent(`evt_${random()}`, type, second(), object)
  const signature = stripeSignature(JSON.stringify(event), secret, second())
  return post('/webhooks/stripe', 'stripe-signature', signature, event)
}

function postPaddle(type: string, data: Record<string, unknown>) {
  const event = paddleEvent(`evt_${random()}`, type, Date.now(), data)
  const signature = paddleSignature(JSON.stringify(event), planted.paddleHook, second())
  return post('/webhooks/paddle', 'paddle-signature', signature, event)
}

async function createKey(): Promise<{ accountId: string; apiKeyId: string; secret: string }> {
  const input = `name: "A", email: "a@example.com", userId: "${random()}"`
  const account = await administer(`mutation { createAccount(input: { ${input} }) { id } }`)
  const { id: accountId } = dataOf<{ id: string }>(account, 'createAccount')
  const made = await administer(
    `mutation { createApiKey(input: { accountId: "${accountId}", name: "k" }) { secret apiKey { id } } }`,
  )
  // The secret of an API key is told here, once, as it should.
  answers.pop()
  type Created = { secret: string; apiKey: { id: string } }
  const { secret, apiKey } = dataOf<Created>(made, 'createApiKey')
  return { accountId, apiKeyId: apiKey.id, secret }
}

const statusOf = async (secret: string) =>
  (await administer('{ account { apiKeys { status billingStatus } } }', secret)).data?.account

/** A failed payment, the block, the payment; refusals, an event that cannot be read, money that went back. */
async function liveThrough(): Promise<void> {
  const own = await createKey()
  const subscription = stripeSubscriptionOf(api.url, own.apiKeyId, {
    ...{ customer: planted.stripeCustomer, secret: planted.stripeHook },
  })
  expect(await subscription.updated(second() - 100)).toBe(200)
  expect(await subscription.paymentFailed(second() - 90)).toBe(200)
  const failing = { apiKeys: [{ status: 'ACTIVE', billingStatus: 'PAST_DUE' }] }
  await vi.waitFor(async () => expect(await statusOf(own.secret)).toEqual(failing), patient)
  await administer(
    `mutation { updateAccount(id: "${own.accountId}", input: { graceDays: 0 }) { id } }`,
  )
  const refused = await administer('{ countries { code } }', own.secret)
  expect(refused.status).toBe(403)
  await administer(
    `mutation { createChannel(input: { accountId: "${own.accountId}", kind: SLACK, name: "s", target: "https://hooks.slack.com/services/T0/B0/${planted.channelSecretUrl.slice(-20)}" }) { channel { id } } }`,
  )
  const paddle = paddleSubscription({
    ...{ customer: planted.paddleCustomer, customData: { api_key: (await createKey()).apiKeyId } },
  })
  expect(await postPaddle('subscription.created', paddle)).toBe(200)
  // Signed and broken: what it is said of it names no content.
  const customer = planted.refundedCustomer
  expect(await postStripe('customer.subscription.updated', { id: 1, customer })).toBe(200)
  const charge = { id: 'ch_1', object: 'charge', customer, amount_refunded: 5, currency: 'usd' }
  expect(await postStripe('charge.refunded', charge)).toBe(200)
  expect(await postStripe('charge.refunded', charge, planted.stripeKey)).toBe(400)
  expect(await subscription.paid(second())).toBe(200)
  const paid = { apiKeys: [{ status: 'ACTIVE', billingStatus: 'ACTIVE' }] }
  await vi.waitFor(async () => expect(await statusOf(own.secret)).toEqual(paid), patient)
  const pending = () => billingInbox(database.db).countDocuments({ status: 'PENDING' })
  await vi.waitFor(async () => expect(await pending()).toBe(0), patient)
}

async function rotateKeys(): Promise<void> {
  settings.ENCRYPTION_KEYS = `new:${planted.encryptionNew},old:${planted.encryptionOld}`
  await stop()
  await start()
  const { PATH } = process.env
  const child = spawn(process.execPath, [script], { env: { PATH, ...settings } })
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => said.push(String(data)))
  }
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
}

async function inMongo(): Promise<string> {
  const found: string[] = []
  for (const { name } of await database.db.listCollections().toArray()) {
    const records = await database.db.collection(name).find().toArray()
    found.push(name, ...records.map((record) => JSON.stringify(record)))
  }
  return found.join('\n')
}

async function inRedis(client: RedisClient): Promise<string> {
  const found: string[] = []
  for (const name of await client.keys('*')) {
    const type = await client.type(name)
    const read = {
      ...{ string: () => client.get(name), hash: () => client.hgetall(name) },
      ...{ stream: () => client.xrange(name, '-', '+'), list: () => client.lrange(name, 0, -1) },
    }[type]
    if (!read) throw new Error(`${name} is a ${type}, which this does not read`)
    found.push(name, JSON.stringify(await read()))
  }
  return found.join('\n')
}

/** The mails and whatever else the processes write; their spool too. */
async function inFiles(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
    .join('\n')
}

/** No run of 16 characters of it may be seen, plain or as base64 of the text. */
function partsOf(secret: string): string[] {
  const forms = [secret, Buffer.from(secret).toString('base64')]
  return forms.flatMap((form) => {
    const hidden = form.replace(
      /^(?:whsec|pdl_ntfset|sk_test|pdl_sdbx_apikey|cus|ctm)_|^https:.*\//,
      '',
    )
    return Array.from({ length: Math.max(1, hidden.length - 15) }, (_, at) =>
      hidden.slice(at, at + 16),
    )
  })
}

test('no planted secret is found in MongoDB, Redis, files, logs or answers after everything that billing does', async () => {
  await liveThrough()
  await rotateKeys()
  await vi.waitFor(
    async () => expect(await redis.xlen('billing-events')).toBeGreaterThan(5),
    patient,
  )
  const [mongo, inRedis_, files] = [await inMongo(), await inRedis(redis), await inFiles(dataDir)]
  await stop()
  const logs = said.join('\n')
  // The search itself works: each place holds what it may.
  expect(mongo).toContain('"status":"APPLIED"')
  expect(mongo).toContain('"keyId":"new"')
  expect(mongo).not.toContain('"keyId":"old"')
  expect(inRedis_).toContain('com.getcomplical.billing.payment-failed.v1')
  expect(files).toContain('calls are refused until the payment arrives')
  expect(logs).toContain('an event of a payment provider cannot be applied')
  const places = { mongo, redis: inRedis_, files, logs, answers: answers.join('\n') }
  const found = Object.entries(places).flatMap(([place, text]) =>
    Object.entries(planted)
      .filter(([, secret]) => partsOf(secret).some((part) => text.includes(part)))
      .map(([name]) => `${name} in ${place}`),
  )
  expect(found).toEqual([])
})
