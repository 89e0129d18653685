import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Db } from 'mongodb'
import { partitionCount } from '../../src/rules/partition.ts'
import { connectDatabase } from '../../src/store/database.ts'
import { partitions } from '../../src/store/partitions.ts'
import { launchRedis, type TestServer } from '../server-process.ts'
import { type Child, startChild, type Without } from './children.ts'
import { type Call, compare, type Ledger, type Verdict } from './ledger.ts'
import { startProxy, type WireProxy } from './proxy.ts'
import { integer, seededRandom } from './random.ts'

export interface WorldOptions {
  redisBinary: string
  /** Of the mongod to use; a database of its own is made in it. */
  mongodbUri: string
  seed: number
  producers?: number
  workers?: number
  keys?: number
  without?: Without
  segmentBytes?: number
  /** Folder of the spools; a temporary one if left out. */
  dataDir?: string
  redisSettings?: Record<string, string>
}

/** A whole counting path out of real processes, with clients that keep the ledger. */
export interface World {
  readonly random: () => number
  readonly redis: TestServer
  readonly db: Db
  /** Names the world's database. */
  readonly mongodbUri: string
  readonly dataDir: string
  readonly producers: Child[]
  readonly workers: Child[]
  readonly ledger: Ledger
  addProducer(redisProxy?: WireProxy): Promise<Child>
  addWorker(proxies?: { redis?: WireProxy; mongod?: WireProxy }): Promise<Child>
  mongodProxy(): Promise<WireProxy>
  redisProxy(): Promise<WireProxy>
  /** Calls a second, spread at random over keys, endpoints and producers, until it is called with 0. */
  traffic(callsPerSecond: number, ageMs?: () => number): void
  calls(): number
  /** Sum of a metric over all living children of a kind, those that died counted as last seen. */
  metric(of: 'producers' | 'workers', name: string): Promise<number>
  /** Waits until every partition is owned and committing is possible. */
  owned(): Promise<void>
  /**
   * Ends the traffic and waits until ledger and database agree, for at most `ms`. A control, which never
   * agrees, ends when nothing has changed for `unchangedMs`: what is only late is not lost.
   */
  settle(ms?: number, unchangedMs?: number): Promise<Verdict>
  close(): Promise<void>
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const { seed, keys = 500, without, segmentBytes } = options
  const random = seededRandom(seed)
  const redis = await launchRedis(options.redisBinary, { settings: options.redisSettings ?? {} })
  const url = new URL(options.mongodbUri)
  url.pathname = `/faults_${randomBytes(6).toString('hex')}`
  const { db, client } = await connectDatabase({ uri: url.toString() })
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'getcomplical-faults-'))
  mkdirSync(dataDir, { recursive: true })
  // Not beside the spools: a row fills that disk.
  const logs = mkdtempSync(join(tmpdir(), 'getcomplical-logs-'))
  const producers: Child[] = []
  const workers: Child[] = []
  const proxies: WireProxy[] = []
  const ledger: Ledger = { answered: [], refused: [], unknown: [] }
  const pending = new Map<Child, Map<string, Call>>()
  let timer: NodeJS.Timeout | undefined
  let made = 0

  const through = (proxy: WireProxy | undefined) =>
    proxy
      ? `mongodb://127.0.0.1:${proxy.port}${url.pathname}?directConnection=true`
      : url.toString()
  const redisThrough = (proxy: WireProxy | undefined) =>
    proxy ? `redis://127.0.0.1:${proxy.port}` : redis.url

  async function addProducer(proxy?: WireProxy): Promise<Child> {
    const waiting = new Map<string, Call>()
    const child = startChild(
      'producer-child.ts',
      {
        dataDir,
        redisUrl: redisThrough(proxy),
        mongodbUri: url.toString(),
        ...(segmentBytes && { segmentBytes }),
      },
      ([id, outcome, at]) => {
        const call = waiting.get(String(id))
        if (!call) return
        waiting.delete(String(id))
        if (outcome === 'ok') ledger.answered.push({ ...call, at: Number(at) })
        else ledger.refused.push(call)
      },
      { without, logFile: join(logs, 'producers.log') },
    )
    pending.set(child, waiting)
    void child.exited.then(() => {
      ledger.unknown.push(...waiting.values())
      waiting.clear()
    })
    await child.ready
    producers.push(child)
    return child
  }

  async function addWorker(by: { redis?: WireProxy; mongod?: WireProxy } = {}): Promise<Child> {
    const urls = { redisUrl: redisThrough(by.redis), mongodbUri: through(by.mongod) }
    const also = { without, logFile: join(logs, 'workers.log') }
    const child = startChild('worker-child.ts', urls, () => {}, also)
    await child.ready
    workers.push(child)
    return child
  }

  function call(ageMs: number): void {
    const alive = producers.filter((child) => child.alive())
    const child = alive[integer(random, 0, alive.length - 1)]
    if (!child) return
    const key = `key_${integer(random, 1, keys)}`
    const endpoint = ['taxDates', 'countries', 'obligations'][integer(random, 0, 2)] ?? ''
    const weight = integer(random, 1, 9_999)
    const id = String(++made)
    pending.get(child)?.set(id, { key, endpoint, weight, at: null })
    child.send([id, key, endpoint, 1, weight, ageMs])
  }

  function traffic(callsPerSecond: number, ageMs: () => number = () => 0): void {
    clearInterval(timer)
    const started = performance.now()
    let due = 0
    if (callsPerSecond === 0) return
    timer = setInterval(() => {
      const until = ((performance.now() - started) * callsPerSecond) / 1_000
      for (; due < until; due++) call(ageMs())
    }, 5)
  }

  async function settle(ms = 30_000, unchangedMs = Number.POSITIVE_INFINITY): Promise<Verdict> {
    traffic(0)
    const deadline = performance.now() + ms
    let calm = 0
    let seen = ''
    let since = performance.now()
    let verdict: Verdict
    do {
      await setTimeout(250)
      verdict = await compare(db, ledger, Date.now())
      const answering = [...pending.values()].every((waiting) => waiting.size === 0)
      // What is counted twice comes late, so agreement must last.
      calm = answering && verdict.faults.length === 0 ? calm + 1 : 0
      const now = JSON.stringify(verdict)
      if (now !== seen) since = performance.now()
      seen = now
      if (calm === 0 && performance.now() - since > unchangedMs) break
    } while (calm < 4 && performance.now() < deadline)
    return verdict
  }

  async function metric(of: 'producers' | 'workers', name: string): Promise<number> {
    const values = (of === 'producers' ? producers : workers).map((child) => child.metric(name))
    return (await Promise.all(values)).reduce<number>((sum, value) => sum + (value ?? 0), 0)
  }

  async function owned(): Promise<void> {
    const filter = { $expr: { $gt: ['$leaseUntil', '$$NOW'] } }
    while ((await partitions(db).countDocuments(filter)) < partitionCount) await setTimeout(50)
  }

  async function proxyTo(port: number): Promise<WireProxy> {
    const proxy = await startProxy(port)
    proxies.push(proxy)
    return proxy
  }

  const world: World = {
    ...{ random, redis, db, dataDir, producers, workers, ledger },
    mongodbUri: url.toString(),
    ...{ addProducer, addWorker, traffic, metric, owned, settle },
    mongodProxy: () => proxyTo(Number(url.port)),
    redisProxy: () => proxyTo(redis.port),
    calls: () => made,
    async close() {
      traffic(0)
      for (const child of [...producers, ...workers]) child.process.kill('SIGCONT')
      await Promise.all([...producers, ...workers].map((child) => child.kill('SIGKILL')))
      await Promise.all(proxies.map((proxy) => proxy.close()))
      await redis.stop()
      await db.dropDatabase().catch(() => {})
      await client.close()
      for (const dir of [dataDir, logs]) rmSync(dir, { recursive: true, force: true })
    },
  }
  await Promise.all([
    ...Array.from({ length: options.workers ?? 1 }, () => addWorker()),
    ...Array.from({ length: options.producers ?? 1 }, () => addProducer()),
  ])
  if (workers.length > 0) await owned()
  return world
}
