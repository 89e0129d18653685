import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort } from '../src/embedded/free-port.ts'
import { DAY } from '../src/rules/calendar-time.ts'
import { partitionCount } from '../src/rules/partition.ts'
import { jobRuns } from '../src/store/job-runs.ts'
import { partitions } from '../src/store/partitions.ts'
import { usageCells } from '../src/store/usage-cells.ts'
import { kinds } from '../src/worker-kinds.ts'
import { plantUsage } from './planted-usage.ts'
import {
  startMongod,
  startRedis,
  type TestDatabase,
  type TestServer,
  testDatabase,
} from './servers.ts'

let database: TestDatabase
let redis: TestServer
const started: ChildProcess[] = []
const adminApiKey = 'admin-key-of-the-worker-test-0123456789'

beforeAll(async () => {
  ;[database, redis] = await Promise.all([testDatabase(), startRedis()])
})
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})
afterAll(async () => {
  await redis.stop()
  await database.drop()
})

interface Started {
  child: ChildProcess
  stdout(): string
  stderr(): string
  /** Exit code, once it has ended and its output is read. */
  ended: Promise<number | null>
  /** Answer of the port that it logs. */
  ask(path: string, headers?: Record<string, string>): Promise<Response>
}

function start(args: string[] = [], options: { env?: object; execArgv?: string[] } = {}): Started {
  const { env = {}, execArgv = [] } = options
  const child = fork(join(import.meta.dirname, '../src/worker.ts'), args, {
    execArgv,
    silent: true,
    env: {
      PATH: process.env.PATH,
      REDIS_URL: redis.url,
      MONGODB_URI: database.uri,
      ADMIN_API_KEY: adminApiKey,
      ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
      API_KEY_PEPPER: Buffer.alloc(32, 2).toString('base64'),
      ...env,
    },
  })
  started.push(child)
  const text = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => {
    text.stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    text.stderr += chunk
  })
  return {
    child,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    ended: ended(child),
    async ask(path, headers = {}) {
      const port = await vi.waitFor(() => portIn(text.stdout + text.stderr), { timeout: 15_000 })
      return fetch(`http://127.0.0.1:${port}${path}`, { headers })
    },
  }
}

/** Not `close`, which never comes after a disconnect. */
async function ended(child: ChildProcess): Promise<number | null> {
  const { stdout, stderr } = child
  const read = [stdout, stderr].map((stream) => stream && once(stream, 'end'))
  const [[code]] = await Promise.all([once(child, 'exit'), ...read])
  return code
}

function portIn(log: string): number {
  const line = log.split('\n').find((one) => one.includes('serving /livez'))
  if (!line) throw new Error(`no port in "${log}"`)
  return (JSON.parse(line) as { port: number }).port
}

/** Settles when /readyz says so. */
async function ready(worker: Started): Promise<void> {
  await vi.waitFor(async () => expect((await worker.ask('/readyz')).status).toBe(200), {
    timeout: 20_000,
    interval: 100,
  })
}

