import {
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { partitionCount, usageStream } from '../../src/rules/partition.ts'
import { partitions } from '../../src/store/partitions.ts'
import { connectRedis } from '../../src/streams/redis.ts'
import { livenessOf } from '../../src/streams/spool-lock.ts'
import { encodeFrame, readFrame } from '../../src/streams/usage-codec.ts'
import { leaseMs } from '../../src/workers/roll-up-usage/leases.ts'
import type { Child } from './children.ts'
import { integer } from './random.ts'
import type { World } from './world.ts'

/** Each fault answers whether it hit, by what was seen on the other side. */
export type Fault = (world: World) => Promise<boolean>

export async function until(
  condition: () => Promise<boolean> | boolean,
  ms = 10_000,
): Promise<boolean> {
  const deadline = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > deadline) return false
    await setTimeout(20)
  }
  return true
}

const anyOf = (world: World, children: readonly Child[]): Child => {
  const alive = children.filter((child) => child.alive())
  const child = alive[integer(world.random, 0, alive.length - 1)]
  if (!child) throw new Error('no child is left')
  return child
}

/** kill -9, and a new process in its place. The dead one's spool is adopted. */
export const killProducer: Fault = async (world) => {
  const child = anyOf(world, world.producers)
  await child.kill('SIGKILL')
  await world.addProducer()
  return adopted(world)
}

async function adopted(world: World): Promise<boolean> {
  return until(async () => (await world.metric('producers', 'spool_adopted_total')) > 0)
}

/** kill -9, then a half-written frame at the end of its spool. */
export const tornFrame: Fault = async (world) => {
  await anyOf(world, world.producers).kill('SIGKILL')
  const root = join(world.dataDir, 'spool')
  for (const name of readdirSync(root)) {
    const dir = join(root, name)
    if ((await livenessOf(dir, 'owner')) === 'dead') tear(world, dir)
  }
  await world.addProducer()
  return until(async () => (await world.metric('producers', 'spool_torn_bytes_total')) > 0)
}

/** Appends a cut header, half a payload or a frame with a wrong checksum after the last good frame. */
function tear(world: World, dir: string): void {
  const names = readdirSync(dir).filter((name) => name.endsWith('.log'))
  const last = names.sort().at(-1)
  if (!last) return
  const path = join(dir, last)
  const bytes = readFileSync(path)
  let end = 0
  let n = Number(last.slice(0, -4)) - 1
  for (;;) {
    const step = readFrame(bytes, end)
    if (step.kind !== 'frame') break
    end = step.end
    n = step.frame.n
  }
  const event = { at: Date.now(), apiKeyId: 'key_1', accountId: 'acc_key_1', tier: 'pro' }
  const frame = encodeFrame(n + 1, [{ ...event, endpoint: 'taxDates', units: 1, failed: 1 }])
  const kind = integer(world.random, 0, 2)
  const torn = [frame.subarray(0, 5), frame.subarray(0, 30), frame][kind] ?? frame
  if (kind === 2) torn[12] = (torn[12] ?? 0) ^ 0xff
  const fd = openSync(path, 'r+')
  writeSync(fd, torn, 0, torn.length, end)
  // Where the file was not written in advance, the torn frame is the last there is.
  if (kind !== 2 && integer(world.random, 0, 1) === 1) ftruncateSync(fd, end + torn.length)
  closeSync(fd)
}

export const killWorker: Fault = async (world) => {
  const child = anyOf(world, world.workers)
  await child.kill('SIGKILL')
  await world.addWorker()
  return !child.alive()
}

/** kill -9 at the moment of its commit: its transaction and row locks stay open in MongoDB. */
export const killWorkerInTransaction: Fault = async (world) => {
  await anyOf(world, world.workers).kill('SIGTERM')
  const proxy = await world.mongodProxy()
  const child = await world.addWorker({ mongod: proxy })
  let hit = false
  proxy.holdAt('commitTransaction', () => {
    hit = true
    child.process.kill('SIGKILL')
  })
  await until(() => !child.alive())
  const { transactions } = await world.db.admin().serverStatus()
  await world.addWorker()
  return hit && transactions.currentOpen > 0
}

