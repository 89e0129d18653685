import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Demo } from '../../src/embedded/demo.ts'
import { freePort } from '../../src/embedded/free-port.ts'
import { endLeftovers, findLeftovers } from '../../src/embedded/leftovers.ts'
import { findMongod } from '../../src/embedded/mongod-binary.ts'
import { findRedisServer } from '../../src/embedded/redis-binary.ts'

export interface TemporaryProduct {
  demo: Demo
  dataDir: string
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

const root = join(import.meta.dirname, '../..')
const READY = 'a later start continues'

/**
 * What `npm start` runs, on data of its own that are gone afterwards; nothing of this process's environment but the
 * PATH reaches it.
 * @throws Error with what it said, where it ends before it answers
 */
export async function startTemporaryProduct(
  settings: Record<string, string>,
): Promise<TemporaryProduct> {
  const context = { binDir: join(root, '.data/bin'), env: process.env, say: console.log }
  const servers = [await findRedisServer(context), await findMongod(context)]
  const dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-screenshots-'))
  const path = [...servers.map((binary) => dirname(binary)), process.env.PATH].join(delimiter)
  const child = spawn(process.execPath, [join(root, 'src/main.ts')], {
    // Not the project's folder: its `.env` is the developer's.
    cwd: dataDir,
    env: { PATH: path, DATA_DIR: dataDir, PORT: String(await freePort()), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stop = async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    // Nothing, unless it was killed.
    await endLeftovers(await findLeftovers(dataDir, null), 1_000)
    rmSync(dataDir, { recursive: true, force: true })
  }
  try {
    await untilReady(child)
  } catch (error) {
    await stop()
    throw error
  }
  const demo = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')) as Demo
  return { demo, dataDir, stop }
}

async function untilReady(child: ChildProcess): Promise<void> {
  let output = ''
  await new Promise<void>((ready, fail) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes(READY)) ready()
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', () => fail(new Error(`it ended:\n${output}`)))
  })
}
