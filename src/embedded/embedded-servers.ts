import { join } from 'node:path'
import type { Logger } from '../log.ts'
import { freePort } from './free-port.ts'
import { type KeptServers, keptServers } from './kept-files.ts'
import { mongodDir, redisDir } from './leftovers.ts'
import { findMongod } from './mongod-binary.ts'
import { mongodReady, startMongodServer } from './mongod-server.ts'
import { findRedisServer } from './redis-binary.ts'
import { isDamaged, setLogAside } from './redis-log.ts'
import { redisReady, startRedisServer } from './redis-server.ts'
import type { RunningProcess } from './running-process.ts'
import { following, type Supervisor, supervise } from './supervisor.ts'

export interface EmbeddedOptions {
  dataDir: string
  /** Promised to the API, which does not listen yet. */
  apiPort: number
  env: NodeJS.ProcessEnv
  say: (line: string) => void
  log: Logger
  /** Called with each server as soon as it runs, so that a stop during the start reaches it. */
  started: (name: 'redis' | 'mongod', server: Supervisor) => void
}

/**
 * Starts those servers that no setting names, on the ports of the last time where these are free, and
 * notes the ports in DATA_DIR, where every process finds them. Settles when they run.
 * @returns `ready`: settles when they answer, rejects with a server's last words where it does not come up
 */
export async function startEmbeddedServers(
  wanted: { redis: boolean; mongod: boolean },
  options: EmbeddedOptions,
): Promise<{ ready: Promise<unknown> }> {
  const { dataDir } = options
  const context = { binDir: join(dataDir, 'bin'), env: options.env, say: options.say }
  const kept = keptServers.read(dataDir)
  // One after the other: both may want to talk, and a missing one is installed once in a lifetime.
  const { apiPort } = options
  const redisBinary = wanted.redis ? await findRedisServer(context) : null
  const mongodBinary = wanted.mongod ? await findMongod(context) : null
  const redisPort = await freePort(kept?.redisPort, [apiPort])
  const mongodPort = await freePort(kept?.mongodPort, [apiPort, redisPort])
  const redis = redisBinary !== null && { binary: redisBinary, port: redisPort }
  const mongod = mongodBinary !== null && { binary: mongodBinary, port: mongodPort }
  const ports: KeptServers = {
    ...(redis && { redisPort: redis.port }),
    ...(mongod && { mongodPort: mongod.port }),
  }
  keptServers.write(dataDir, ports)
  const ready = [redis && startRedis(redis, options), mongod && startMongod(mongod, options)]
  return { ready: Promise.all(ready) }
}

interface Plan {
  binary: string
  port: number
}

function startRedis({ binary, port }: Plan, options: EmbeddedOptions): Promise<void> {
  const { log, started } = options
  const dataDir = redisDir(options.dataDir)
  let last: RunningProcess | undefined
  const start = () => {
    if (last && isDamaged(last.recentOutput())) {
      const aside = setLogAside(dataDir)
      log.error(
        { aside },
        'Redis cannot read its log: set aside, it starts empty and is filled again',
      )
    }
    last = startRedisServer({ binary, port, dataDir })
    return last
  }
  const server = supervise({ name: 'redis-server', start, graceMs: 10_000 }, log)
  started('redis', server)
  return redisReady(following(server), port)
}

function startMongod({ binary, port }: Plan, options: EmbeddedOptions): Promise<void> {
  const { dataDir, log, started } = options
  // It says so much at every start that only what it calls an error is worth passing on.
  const onLines = (lines: Buffer) => {
    const errors = lines.toString().match(/^.*"s":"[EF]".*$/gm)
    if (errors) log.error({ lines: errors.slice(-3) }, 'mongod reports an error')
  }
  const start = () => startMongodServer({ binary, port, dataDir: mongodDir(dataDir), onLines })
  const server = supervise({ name: 'mongod', start, graceMs: 20_000 }, log)
  started('mongod', server)
  return mongodReady(server.current(), port)
}