/** Stopped for longer than its lease, then going on as if nothing had happened. */
export const stopWorkerPastLease: Fault = async (world) => {
  const child = anyOf(world, world.workers)
  const versions = await versionsByOwner(world, child)
  await child.kill('SIGSTOP')
  const other = await world.addWorker()
  const taken = await until(async () => (await versionsByOwner(world, child)).length === 0)
  await child.kill('SIGCONT')
  await setTimeout(300)
  await other.kill('SIGTERM')
  return taken && versions.length > 0
}

/**
 * Stopped with a flush on the way, until another worker has taken over and committed; then its writes
 * reach MongoDB, with all the right it believes to have.
 */
export const stopWorkerInCommit: Fault = async (world) => {
  const proxy = await world.mongodProxy()
  const child = await world.addWorker({ mongod: proxy })
  for (const other of world.workers)
    if (other !== child && other.alive()) await other.kill('SIGTERM')
  await world.owned()
  // The beginning of the transaction is held back: its own writes are still to come.
  const held = Promise.withResolvers<() => void>()
  proxy.pauseAt('startTransaction', held.resolve)
  const goOn = await held.promise
  await child.kill('SIGSTOP')
  await world.addWorker()
  const taken = await until(async () => (await versionsByOwner(world, child)).length === 0)
  // Its successor is idle again, so that only the fence is in its way and no write conflict.
  await world.settle(15_000)
  goOn()
  await child.kill('SIGCONT')
  const refused = () => child.metric('rollup_aborted_commits_total')
  const ended = () => child.metric('rollup_commits_total')
  const before = await ended()
  await until(async () => ((await refused()) ?? 0) > 0 || (await ended()) !== before, 3_000)
  return taken
}

async function versionsByOwner(world: World, child: Child): Promise<number[]> {
  const docs = await partitions(world.db).find().toArray()
  const mine = docs.filter(({ owner }) => owner?.includes(`-${child.process.pid}-`))
  return mine.map(({ version }) => version)
}

export const killRedis: Fault = async (world) => {
  const errors = () => world.metric('workers', 'rollup_read_errors_total')
  const before = await errors()
  await world.redis.kill('SIGKILL')
  const hit = await until(async () => (await errors()) > before, 3_000)
  await world.redis.start()
  return hit
}

/** kill -9, then up to 200 kB of its append-only file are gone. */
export const cutAof: Fault = async (world) => {
  await world.redis.kill('SIGKILL')
  const dir = join(world.redis.dataDir, 'appendonlydir')
  const aof = readdirSync(dir).find((name) => name.endsWith('.incr.aof'))
  const path = join(dir, aof ?? '')
  const { size } = statSync(path)
  const cut = Math.min(size, integer(world.random, 1, 200_000))
  const fd = openSync(path, 'r+')
  ftruncateSync(fd, size - cut)
  closeSync(fd)
  await world.redis.start()
  return cut > 0
}

/** Takes uncommitted entries with it: the workers are paused until some are there. */
export const flushAll: Fault = async (world) => {
  const client = connectRedis(world.redis.url)
  await new Promise((done) => client.once('ready', done))
  const before = await world.metric('producers', 'usage_go_backs_total')
  const hit = await until(async () => {
    const lengths = Array.from({ length: partitionCount }, (_, p) => client.xlen(usageStream(p)))
    if ((await Promise.all(lengths)).reduce((sum, length) => sum + length, 0) < 20) return false
    await client.flushall()
    return true
  })
  client.disconnect()
  // An alarm each time: producers notice that what they sent is gone.
  if (hit)
    await until(
      async () => (await world.metric('producers', 'usage_go_backs_total')) > before,
      3_000,
    )
  return hit
}

export function stopRedis(ms: number): Fault {
  return async (world) => {
    await world.redis.kill('SIGSTOP')
    const before = world.ledger.answered.length
    await setTimeout(ms)
    const answeredMeanwhile = world.ledger.answered.length - before
    await world.redis.kill('SIGCONT')
    return answeredMeanwhile > 0
  }
}

