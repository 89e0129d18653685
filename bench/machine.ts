import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadEnvironment } from '../src/config.ts'
import { freePort } from '../src/embedded/free-port.ts'
import { findMongod } from '../src/embedded/mongod-binary.ts'
import { mongodReady, mongodUri, startMongodServer } from '../src/embedded/mongod-server.ts'
import { findRedisServer } from '../src/embedded/redis-binary.ts'
import { redisReady, startRedisServer } from '../src/embedded/redis-server.ts'
import { type RunningProcess, stopProcess, watchProcess } from '../src/embedded/running-process.ts'

/** Servers of the bench alone, with temporary data, and the product's own processes on them. */
export interface Machine {
  redisUrl: string
  redisPid: number
  mongodbUri: string
  /** One API process, with a plan whose quota and rate are on and never reached. */
  startApi(): Promise<Api>
  startWorker(): Promise<{ pid: number }>
  startBaseline(kind: 'yoga' | 'placebo' | 'hincrby'): Promise<{ port: number; pid: number }>
  stop(): Promise<void>
}

export interface Api {
  port: number
  pid: number
  adminApiKey: string
}

const here = import.meta.dirname
const plan = {
  ...{ id: 'bench', name: 'Bench', monthlyLimit: 1_000_000_000, requestsPerSecond: 1_000_000 },
  ...{ prices: { USD: '0.00' }, overage: null, stripePriceIds: [], paddlePriceIds: [] },
}

/** Each row gets its own, so that nothing of the one before it runs beside it. */
export async function withMachine<T>(work: (machine: Machine) => Promise<T>): Promise<T> {
  const machine = await startMachine()
  try {
    return await work(machine)
  } finally {
    await machine.stop()
  }
}

/** Paths of both servers, installed where they are missing. */
export async function findServers(): Promise<{ redis: string; mongod: string }> {
  const env = loadEnvironment()
  const say = (line: string) => console.log(line)
  const context = { binDir: join(env.DATA_DIR || '.data', 'bin'), env, say }
  return { redis: await findRedisServer(context), mongod: await findMongod(context) }
}

async function startMachine(): Promise<Machine> {
  const binaries = await findServers()
  const environment = loadEnvironment()
  const dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-bench-'))
  const [redisPort, mongodPort] = [await freePort(), await freePort()]
  const redis = startRedisServer({
    binary: binaries.redis,
    dataDir: join(dataDir, 'redis'),
    port: redisPort,
  })
  const mongod = startMongodServer({
    binary: binaries.mongod,
    dataDir: join(dataDir, 'mongod'),
    port: mongodPort,
  })
  await Promise.all([redisReady(redis, redisPort), mongodReady(mongod, mongodPort)])

  const plansFile = join(dataDir, 'plans.json')
  writeFileSync(plansFile, JSON.stringify({ plans: [{ ...plan, id: 'free' }, plan] }))
  const redisUrl = `redis://127.0.0.1:${redisPort}`
  const mongodbUri = mongodUri(mongodPort)
  const adminApiKey = `admin_${randomBytes(24).toString('hex')}`
  const settings = {
    ...environment,
    ...{ REDIS_URL: redisUrl, MONGODB_URI: mongodbUri, DATA_DIR: dataDir, PLANS_FILE: plansFile },
    ...{ ADMIN_API_KEY: adminApiKey, API_KEY_PEPPER: randomBytes(32).toString('base64') },
    ...{ ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`, LOG_LEVEL: 'warn' },
  }
  const started: RunningProcess[] = []

  function startNode(args: string[], env: NodeJS.ProcessEnv): RunningProcess {
    const running = watchProcess(
      spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }),
    )
    started.push(running)
    return running
  }

  return {
    redisUrl,
    redisPid: pidOf(redis),
    mongodbUri,
    async startApi() {
      const port = await freePort()
      const api = startNode([join(here, '../src/server.ts')], { ...settings, PORT: String(port) })
      await until(api, async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok)
      return { port, pid: pidOf(api), adminApiKey }
    },
    async startWorker() {
      const port = await freePort()
      const env = { ...settings, METRICS_PORT: String(port) }
      const worker = startNode([join(here, '../src/worker.ts')], env)
      await until(worker, async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok)
      return { pid: pidOf(worker) }
    },
    async startBaseline(kind) {
      const args = [join(here, 'baseline-server.ts'), kind, redisUrl]
      const running = startNode(args, environment)
      let port = 0
      await until(running, async () => {
        port = Number(/listening (\d+)/.exec(running.recentOutput().join('\n'))?.[1] ?? 0)
        return port > 0
      })
      return { port, pid: pidOf(running) }
    },
    async stop() {
      await Promise.all(started.map((running) => stopProcess(running, 10_000)))
      await Promise.all([redis, mongod].map((running) => stopProcess(running, 10_000)))
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

function pidOf({ child }: RunningProcess): number {
  if (child.pid === undefined) throw new Error('a process did not start')
  return child.pid
}

/** Polls for half a minute; a process that ended says why. */
async function until(running: RunningProcess, ready: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000
  for (;;) {
    if (await ready().catch(() => false)) return
    if (running.child.exitCode !== null || performance.now() > deadline) {
      throw new Error(`not ready:\n${running.recentOutput().join('\n')}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