describe('npm run worker', () => {
  test('serves health and metrics, stops in order on SIGTERM and exits 0, whatever signals follow', async () => {
    const worker = start()
    await ready(worker)
    expect((await worker.ask('/livez')).status).toBe(200)
    const metrics = await worker.ask('/metrics')
    expect(metrics.headers.get('content-type')).toContain('text/plain')
    const text = await metrics.text()
    expect(text).toContain('getcomplical_aggregation_runs_total')
    expect(text).toMatch(/process_cpu_seconds_total\{process="worker"\}/)
    expect((await worker.ask('/graphql')).status).toBe(404)
    const owned = () => partitions(database.db).countDocuments({ owner: { $ne: null } })
    await vi.waitFor(async () => expect(await owned()).toBe(partitionCount), { timeout: 10_000 })
    worker.child.kill('SIGTERM')
    worker.child.kill('SIGTERM')
    expect(await worker.ended).toBe(0)
    expect(await owned()).toBe(0)
    expect(worker.stdout()).not.toContain('"level":50')
  })

  test('shows metrics through a proxy to the admin key alone', async () => {
    const worker = start(['aggregate-days'])
    await ready(worker)
    const forwarded = { 'X-Forwarded-For': '203.0.113.7' }
    expect((await worker.ask('/metrics', forwarded)).status).toBe(403)
    const wrong = { ...forwarded, 'X-Api-Key': adminApiKey.replace('t', 'r') }
    expect((await worker.ask('/metrics', wrong)).status).toBe(403)
    const right = { ...forwarded, 'X-Api-Key': adminApiKey }
    expect((await worker.ask('/metrics', right)).status).toBe(200)
  })

  test('one kind alone makes up missed days at start', async () => {
    const yesterday = Date.now() - 2 * DAY
    await plantUsage(database.db, [{ apiKeyId: 'key_a', accountId: 'acc_a', at: yesterday }])
    const worker = start(['aggregate-days'])
    await ready(worker)
    await vi.waitFor(async () => {
      const closed = { _id: /^aggregate-days:/, finishedAt: { $exists: true } }
      expect(await jobRuns(database.db).countDocuments(closed)).toBe(
        new Date().getUTCHours() >= 1 ? 2 : 1,
      )
    })
    expect(await usageCells(database.db).months.findOne({})).toMatchObject({
      peakDay: { total: 1 },
    })
    expect(await (await worker.ask('/metrics')).text()).not.toContain('rollup')
    worker.child.kill('SIGINT')
    expect(await worker.ended).toBe(0)
  })

  test('ends when its supervisor is gone', async () => {
    const worker = start()
    await ready(worker)
    worker.child.disconnect()
    expect(await worker.ended).toBe(0)
  })

  test('starts while neither Redis nor MongoDB is there, says so, waits, and can be stopped', async () => {
    const [port, other] = [await freePort(), await freePort()]
    const env = {
      MONGODB_URI: `mongodb://127.0.0.1:${port}/x?directConnection=true`,
      REDIS_URL: `redis://127.0.0.1:${other}`,
    }
    const worker = start([], { env })
    expect((await worker.ask('/livez')).status).toBe(200)
    const notReady = await worker.ask('/readyz')
    expect(notReady.status).toBe(503)
    expect(await notReady.json()).toMatchObject({ code: 'UNAVAILABLE' })
    worker.child.kill('SIGTERM')
    expect(await worker.ended).toBe(0)
  })

  test('begins to work when its servers come after it', async () => {
    const [port, other] = [await freePort(), await freePort()]
    const uri = `mongodb://127.0.0.1:${port}/late?directConnection=true`
    const env = { MONGODB_URI: uri, REDIS_URL: `redis://127.0.0.1:${other}` }
    const worker = start([], { env })
    expect((await worker.ask('/readyz')).status).toBe(503)
    const [mongod, late] = await Promise.all([startMongod({ port }), startRedis({ port: other })])
    try {
      await ready(worker)
      worker.child.kill('SIGTERM')
      expect(await worker.ended).toBe(0)
    } finally {
      await Promise.all([mongod.stop(), late.stop()])
    }
  })

  test('an uncaught exception is logged and ends it with 1', async () => {
    const later = 'setTimeout(() => { throw new Error("planted") }, 1_000)'
    const worker = start([], { execArgv: ['--import', `data:text/javascript,${later}`] })
    expect(await worker.ended).toBe(1)
    expect(worker.stdout()).toContain('planted')
    expect(worker.stdout()).toContain('uncaught exception')
  })
})

describe('what it is told wrongly', () => {
  test('an unknown name is refused with the names that there are', async () => {
    const worker = start(['roll-up-usages'])
    expect(await worker.ended).toBe(1)
    expect(worker.stderr()).toContain('There is no worker "roll-up-usages"')
    for (const name of Object.keys(kinds)) expect(worker.stderr()).toContain(name)
  })

  test('an unknown option and a missing setting end it with 1', async () => {
    const option = start(['--every'])
    const setting = start([], { env: { MONGODB_URI: '' } })
    expect(await option.ended).toBe(1)
    expect(option.stderr()).toContain('--every')
    expect(await setting.ended).toBe(1)
    expect(setting.stderr()).toContain('MONGODB_URI')
  })

  test('keys that encrypt are demanded by the workers that read secrets, and by no other', async () => {
    const env = { ENCRYPTION_KEYS: '', DATA_DIR: join(tmpdir(), 'getcomplical-no-such-folder') }
    const all = start([], { env })
    expect(await all.ended).toBe(1)
    expect(all.stderr()).toContain('ENCRYPTION_KEYS: missing')
    await ready(start(['roll-up-usage', 'aggregate-days'], { env }))
  })

  test('--help names the workers and exits 0', async () => {
    const worker = start(['--help'])
    expect(await worker.ended).toBe(0)
    expect(worker.stdout()).toContain('aggregate-days')
    expect(worker.stderr()).toBe('')
  })
})
