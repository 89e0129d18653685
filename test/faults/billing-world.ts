import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Db } from 'mongodb'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { startApi } from '../../src/server.ts'
import { accounts } from '../../src/store/accounts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { billingInbox } from '../../src/store/billing-inbox.ts'
import { connectDatabase } from '../../src/store/database.ts'
import { signedNow, type WebhookSender } from '../billing/webhook-senders.ts'
import { type Child, startChild } from './children.ts'

export interface BillingChildOptions {
  mongodbUri: string
  /** base64 of 32 bytes each. */
  encryptionKey: string
  pepper: string
  /** Origin of the stand-in for Stripe; null: nobody is asked. */
  fetchBase: string | null
  slots: number
  leaseMs: number
  killAt?: { command: number; when: 'before' | 'sent' }
}

/** An API process with both providers' web hooks, workers that apply, and a stand-in that Stripe is asked at. */
export interface BillingWorld {
  readonly url: string
  readonly db: Db
  readonly encryptionKey: string
  /** A key of an account of its own (or of the one given), as the admin would make it. */
  addKey(account?: SeededKey): Promise<SeededKey>
  /** Posts a signed event. @returns the answer's status, 0 where there was none */
  deliver(sender: WebhookSender, body: string, by?: string): Promise<number>
  addWorker(
    options?: Partial<BillingChildOptions>,
    onLine?: (line: unknown[]) => void,
  ): Promise<Child>
  /** What the stand-in answers, by the subscription's id. */
  readonly answers: Map<string, unknown>
  /** How often it was asked. */
  asked(): number
  /** Until every event is settled. @throws Error after `ms` */
  settled(ms?: number): Promise<void>
  close(): Promise<void>
}

export interface SeededKey {
  apiKeyId: string
  accountId: string
  userId: string
}

export interface BillingWorldOptions {
  redisUrl: string
  /** Of a mongod; a database of its own is made in it. */
  mongodbUri: string
  /** In place of one secret for both providers. */
  settings?: Record<string, string>
  /** How the workers see MongoDB, where not directly. */
  workersUri?: (uri: string) => string
}

export const WORLD_SECRET = 'whsec_of_the_billing_world'
const both = { STRIPE_WEBHOOK_SECRETS: WORLD_SECRET, PADDLE_WEBHOOK_SECRETS: WORLD_SECRET }

export async function createBillingWorld(options: BillingWorldOptions): Promise<BillingWorld> {
  const url = new URL(options.mongodbUri)
  url.pathname = `/billing_${randomBytes(6).toString('hex')}`
  const mongodbUri = url.toString()
  const dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-billing-'))
  const [encryptionKey, pepper] = [0, 1].map(() => randomBytes(32).toString('base64')) as [
    string,
    string,
  ]
  const environment = {
    ...{ PORT: '0', REDIS_URL: options.redisUrl, MONGODB_URI: mongodbUri, DATA_DIR: dataDir },
    ...{ ADMIN_API_KEY: `admin_${randomBytes(18).toString('hex')}`, API_KEY_PEPPER: pepper },
    ...{ ENCRYPTION_KEYS: `k1:${encryptionKey}`, LOG_LEVEL: 'silent' },
    ...(options.settings ?? both),
  }
  const config = readConfig(environment)
  const [{ db, client }, api, standIn] = await Promise.all([
    connectDatabase({ uri: mongodbUri }),
    startApi(config, createLog('silent', 'test')),
    startStandIn(),
  ])
  await api.ready
  const workers: Child[] = []
  const childOptions: BillingChildOptions = {
    mongodbUri: options.workersUri?.(mongodbUri) ?? mongodbUri,
    ...{ encryptionKey, pepper, fetchBase: standIn.url, slots: 4, leaseMs: 30_000 },
  }

  return {
    url: `http://127.0.0.1:${api.port}`,
    ...{ db, encryptionKey, answers: standIn.answers, asked: standIn.asked },
    addKey: (account) => seedKey(db, account),
    async deliver(sender, body, by = WORLD_SECRET) {
      const headers = { [sender.header]: signedNow(sender, body, by) }
      const target = `http://127.0.0.1:${api.port}${sender.path}`
      const answer = await fetch(target, { method: 'POST', headers, body }).catch(() => null)
      await answer?.arrayBuffer()
      return answer?.status ?? 0
    },
    async addWorker(more = {}, onLine = () => {}) {
      const child = startChild('billing-child.ts', { ...childOptions, ...more }, onLine)
      workers.push(child)
      // One that kills itself may be gone before it is ready.
      await Promise.race([child.ready.catch(() => {}), child.exited])
      return child
    },
    async settled(ms = 60_000) {
      const deadline = performance.now() + ms
      while ((await billingInbox(db).countDocuments({ status: 'PENDING' })) > 0) {
        if (performance.now() > deadline) throw new Error('events stay pending')
        await setTimeout(20)
      }
    },
    async close() {
      await Promise.all(workers.map((child) => child.kill('SIGKILL')))
      await Promise.all([api.stop(), standIn.stop()])
      await db.dropDatabase().catch(() => {})
      await client.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function seedKey(db: Db, account?: SeededKey): Promise<SeededKey> {
  const made = randomBytes(8).toString('hex')
  const { accountId, userId } = account ?? { accountId: `acc_${made}`, userId: `user_${made}` }
  const apiKeyId = `key_${made.slice(0, 12)}`
  const createdAt = new Date()
  if (!account) {
    const email = `${userId}@example.com`
    const owner = { _id: accountId, name: 'Test', email, userId, currency: 'USD', createdAt }
    await accounts(db).insertOne(owner)
  }
  await apiKeys(db).insertOne({
    ...{ _id: apiKeyId, accountId, name: 'Test', prefix: `gc_live_${made.slice(0, 4)}` },
    ...{ lastFour: '0000', secrets: [{ hash: made }], tier: 'free', blockedBecause: null },
    ...{ revokedAt: null, alertsEnabled: true, createdAt },
  })
  return { apiKeyId, accountId, userId }
}

/** Answers what it was given, as Stripe answers for a subscription. */
async function startStandIn() {
  const answers = new Map<string, unknown>()
  let asked = 0
  const server = createServer((request, response) => {
    asked += 1
    const found = answers.get(request.url?.split('/').at(-1) ?? '')
    response.writeHead(found ? 200 : 404).end(JSON.stringify(found ?? {}))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    answers,
    asked: () => asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
