import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { livenessOf, lock } from '../streams/spool-lock.ts'

/**
 * One `npm start` per DATA_DIR: two would run two servers on the same files. The lock is a Unix socket as
 * in the spool, so that a killed holder leaves none.
 * @throws Error when another one runs
 */
export async function lockDataDir(dataDir: string): Promise<void> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const running = new Error(
    `npm start runs already with this data (${dataDir}). Stop it first, or set DATA_DIR and PORT.`,
  )
  if ((await livenessOf(dataDir, 'owner')) === 'alive') throw running
  rmSync(join(dataDir, 'owner'), { force: true })
  await lock(dataDir, 'owner').catch(() => {
    throw running
  })
}
