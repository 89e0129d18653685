import { accessSync, constants, existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { livenessOf, lock } from '../streams/spool-lock.ts'

/**
 * One `npm start` per DATA_DIR: two would run two servers on the same files. The lock is a Unix socket as
 * in the spool, so that a killed holder leaves none.
 * @throws Error when another one runs, or DATA_DIR is no folder that can be written to
 */
export async function lockDataDir(dataDir: string): Promise<void> {
  try {
    makeDirectory(dataDir)
    accessSync(dataDir, constants.W_OK)
    if (!statSync(dataDir).isDirectory()) throw new Error('it is no folder')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`DATA_DIR (${dataDir}) cannot be used: ${reason}`, { cause })
  }
  const running = new Error(
    `npm start runs already with this data (${dataDir}). Stop it first, or set DATA_DIR and PORT.`,
  )
  if ((await livenessOf(dataDir, 'owner')) === 'alive') throw running
  rmSync(join(dataDir, 'owner'), { force: true })
  await lock(dataDir, 'owner').catch(() => {
    throw running
  })
}

/** Level by level: Node's `recursive` never returns below a folder such as /proc, which makes nothing. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}
