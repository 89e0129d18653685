import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { freePort } from '../src/embedded/free-port.ts'

const worker = join(import.meta.dirname, '../src/worker.ts')

/** `worker.ts` in a process of its own, with all its workers, as operators run it. */
export interface WorkerProcess {
  child: ChildProcess
  /** Of /livez, /readyz and /metrics. */
  url: string
  /** All that it logged so far. */
  log(): string
  ready(): Promise<void>
}

/**
 * @param environment at least REDIS_URL and MONGODB_URI; a DATA_DIR of its own, which is gone afterwards, and
 *   secrets that nobody shares where it names none
 */
export async function startWorkerProcess(
  environment: Record<string, string>,
): Promise<WorkerProcess> {
  const port = await freePort()
  const { PATH } = process.env
  const dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-worker-'))
  const made = {
    DATA_DIR: dataDir,
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    API_KEY_PEPPER: randomBytes(32).toString('base64'),
  }
  const child = fork(worker, {
    env: { PATH, ...made, ...environment, METRICS_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    execArgv: [],
  })
  child.once('exit', () => rmSync(dataDir, { recursive: true, force: true }))
  let log = ''
  child.stdout?.on('data', (data) => {
    log += data
  })
  const url = `http://127.0.0.1:${port}`
  return {
    child,
    url,
    log: () => log,
    ready: () =>
      vi.waitFor(
        async () => {
          const { status } = await fetch(`${url}/readyz`)
          if (status !== 200) throw new Error(`not ready: ${status}`)
        },
        { timeout: 20_000, interval: 50 },
      ),
  }
}
