import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'

/** What redis-server 7 and 8 say before they refuse to start on their own files. */
const complaints =
  /Bad file format reading the append only file|Unrecoverable error, aborting|Wrong signature trying to load|Error(?: in)? (?:reading|RDB)|AOF manifest|append-only file .* doesn't exist/i

export function isDamaged(output: readonly string[]): boolean {
  return output.some((line) => complaints.test(line))
}

/**
 * A torn end Redis repairs by itself; damage in the midst stops it for good. Redis is never the only
 * place of anything (counting.md, I8): empty, it is filled again from the spools and from MongoDB.
 * Nothing is deleted.
 * @returns where the damaged log went; null where there is none
 */
export function setLogAside(dataDir: string): string | null {
  const log = join(dataDir, 'appendonlydir')
  if (!existsSync(log)) return null
  const aside = join(dataDir, `damaged-${Date.now()}`)
  renameSync(log, aside)
  return aside
}
