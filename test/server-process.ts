import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../src/embedded/free-port.ts'
import { mongodReady, mongodUri, startMongodServer } from '../src/embedded/mongod-server.ts'
import { redisReady, startRedisServer } from '../src/embedded/redis-server.ts'
import { type RunningProcess, stopProcess } from '../src/embedded/running-process.ts'

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

export interface RedisOptions {
  /** redis.conf names and values; they win over production's. */
  settings?: Record<string, string>
  port?: number
}

export interface MongodOptions {
  args?: string[]
  port?: number
}

/** `servers.ts` finds the binary for tests; `faults/main.ts`, which runs without vitest, by itself. */
export function launchRedis(binary: string, options: RedisOptions = {}): Promise<TestServer> {
  const { settings = {} } = options
  return startServer('redis', options.port, (port) => `redis://127.0.0.1:${port}`, {
    launch: (dataDir, port) => startRedisServer({ binary, dataDir, port, settings }),
    ready: redisReady,
  })
}

export function launchMongod(binary: string, options: MongodOptions = {}): Promise<TestServer> {
  const { args = [] } = options
  return startServer('mongod', options.port, mongodUri, {
    launch: (dataDir, port) => startMongodServer({ binary, dataDir, port, args }),
    ready: (process_, port) => mongodReady(process_, port),
  })
}

interface Program {
  launch: (dataDir: string, port: number) => RunningProcess
  ready: (process_: RunningProcess, port: number) => Promise<void>
}

/** @param program how it is started, and when it is ready; called again after a `kill` */
export async function startServer(
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
      await stopProcess(running, 5_000)
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
