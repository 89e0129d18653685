import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import shipped from '../../plans.json' with { type: 'json' }
import { createSecretHash } from '../../src/callers/secret-hash.ts'
import { curlLine, ensureDemoKey } from '../../src/embedded/demo.ts'
import { readPlanFile } from '../../src/rules/plan-file.ts'
import { accounts } from '../../src/store/accounts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-demo-'))
let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(async () => {
  await database.drop()
  rmSync(dataDir, { recursive: true, force: true })
})

const read = readPlanFile(shipped)
const plans = 'plans' in read ? read.plans : new Map()
const tools = {
  clock: Date.now,
  random: randomBytes,
  secretHash: createSecretHash(Buffer.alloc(32, 1)),
  encryption: createEncryption([{ id: 'k1', key: randomBytes(32) }], randomBytes),
  plans,
}

test('the demo key is made once and found again at every start', async () => {
  const first = await ensureDemoKey(database.db, dataDir, tools)
  expect(first.apiKey).toMatch(/^gc_live_/)
  expect(await ensureDemoKey(database.db, dataDir, tools)).toEqual(first)
  expect(await apiKeys(database.db).countDocuments()).toBe(1)
})

test('a revoked demo key stays revoked, and the same account gets another', async () => {
  const { db } = database
  const before = await ensureDemoKey(db, dataDir, tools)
  await apiKeys(db).updateOne({ _id: before.apiKeyId }, { $set: { revokedAt: new Date() } })
  const after = await ensureDemoKey(db, dataDir, tools)
  expect(after.accountId).toBe(before.accountId)
  expect(after.apiKeyId).not.toBe(before.apiKeyId)
  expect(await apiKeys(db).findOne({ _id: before.apiKeyId })).toHaveProperty('revokedAt')
})

test('a lost database gets a new demo account', async () => {
  await accounts(database.db).deleteMany({})
  await apiKeys(database.db).deleteMany({})
  const demo = await ensureDemoKey(database.db, dataDir, tools)
  expect(await accounts(database.db).countDocuments({ _id: demo.accountId })).toBe(1)
})

test('the curl line quotes its JSON for a shell and accepts our own certificate', () => {
  const demo = {
    ...{ url: 'https://127.0.0.1:4000', apiKey: 'gc_live_x', adminApiKey: '', accountId: '' },
    ...{ apiKeyId: '', redisUrl: '', mongodbUri: '' },
  }
  expect(curlLine(demo, 2026)).toBe(
    "curl -s --insecure https://127.0.0.1:4000/graphql -H 'X-Api-Key: gc_live_x' " +
      `-H 'content-type: application/json' -d '{"query":"{ taxDates(country: AU, year: 2026, first: 3) ` +
      `{ edges { node { dueDate } } } }"}'`,
  )
})
