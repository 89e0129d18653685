import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { DAY } from '../../src/rules/calendar-time.ts'
import type { TestServer } from '../server-process.ts'
import {
  cutAof,
  emptyRestart,
  type Fault,
  flushAll,
  idsAhead,
  killProducer,
  killRedis,
  killWorker,
  killWorkerInTransaction,
  pauseProducer,
  pauseWorker,
  redisAway,
  redisFull,
  shortLife,
  stopRedis,
  stopWorkerBeforeCommit,
  stopWorkerInCommit,
  stopWorkerPastLease,
  tornFrame,
  until,
} from './inject.ts'
import { integer } from './random.ts'
import { type Scanners, startScanners } from './scanners.ts'
import type { World, WorldOptions } from './world.ts'

/** One row of the table of counting.md, section 5, or a promise of promises.md. */
export interface Row {
  id: string
  fault: string
  /** In a full run. */
  repetitions: number
  /** Between two verdicts: a world of their own each. */
  perWorld: number
  callsPerSecond: number
  /** Traffic between two repetitions. */
  pauseMs: number
  world?: Partial<WorldOptions>
  /** Makes the folder of the spools; must be an empty disk where the row fills it. */
  makeDataDir?: () => { dir: string; remove: () => void }
  /** The row needs a MongoDB of its own, because it kills it. */
  ownMongod?: true
  ageMs?: (world: World) => number
  before?: (world: World) => Promise<void>
  inject: (world: World, mongod: TestServer) => Promise<boolean>
  /** What is wrong besides the counts, after they agree. */
  judge?: (world: World) => Promise<string[]>
  /** Calls without an answer are expected; else a refusal is a fault. */
  mayRefuse?: true
  /** A control: must lose or double. */
  control?: true
}

const usual = { callsPerSecond: 1_000, pauseMs: 800, perWorld: 10 }

function row(
  id: string,
  fault: string,
  repetitions: number,
  inject: Fault,
  more: Partial<Row> = {},
): Row {
  return { ...usual, id, fault, repetitions, inject, ...more }
}

const two = { world: { producers: 2, workers: 2 } }

export const rows: Row[] = [
  row('kill-producer', 'kill -9 producer', 60, killProducer, two),
  row('torn-frame', "torn frame at the spool's end + kill -9", 37, tornFrame, {
    ...two,
    perWorld: 4,
  }),
  row('kill-worker', 'kill -9 worker', 100, killWorker, two),
  row(
    'kill-worker-in-transaction',
    'kill -9 worker inside its transaction',
    20,
    killWorkerInTransaction,
    two,
  ),
  row('stop-worker', 'SIGSTOP worker past its lease, SIGCONT', 23, stopWorkerPastLease, two),
  row(
    'stop-worker-in-transaction',
    'SIGSTOP worker before its commit',
    5,
    stopWorkerBeforeCommit,
    two,
  ),
  row(
    'stale-flush',
    'a stale worker flushes after its successor',
    10,
    (world) => again(world, stopWorkerInCommit),
    {
      perWorld: 5,
    },
  ),
  row('pause-worker', 'worker blocked 0.5-2 leases', 10, pauseWorker, two),
  row('kill-redis', 'kill -9 Redis', 50, killRedis, { ...two, callsPerSecond: 2_000 }),
  row('cut-aof', 'kill -9 Redis + AOF cut 1 B-200 kB', 40, cutAof, {
    ...two,
    callsPerSecond: 2_000,
  }),
  row('flushall', 'FLUSHALL', 25, flushAll, two),
  row('empty-restart', 'Redis restarted empty', 12, emptyRestart, two),
  row('ids-ahead', 'ids up to 3 s ahead of the clock, then lost', 20, idsAhead(3_000, 0), {
    perWorld: 5,
  }),
  row(
    'ids-far-ahead',
    'ids 60 s ahead, Redis emptied, worker away 10 s',
    2,
    idsAhead(60_000, 10_000),
    {
      perWorld: 1,
    },
  ),
  row(
    'stop-redis',
    'SIGSTOP Redis 0.2-4 s',
    10,
    (world) => stopRedis(integer(world.random, 200, 4_000))(world),
    two,
  ),
  row('redis-away', 'Redis away 15 s, 2,000 calls/s', 2, redisAway(15_000), {
    ...two,
    callsPerSecond: 2_000,
    perWorld: 1,
  }),
  row('redis-away-long', 'Redis away 10 minutes', 1, redisAway(600_000), { perWorld: 1 }),
  row('redis-full', 'Redis full (maxmemory), worker away 15 s, 3,000/s', 1, redisFull(15_000), {
    callsPerSecond: 3_000,
    perWorld: 1,
  }),
  ...(['producer-redis', 'worker-redis', 'worker-mongod'] as const).map(lostReplies),
  row('kill-mongod', 'kill -9 mongod', 20, async () => false, {
    ...two,
    ownMongod: true,
    perWorld: 5,
    async inject(_world, mongod) {
      await mongod.kill('SIGKILL')
      await mongod.start()
      return true
    },
  }),
  row('pause-producer', 'SIGSTOP producer', 12, pauseProducer, { ...two, perWorld: 4 }),
  diskFull(),
  row('late', 'month edges, events 100 and 400 days old', 1, async () => true, {
    perWorld: 1,
    pauseMs: 5_000,
    ageMs: (world) => ([0, 100, 400, 31][integer(world.random, 0, 3)] ?? 0) * DAY,
  }),
  row('dead-producers', 'dead producers, adopted and pruned', 200, shortLife, {
    perWorld: 50,
    pauseMs: 0,
  }),
  row('random', 'all of the above at random', 100, anything, { ...two, perWorld: 15 }),
  killScanner(),
  ...controls(),
]

