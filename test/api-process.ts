import { type ChildProcess, fork } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { vi } from 'vitest'
import { freePort } from '../src/embedded/free-port.ts'
import { testEnvironment } from './api.ts'

const server = join(import.meta.dirname, '../src/server.ts')

/** `server.ts` in a process of its own, as operators run it. */
export interface ApiProcess {
  child: ChildProcess
  url: string
  environment: Record<string, string>
  /** Settles with the exit code; null after a signal. */
  exit: Promise<number | null>
  /** All that it wrote so far. */
  log(): string
  ready(): Promise<void>
  /** Kills it and removes its data. */
  remove(): void
}

/** @param settings at least REDIS_URL and MONGODB_URI */
export async function startApiProcess(
  settings: Record<string, string>,
  execArgv: string[] = [],
): Promise<ApiProcess> {
  const port = await freePort()
  const made = await testEnvironment(settings.REDIS_URL ?? '', settings.MONGODB_URI ?? '')
  const environment = { ...made, PORT: String(port), LOG_LEVEL: 'info', ...settings }
  const { PATH } = process.env
  const child = fork(server, {
    env: { PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv,
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data) => {
      log += data
    })
  }
  const url = `http://127.0.0.1:${environment.PORT}`
  return {
    child,
    url,
    environment,
    exit: new Promise((resolve) => child.once('exit', (code) => resolve(code))),
    log: () => log,
    ready: () =>
      vi.waitFor(
        async () => {
          const response = await fetch(`${url}/readyz`)
          if (!response.ok) throw new Error(`not ready: ${await response.text()}`)
        },
        { timeout: 60_000, interval: 50 },
      ),
    remove() {
      child.kill('SIGKILL')
      rmSync(made.DATA_DIR, { recursive: true, force: true })
    },
  }
}
