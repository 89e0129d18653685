import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createLog } from '../../src/log.ts'
import { producers } from '../../src/store/producers.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import type { UsageEvent } from '../../src/streams/usage-event.ts'
import { createUsageProducer, type UsageProducer } from '../../src/streams/usage-producer.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from '../servers.ts'

/** The registry entry of a living process vanishes: its database was reset or restored. */
let server: TestServer
let database: TestDatabase
let redis: RedisClient
let dataDir: string
let root: string
let producer: UsageProducer
/** Ahead of the real clock: the entry is looked for once a minute. */
let ahead = 0

beforeAll(async () => {
  server = await startRedis()
  database = await testDatabase()
  redis = connectRedis(server.url)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
  await database.drop()
})
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-replaced-'))
  root = join(dataDir, 'spool')
  producer = createUsageProducer({
    ...{ dataDir, db: database.db, redis, clock: () => Date.now() + ahead },
    ...{ log: createLog('silent', 'test'), registry: new Registry() },
  })
  await producer.start()
  await expect.poll(registered, soon).toHaveLength(1)
})
afterEach(async () => {
  await producer.stop(0)
  await producers(database.db).deleteMany()
  rmSync(dataDir, { recursive: true, force: true })
})

const soon = { timeout: 8_000, interval: 20 }

async function registered(): Promise<string[]> {
  const docs = await producers(database.db).find().toArray()
  return docs.map(({ _id }) => _id)
}

async function forget(): Promise<void> {
  await producers(database.db).deleteMany()
  ahead += 61_000
}

function append(): Promise<void> {
  const event: UsageEvent = {
    ...{ at: Date.now(), apiKeyId: 'key_1', accountId: 'acc_1', tier: 'pro' },
    ...{ endpoint: 'taxDates', units: 1, failed: 0 },
  }
  return producer.spool.append([event])
}

test('a living process whose registry entry is gone goes on under a new id and sets the old spool aside', async () => {
  const [old = ''] = await registered()
  await append()
  await forget()
  await expect.poll(registered, soon).toEqual([expect.not.stringMatching(old)])
  const [next = ''] = await registered()
  await expect
    .poll(() => readdirSync(root).sort(), soon)
    .toEqual([next, `quarantine-${old}`].sort())
  await append()
  expect(producer.readiness()).toBeNull()
})

test('while it cannot open a new spool it refuses calls, which nobody would count, and then recovers', async () => {
  const [old = ''] = await registered()
  await expect.poll(() => readdirSync(join(root, old)), soon).toContain('registered')
  await append()
  renameSync(root, `${root}-away`)
  writeFileSync(root, 'no folder')
  await forget()
  const answer = () => append().then(() => 'written', String)
  await expect.poll(answer, soon).toContain('ApiError')
  rmSync(root)
  renameSync(`${root}-away`, root)
  await expect.poll(answer, soon).toBe('written')
  await expect.poll(registered, soon).toEqual([expect.not.stringMatching(old)])
  await expect.poll(() => readdirSync(root), soon).toContain(`quarantine-${old}`)
})
