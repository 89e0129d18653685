import { renameSync } from 'node:fs'
import { rename, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const spareName = 'spare'
const retryMs = 250

/**
 * One segment full of zeros, written in advance: so space runs out when a spare is made, between the
 * calls and with a whole segment still free, and not under a call.
 */
export function createSpare(dir: string, bytes: number) {
  const path = join(dir, spareName)
  let ready = false
  let failure: string | null = null
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let making = make()

  async function make(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(dir)
      if (bavail * bsize < 2 * bytes) throw new Error('the disk has no room for another segment')
      await writeFile(`${path}.new`, Buffer.alloc(bytes), { mode: 0o600 })
      await rename(`${path}.new`, path)
      ready = true
      failure = null
    } catch (error) {
      await rm(`${path}.new`, { force: true }).catch(() => {})
      failure = `the spool is about to be full: ${(error as Error).message}`
      if (!closed) timer = setTimeout(again, retryMs).unref()
    }
  }

  function again(): void {
    if (!closed) making = make()
  }

  return {
    /** Gives the spare that name and true, or false when there is none; makes the next. */
    take(as: string): boolean {
      if (!ready) return false
      ready = false
      setImmediate(again)
      renameSync(path, as)
      return true
    },
    trouble: () => failure,
    async close() {
      closed = true
      clearTimeout(timer)
      await making
      await rm(path, { force: true })
    },
  }
}
