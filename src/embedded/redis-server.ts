import { mkdirSync } from 'node:fs'
import { createConnection } from 'node:net'
import { startForeign } from './foreign-process.ts'
import { type RunningProcess, untilReady } from './running-process.ts'

export interface RedisServerOptions {
  binary: string
  /** Folder of the append-only file; made when missing. */
  dataDir: string
  port: number
  /** Further settings, `--name value …` on the command line; they win over ours. */
  settings?: Record<string, string>
  onLines?: (lines: Buffer) => void
}

/**
 * Redis as the product needs it: everything in an append-only file (at most a second lost with the
 * machine, nothing with the process), nothing ever evicted, loopback only, no password.
 */
export function startRedisServer(options: RedisServerOptions): RunningProcess {
  mkdirSync(options.dataDir, { recursive: true })
  const settings = {
    port: String(options.port),
    bind: '127.0.0.1',
    'protected-mode': 'yes',
    dir: options.dataDir,
    appendonly: 'yes',
    appendfsync: 'everysec',
    'aof-load-truncated': 'yes',
    save: '',
    'maxmemory-policy': 'noeviction',
    ...options.settings,
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  return startForeign(options.binary, args, options.onLines)
}

/** Answers PING, so the append-only file is loaded. */
export async function redisReady(server: RunningProcess, port: number): Promise<void> {
  await untilReady('redis-server', server, 60_000, () => answersPing(port))
}

export function answersPing(port: number): Promise<boolean> {
  return new Promise((done, fail) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'))
    socket.setTimeout(1_000, () => socket.destroy(new Error('no answer to PING')))
    socket.on('error', fail)
    socket.on('data', (data) => {
      done(data.toString().startsWith('+PONG'))
      socket.destroy()
    })
  })
}
