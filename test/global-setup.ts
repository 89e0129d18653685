import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { ensureDashboard } from '../src/embedded/dashboard/ensure-dashboard.ts'
import { freePort } from '../src/embedded/free-port.ts'
import { findMongod } from '../src/embedded/mongod-binary.ts'
import { mongodReady, mongodUri, startMongodServer } from '../src/embedded/mongod-server.ts'
import { findRedisServer } from '../src/embedded/redis-binary.ts'
import { stopProcess } from '../src/embedded/running-process.ts'
import { findChromium } from './dashboard/chromium.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The run's MongoDB; `testDatabase()` gives each test file a database of its own in it. */
    mongodbUri: string
    redisBinary: string
    mongodBinary: string
  }
}

/**
 * Once per run: finds (installs where missing) both servers, and starts the one MongoDB that all
 * test files share. Redis is cheap enough for each test file to start its own.
 * @returns what ends it all after the last test
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const binDir = join(process.env.DATA_DIR || '.data', 'bin')
  const context = { binDir, env: process.env, say: (line: string) => console.log(line) }
  // Beside the servers; quick where nothing changed. What needs it says what is wrong where it is missing.
  const root = join(import.meta.dirname, '..')
  const dashboard = ensureDashboard({ root, env: process.env, say: context.say })
  const redisBinary = await findRedisServer(context)
  const mongodBinary = await findMongod(context)
  // Here, as two test files at once would stand in each other's way; without it theirs fail and say so.
  await findChromium(process.env).catch((error: Error) => console.error(error.message))

  const dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-mongod-'))
  const port = await freePort()
  const mongod = startMongodServer({ binary: mongodBinary, dataDir, port })
  await Promise.all([mongodReady(mongod, port), dashboard])

  project.provide('redisBinary', redisBinary)
  project.provide('mongodBinary', mongodBinary)
  project.provide('mongodbUri', mongodUri(port))
  return async () => {
    await stopProcess(mongod, 10_000)
    rmSync(dataDir, { recursive: true, force: true })
  }
}
