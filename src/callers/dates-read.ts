import type { Db } from 'mongodb'
import type { Logger } from '../log.ts'
import { startOfDay } from '../rules/calendar-time.ts'
import { noteDatesRead } from '../store/dates-read.ts'

/** Remembers whose dates each key asks for, so that a peak is explained by what its users care for. */
export interface DatesReadNotes {
  /** @param at ms */
  note(apiKeyId: string, read: readonly string[], at: number): void
  start(): void
  /** Writes what is left. */
  stop(): Promise<void>
}

/** An unusual day may be found some seconds after a key's first call of it. */
const WRITE_EVERY_MS = 1_000
const BATCH = 1_000
/** Keys of which it is known what stands in MongoDB by today; beyond it they are written once more. */
const KEYS_KEPT = 20_000

/**
 * One small write a key, day and process, aside from the path that counts. What a killed process had not
 * written comes with the key's next call.
 */
export function createDatesReadNotes(db: Db, log: Logger): DatesReadNotes {
  /** Of `day`: noted, whether written yet or not. */
  let noted = new Map<string, Set<string>>()
  let day = 0
  let waiting = new Map<string, Set<string>>()
  let failing = false
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  function note(apiKeyId: string, read: readonly string[], at: number): void {
    if (startOfDay(at) > day || noted.size >= KEYS_KEPT) noted = new Map()
    day = Math.max(day, startOfDay(at))
    const known = setOf(noted, apiKeyId)
    for (const name of read) {
      if (known.has(name)) continue
      known.add(name)
      setOf(waiting, apiKeyId).add(name)
    }
  }

  async function write(): Promise<void> {
    const all = [...waiting]
    const at = new Date(day)
    waiting = new Map()
    for (let from = 0; from < all.length; from += BATCH) {
      try {
        await noteDatesRead(db, all.slice(from, from + BATCH), at)
      } catch (error) {
        keep(all.slice(from))
        // Once an outage: this is tried each second.
        if (!failing) log.warn({ err: error }, 'dates read are not written; trying again')
        failing = true
        return
      }
    }
    failing = false
  }

  function keep(unwritten: readonly [string, Set<string>][]): void {
    for (const [id, names] of unwritten) for (const name of names) setOf(waiting, id).add(name)
  }

  return {
    note,
    start() {
      timer ??= setInterval(() => {
        if (waiting.size > 0) writing = writing.then(write)
      }, WRITE_EVERY_MS).unref()
    },
    async stop() {
      clearInterval(timer)
      await writing
      await write()
    },
  }
}

function setOf(sets: Map<string, Set<string>>, name: string): Set<string> {
  const found = sets.get(name) ?? new Set()
  sets.set(name, found)
  return found
}