async function again(world: World, fault: Fault): Promise<boolean> {
  world.traffic(600)
  return fault(world)
}

/** Any of the faults that need no server of their own. */
async function anything(world: World): Promise<boolean> {
  const faults = [killProducer, tornFrame, killWorker, killWorkerInTransaction, pauseWorker]
  faults.push(stopWorkerPastLease, killRedis, cutAof, flushAll, emptyRestart, idsAhead(3_000, 0))
  const fault = faults[integer(world.random, 0, faults.length - 1)]
  return fault ? fault(world) : false
}

/** The request arrived, its reply did not: 20 a repetition. */
function lostReplies(wire: 'producer-redis' | 'worker-redis' | 'worker-mongod'): Row {
  const [word, repetitions] = {
    'producer-redis': ['xadd', 25] as const,
    'worker-redis': ['xrange', 6] as const,
    'worker-mongod': ['commitTransaction', 25] as const,
  }[wire]
  const wires = new WeakMap<World, Awaited<ReturnType<World['redisProxy']>>>()
  return row(
    `lost-replies-${wire}`,
    `reply lost ${wire}, 20 times`,
    repetitions,
    async () => false,
    {
      world: { producers: 0, workers: 0 },
      perWorld: 5,
      async before(world) {
        const proxy =
          wire === 'worker-mongod' ? await world.mongodProxy() : await world.redisProxy()
        wires.set(world, proxy)
        await world.addWorker(
          wire === 'worker-redis'
            ? { redis: proxy }
            : wire === 'worker-mongod'
              ? { mongod: proxy }
              : {},
        )
        await world.addProducer(wire === 'producer-redis' ? proxy : undefined)
      },
      async inject(world) {
        const proxy = wires.get(world)
        if (!proxy) return false
        const goal = proxy.lost() + 20
        for (let i = 0; i < 20; i++) {
          const before = proxy.lost()
          proxy.loseReplies(1, word)
          await until(() => proxy.lost() > before)
        }
        return proxy.lost() === goal
      },
    },
  )
}

/** Promise 18: one record a key, month, level and limit. The worlds of other rows raise none. */
function killScanner(): Row {
  const running = new WeakMap<World, Scanners>()
  return row('kill-scanner', 'kill -9 one of 20 scanners of alerts', 50, async () => false, {
    world: { producers: 1, workers: 2, keys: 100 },
    ...{ perWorld: 50, callsPerSecond: 100, pauseMs: 500 },
    async before(world) {
      const scanners = await startScanners(world, { scanners: 20, keys: 100, monthlyLimit: 300 })
      running.set(world, scanners)
    },
    inject: async (world) => (await running.get(world)?.kill()) ?? false,
    async judge(world) {
      const { faults, raised, passed } = (await running.get(world)?.judge()) ?? never()
      console.log(`kill-scanner: ${raised} alerts raised, ${passed} levels passed by jumps`)
      await running.get(world)?.close()
      return faults.slice(0, 3)
    },
  })
}

function never(): never {
  throw new Error('no scanners run')
}

/** A real disk of 4 MB, filled by a foreign file; needs the right to mount. */
function diskFull(): Row {
  return row(
    'disk-full',
    "spool's disk full (4 MB tmpfs and a foreign file)",
    6,
    async () => false,
    {
      perWorld: 1,
      mayRefuse: true,
      world: { segmentBytes: 64 * 1024 },
      makeDataDir: smallDisk,
      async inject(world) {
        const refused = world.ledger.refused.length
        const foreign = join(world.dataDir, 'foreign')
        await world.redis.kill('SIGSTOP')
        for (let size = 4_096; size > 0; size = Math.floor(size / 2)) {
          try {
            for (;;) writeFileSync(foreign, Buffer.alloc(size * 1_024), { flag: 'a' })
          } catch {}
        }
        const hit = await until(() => world.ledger.refused.length > refused, 20_000)
        await world.redis.kill('SIGCONT')
        rmSync(foreign)
        const answered = world.ledger.answered.length
        const back = await until(() => world.ledger.answered.length > answered + 100, 10_000)
        return hit && back
      },
    },
  )
}

/** Throws where mounting is not allowed. */
function smallDisk() {
  const dir = mkdtempSync(join(tmpdir(), 'getcomplical-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', dir])
  const remove = () => {
    execFileSync('umount', [dir])
    rmSync(dir, { recursive: true, force: true })
  }
  return { dir, remove }
}

function controls(): Row[] {
  const control = { perWorld: 1, control: true } as const
  return [
    row('control-fence', 'control: no fence', 3, (world) => again(world, stopWorkerInCommit), {
      ...control,
      world: { without: 'fence' },
    }),
    {
      ...lostReplies('producer-redis'),
      ...control,
      ...{ id: 'control-watermark', fault: 'control: no watermark', repetitions: 1 },
      world: { without: 'watermark', producers: 0, workers: 0 },
    },
    row('control-check', 'control: no producer check', 3, flushAll, {
      ...control,
      world: { without: 'check' },
    }),
  ]
}

export const pause = (ms: number) => setTimeout(ms)
