import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { alertTopic } from '../../src/streams/alert-topic.ts'
import { createRecordPublisher, type RecordPublisher } from '../../src/streams/record-publisher.ts'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import { plantKey, silent } from '../asked.ts'
import { raise } from '../raised-alerts.ts'
import type { RedisCluster } from '../redis-cluster.ts'
import {
  startRedis,
  startRedisCluster,
  type TestDatabase,
  type TestServer,
  testDatabase,
} from '../servers.ts'

const root = join(import.meta.dirname, '../..')
const script = join(root, 'scripts/examples/consume-alerts.ts')
const own = { accountId: 'acc_a', apiKeyId: 'key_a' }
const soon = { timeout: 15_000, interval: 20 }

let server: TestServer
let cluster: RedisCluster
let database: TestDatabase
const cleanUp: (() => unknown)[] = []

beforeAll(async () => {
  ;[server, cluster, database] = await Promise.all([
    startRedis(),
    startRedisCluster(3),
    testDatabase(),
  ])
})
beforeEach(async () => {
  await database.db.dropDatabase()
  await plantKey(database.db, 'key_a', 'acc_a')
})
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end()
})
afterAll(async () => {
  await Promise.all([server.stop(), cluster.stop(), database.drop()])
})

/** A topic that is filled, by a publisher of its own. */
async function topic(url: string): Promise<{ redis: RedisClient; publisher: RecordPublisher }> {
  const redis = connectRedis(url)
  cleanUp.push(() => redis.disconnect())
  await vi.waitFor(() => redis.del('customer-alerts'), soon)
  const publisher = createRecordPublisher(alertTopic, {
    ...{ db: database.db, redis, clock: Date.now, log: silent, registry: new Registry() },
  })
  cleanUp.push(publisher.stop)
  await publisher.start()
  return { redis, publisher }
}

interface Consumer {
  child: ChildProcess
  /** Messages that it printed. */
  told(): string[]
  /** What it said besides. */
  said(): string
}

function consumer(url: string, ...options: string[]): Consumer {
  const child = spawn(process.execPath, [script, ...options], {
    env: { PATH: process.env.PATH, REDIS_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [printed, said] = ['', '']
  child.stdout.on('data', (data) => {
    printed += data
  })
  child.stderr.on('data', (data) => {
    said += data
  })
  cleanUp.push(() => child.kill('SIGKILL'))
  return {
    child,
    said: () => said,
    told: () =>
      printed
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line).data.message),
  }
}

async function ended({ child }: Consumer): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode
  const [code] = await once(child, 'exit')
  return code
}

const group = () => `group-${Math.random()}`
const raiseNumber = (n: number) => raise(database.db, own, { message: `number ${n}` })
const numbers = (count: number) => Array.from({ length: count }, (_one, n) => `number ${n + 1}`)

