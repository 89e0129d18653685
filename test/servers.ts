import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Db, MongoClient } from 'mongodb'
import { inject } from 'vitest'
import { type ForeignProcess, stopForeign } from '../src/embedded/foreign-process.ts'
import { freePort } from '../src/embedded/free-port.ts'
import { mongodReady, mongodUri, startMongodServer } from '../src/embedded/mongod-server.ts'
import { redisReady, startRedisServer } from '../src/embedded/redis-server.ts'
import { connectDatabase } from '../src/store/database.ts'

/** A private server process with its own port and temporary data, which survive `kill` + `start`. */
export interface TestServer {
  url: string
  port: number
  dataDir: string
  /** Pid of the process that runs now. */
  pid(): number
  /** Sends the signal; after SIGKILL and SIGTERM settles when the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again on the same port and data, and waits until it answers. */
  start(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/**
 * A real redis-server, set up as in production. `settings` are redis.conf names and values and win.
 */
export function startRedis(
  options: { settings?: Record<string, string>; port?: number } = {},
): Promise<TestServer> {
  const { settings = {} } = options
  return startServer('redis', options.port, (port) => `redis://127.0.0.1:${port}`, {
    launch: (dataDir, port) =>
      startRedisServer({ binary: inject('redisBinary'), dataDir, port, settings }),
    ready: redisReady,
  })
}

/** A MongoDB of its own (one-member replica set) for tests that kill it; others share one. */
export function startMongod(options: { args?: string[]; port?: number } = {}): Promise<TestServer> {
  const { args = [] } = options
  return startServer('mongod', options.port, mongodUri, {
    launch: (dataDir, port) =>
      startMongodServer({ binary: inject('mongodBinary'), dataDir, port, args }),
    ready: (process_, port) => mongodReady(process_, port),
  })
}

export interface TestDatabase {
  /** Names the database, so it can be handed to processes as `MONGODB_URI`. */
  uri: string
  db: Db
  client: MongoClient
  /** Drops the database and closes the client. */
  drop(): Promise<void>
}

/** A database of its own on the run's MongoDB. */
export async function testDatabase(): Promise<TestDatabase> {
  const url = new URL(inject('mongodbUri'))
  url.pathname = `/test_${randomBytes(6).toString('hex')}`
  const uri = url.toString()
  const { db, client } = await connectDatabase({ uri })
  const drop = async () => {
    await db.dropDatabase()
    await client.close()
  }
  return { uri, db, client, drop }
}

interface Program {
  launch: (dataDir: string, port: number) => ForeignProcess
  ready: (process_: ForeignProcess, port: number) => Promise<void>
}

async function startServer(
  name: string,
  wantedPort: number | undefined,
  url: (port: number) => string,
  program: Program,
): Promise<TestServer> {
  const dataDir = mkdtempSync(join(tmpdir(), `getcomplical-${name}-`))
  const port = wantedPort ?? (await freePort())
  let running = program.launch(dataDir, port)
  await program.ready(running, port)
  return {
    url: url(port),
    port,
    dataDir,
    pid: () => running.child.pid ?? -1,
    async kill(signal = 'SIGKILL') {
      running.child.kill(signal)
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await running.exited
    },
    async start() {
      running = program.launch(dataDir, port)
      await program.ready(running, port)
    },
    async stop() {
      running.child.kill('SIGCONT')
      await stopForeign(running, 5_000)
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
