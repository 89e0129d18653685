import type { Db } from 'mongodb'
import type { Logger } from '../log.ts'
import { apiKeys } from '../store/api-keys.ts'

export interface LastUse {
  /** @param at ms; of several for one key the latest counts */
  touched(apiKeyId: string, at: number): void
  start(): void
  /** Writes what is left. */
  stop(): Promise<void>
}

/** `lastUsedAt` promises to be right within a minute; a third of it leaves time for a slow write and a cached read. */
const WRITE_EVERY_MS = 20_000
const BATCH = 1_000

/**
 * Writes when each key was last used, one small update a key and interval. It is information, not
 * evidence: what a killed process had not written comes with the key's next call; usage is counted elsewhere.
 */
export function createLastUse(db: Db, log: Logger): LastUse {
  let latest = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  async function write(): Promise<void> {
    const touched = [...latest]
    latest = new Map()
    for (let from = 0; from < touched.length; from += BATCH) {
      const batch = touched.slice(from, from + BATCH)
      try {
        await apiKeys(db).bulkWrite(
          batch.map(([_id, at]) => ({
            // $max: processes write in any order, and the latest use wins.
            updateOne: { filter: { _id }, update: { $max: { lastUsedAt: new Date(at) } } },
          })),
          { ordered: false },
        )
      } catch (error) {
        log.warn({ err: error, keys: touched.length - from }, 'last use not written; trying again')
        for (const [id, at] of touched.slice(from)) note(id, at)
        return
      }
    }
  }

  function note(apiKeyId: string, at: number): void {
    const known = latest.get(apiKeyId)
    if (known === undefined || known < at) latest.set(apiKeyId, at)
  }

  return {
    touched: note,
    start() {
      timer ??= setInterval(() => {
        writing = writing.then(write)
      }, WRITE_EVERY_MS).unref()
    },
    async stop() {
      clearInterval(timer)
      await writing
      await write()
    },
  }
}