export function redisAway(ms: number): Fault {
  return async (world) => {
    await world.redis.kill('SIGKILL')
    const before = world.ledger.answered.length
    await setTimeout(ms)
    const answeredMeanwhile = world.ledger.answered.length - before
    await world.redis.start()
    return answeredMeanwhile > 0
  }
}

/** As long as a garbage collection that blocks, or a machine that swaps: half a lease to two. */
export const pauseWorker: Fault = async (world) => {
  const child = anyOf(world, world.workers)
  await child.kill('SIGSTOP')
  await setTimeout(integer(world.random, leaseMs / 2, leaseMs * 2))
  await child.kill('SIGCONT')
  return child.alive()
}

/** Not to be taken for dead: its spool must stay its own. */
export const pauseProducer: Fault = async (world) => {
  const child = anyOf(world, world.producers)
  const adoptions = () => world.metric('producers', 'spool_adopted_total')
  await child.kill('SIGSTOP')
  await setTimeout(3_000)
  await child.kill('SIGCONT')
  return (await adoptions()) === 0
}

export const emptyRestart: Fault = async (world) => {
  await world.redis.kill('SIGKILL')
  rmSync(join(world.redis.dataDir, 'appendonlydir'), { recursive: true, force: true })
  await world.redis.start()
  return true
}

/** Ids ahead of the clock, as after a clock that was set back; then Redis is emptied. */
export function idsAhead(aheadMs: number, workersAwayMs: number): Fault {
  return async (world) => {
    const away = workersAwayMs > 0 ? world.workers.filter((child) => child.alive()) : []
    const client = connectRedis(world.redis.url)
    await new Promise((done) => client.once('ready', done))
    const ahead = Date.now() + integer(world.random, 1, aheadMs)
    for (let p = 0; p < partitionCount; p++) {
      await client.xadd(usageStream(p), `${ahead}-0`, 'b', 'from a clock ahead').catch(() => {})
    }
    // What is sent now gets ids behind it, as high and later dead.
    await setTimeout(700)
    for (const child of away) await child.kill('SIGKILL')
    await setTimeout(300)
    await client.flushall()
    await setTimeout(workersAwayMs)
    for (const _ of away) await world.addWorker()
    client.disconnect()
    return true
  }
}

/** Redis refuses every write (maxmemory) while no worker is there to make room. */
export function redisFull(ms: number): Fault {
  return async (world) => {
    for (const child of world.workers) if (child.alive()) await child.kill('SIGTERM')
    const client = connectRedis(world.redis.url)
    await new Promise((done) => client.once('ready', done))
    await client.config('SET', 'maxmemory', '1mb')
    const before = world.ledger.answered.length
    await setTimeout(ms)
    const errors = await world.metric('producers', 'usage_send_errors_total')
    await client.config('SET', 'maxmemory', '0')
    client.disconnect()
    await world.addWorker()
    return errors > 0 && world.ledger.answered.length > before
  }
}

/** Producers that live for a few calls: each leaves a spool for others. */
export const shortLife: Fault = async (world) => {
  const child = await world.addProducer()
  const before = world.calls()
  await until(() => world.calls() > before + 20)
  await child.kill('SIGKILL')
  return !child.alive()
}

/** Stopped between its last write and its commit, past its lease. */
export const stopWorkerBeforeCommit: Fault = async (world) => {
  const proxy = await world.mongodProxy()
  const child = await world.addWorker({ mongod: proxy })
  const held = Promise.withResolvers<() => void>()
  proxy.pauseAt('commitTransaction', held.resolve)
  const goOn = await held.promise
  await child.kill('SIGSTOP')
  await world.addWorker()
  const taken = await until(async () => (await versionsByOwner(world, child)).length === 0)
  goOn()
  await child.kill('SIGCONT')
  await setTimeout(300)
  await child.kill('SIGTERM')
  return taken
}