describe('the example consumer', () => {
  test('prints what the stream holds and what comes, and ends in order', async () => {
    const { publisher } = await topic(server.url)
    await raiseNumber(1)
    const one = consumer(server.url, '--group', group())
    await vi.waitFor(() => expect(one.told()).toEqual(numbers(1)), soon)
    for (const n of [2, 3]) await raiseNumber(n)
    publisher.publish()
    await vi.waitFor(() => expect(one.told()).toEqual(numbers(3)), soon)
    one.child.kill('SIGTERM')
    expect(await ended(one)).toBe(0)
    expect(one.said()).toBe('')
  })

  test('goes on where its group stood, and tells doubles of a stream that was filled again', async () => {
    const { redis, publisher } = await topic(server.url)
    const name = group()
    for (const n of [1, 2]) await raiseNumber(n)
    publisher.publish()
    await vi.waitFor(async () => expect(await redis.xlen('customer-alerts')).toBe(2), soon)
    const before = consumer(server.url, '--group', name, '--once')
    expect(await ended(before)).toBe(0)
    expect(before.told()).toEqual(numbers(2))
    await redis.del('customer-alerts')
    await raiseNumber(3)
    publisher.publish()
    await vi.waitFor(async () => expect(await redis.xlen('customer-alerts')).toBe(3), soon)
    const after = consumer(server.url, '--group', name, '--once')
    expect(await ended(after)).toBe(0)
    expect(after.told()).toEqual(['number 3'])
    expect(after.said().match(/told before/g)).toHaveLength(2)
    expect(await redis.xpending('customer-alerts', name)).toEqual([0, null, null, null])
  })

  test('takes up what it had not acknowledged when it was killed', async () => {
    const { redis, publisher } = await topic(server.url)
    const name = group()
    for (const n of [1, 2, 3]) await raiseNumber(n)
    publisher.publish()
    await vi.waitFor(async () => expect(await redis.xlen('customer-alerts')).toBe(3), soon)
    // As a consumer leaves it that dies with two in its hands.
    await redis.xgroup('CREATE', 'customer-alerts', name, '0')
    const stream = ['STREAMS', 'customer-alerts', '>'] as const
    await redis.xreadgroup('GROUP', name, 'mine', 'COUNT', 2, ...stream)
    const again = consumer(server.url, '--group', name, '--consumer', 'mine', '--once')
    expect(await ended(again)).toBe(0)
    expect(again.told()).toEqual(numbers(3))
    expect(await redis.xpending('customer-alerts', name)).toEqual([0, null, null, null])
  })

  test('shares the work in a group', async () => {
    const { publisher } = await topic(server.url)
    const name = group()
    const both = ['one', 'two'].map((own_) =>
      consumer(server.url, '--group', name, '--consumer', own_),
    )
    for (let n = 1; n <= 30; n++) await raiseNumber(n)
    publisher.publish()
    const all = () => both.flatMap((one) => one.told()).toSorted()
    await vi.waitFor(() => expect(all()).toEqual(numbers(30).toSorted()), soon)
  })

  test('outlasts a Redis that is away, and passes over what is no event', async () => {
    const { redis } = await topic(server.url)
    await raiseNumber(1)
    const name = group()
    const one = consumer(server.url, '--group', name)
    await vi.waitFor(() => expect(one.told()).toEqual(numbers(1)), soon)
    // Printed and not yet acknowledged it would rightly come again.
    const acknowledged = [0, null, null, null]
    await vi.waitFor(
      async () => expect(await redis.xpending('customer-alerts', name)).toEqual(acknowledged),
      soon,
    )
    await server.kill('SIGKILL')
    await vi.waitFor(() => expect(one.said()).toContain('trying again'), soon)
    await server.start()
    await vi.waitFor(() => redis.ping(), soon)
    for (const event of ['no JSON', '{"specversion":"0.3","id":"old"}', 'null']) {
      await redis.xadd('customer-alerts', '1-*', 'event', event)
    }
    await raiseNumber(2)
    await vi.waitFor(() => expect(one.told()).toEqual(numbers(2)), soon)
  })

  test('reads the topic of a cluster', async () => {
    const { publisher } = await topic(cluster.url)
    const one = consumer(cluster.url, '--group', group())
    for (const n of [1, 2, 3]) await raiseNumber(n)
    publisher.publish()
    await vi.waitFor(() => expect(one.told()).toEqual(numbers(3)), soon)
    one.child.kill('SIGINT')
    expect(await ended(one)).toBe(0)
  })

  test('reads the topic that is asked for', async () => {
    const redis = connectRedis(server.url)
    cleanUp.push(() => redis.disconnect())
    const event = { specversion: '1.0', id: 'one', data: { message: 'of billing' } }
    await vi.waitFor(() => redis.xadd('billing-events', '1-0', 'event', JSON.stringify(event)))
    const one = consumer(server.url, '--topic', 'billing-events', '--group', group(), '--once')
    expect([await ended(one), one.told()]).toEqual([0, ['of billing']])
    const wrong = consumer(server.url, '--topic', 'billing')
    expect(await ended(wrong)).toBe(1)
    expect(wrong.said()).toContain('billing-events')
  })

  test('says what it wants to know, and what it takes', async () => {
    const lost = consumer('')
    expect(await ended(lost)).toBe(1)
    expect(lost.said()).toContain('REDIS_URL')
    const wrong = consumer(server.url, '--grup', 'x')
    expect(await ended(wrong)).not.toBe(0)
    const asTyped = ['run', '--silent', 'example:consume-alerts', '--', '--help']
    const help = execFileSync('npm', asTyped, { cwd: root, encoding: 'utf8' })
    expect(help).toContain('npm run example:consume-alerts')
  })
})
