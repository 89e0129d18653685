import { randomBytes } from 'node:crypto'
import { type Db, MongoClient } from 'mongodb'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { onTestFinished } from 'vitest'
import { createAccount } from '../../src/callers/account-commands.ts'
import type { CreatedApiKey } from '../../src/callers/api-key-commands.ts'
import { type Callers, createCallers } from '../../src/callers/callers.ts'
import { createApiKey } from '../../src/callers/create-api-key.ts'
import type { OidcSettings } from '../../src/callers/oidc.ts'
import { createSecretHash } from '../../src/callers/secret-hash.ts'
import type { Caller } from '../../src/context.ts'
import type { Logger } from '../../src/log.ts'
import type { Plan } from '../../src/rules/plan.ts'
import type { AccountDoc } from '../../src/store/accounts.ts'
import { createEncryption } from '../../src/store/encryption.ts'

const pepper = randomBytes(32)
export const adminApiKey = 'admin-key-of-this-test-run-0123456789'

function plan(id: string, price: string): Plan {
  return {
    id,
    name: id,
    monthlyLimit: 1_000,
    requestsPerSecond: 10,
    prices: { USD: price },
    overage: null,
    stripePriceIds: [],
    paddlePriceIds: [],
  }
}

export const plans = new Map(
  [plan('free', '0.00'), plan('starter', '29.00'), plan('pro', '99.00')].map((one) => [
    one.id,
    one,
  ]),
)

export const clock = { offset: 0, now: () => Date.now() + clock.offset }

export const tools = {
  clock: clock.now,
  random: randomBytes,
  secretHash: createSecretHash(pepper),
  encryption: createEncryption([{ id: 'k1', key: randomBytes(32) }], randomBytes),
  plans,
}

export interface Presented {
  apiKey?: string
  authorization?: string
  apiKeyId?: string
  ip?: string
}

export interface TestCallers extends Callers {
  /** As `resolveCaller`, with a refusal always as a rejection. */
  resolve(presented: Presented): Promise<Caller>
  registry: Registry
  /** How often MongoDB was asked. */
  lookUps(): Promise<number>
}

/** One process's view of callers, started, and stopped after the test. */
export async function startCallers(
  db: Db,
  options: { oidc?: OidcSettings | null; log?: Logger } = {},
): Promise<TestCallers> {
  const registry = new Registry()
  const callers = createCallers({
    ...{ db, clock: clock.now, pepper, adminApiKey, plans, registry },
    oidc: options.oidc ?? null,
    log: options.log ?? pino({ level: 'silent' }),
  })
  await callers.start()
  onTestFinished(() => callers.stop())
  return {
    ...callers,
    registry,
    resolve: async ({ apiKey, authorization, apiKeyId, ip = '192.0.2.1' }) => {
      const list = (value: string | undefined) => (value === undefined ? [] : [value])
      const credentials = {
        apiKeys: list(apiKey),
        authorization: list(authorization),
        apiKeyId: list(apiKeyId),
      }
      return await callers.resolveCaller(credentials, ip)
    },
    async lookUps() {
      const metric = await registry.getSingleMetric('getcomplical_caller_lookups_total')?.get()
      return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0
    },
  }
}

let accountsMade = 0

export function seedAccount(db: Db): Promise<AccountDoc> {
  accountsMade += 1
  const userId = `user-${accountsMade}`
  const input = { name: `Account ${accountsMade}`, email: `${userId}@example.com`, userId }
  return createAccount(db, input, tools)
}

export async function seedKey(
  db: Db,
  more: { accountId?: string; tier?: string } = {},
): Promise<CreatedApiKey> {
  const accountId = more.accountId ?? (await seedAccount(db))._id
  return createApiKey(db, { accountId, name: 'key', tier: more.tier, limits: null }, tools)
}

/** A second driver on the same database, with the settings of `connectDatabase` that matter here. */
export async function connectThrough(uri: string): Promise<Db> {
  const client = new MongoClient(uri, {
    writeConcern: { w: 'majority', journal: true },
    readConcern: { level: 'majority' },
    serverSelectionTimeoutMS: 2_000,
    socketTimeoutMS: 15_000,
    waitQueueTimeoutMS: 2_000,
  })
  await client.connect()
  onTestFinished(() => client.close())
  return client.db()
}
