import type { Logger } from '../log.ts'
import { liveStream, partitionCount } from '../rules/partition.ts'
import { decodeLiveTotals, type LiveTotals, liveField } from './live-messages.ts'
import type { RedisClient } from './redis.ts'
import { compareStreamIds } from './stream-id.ts'

const ENTRIES_A_READ = 100
/** After so many empty reads a stream is quiet: asked for its last id, and again after as many. */
const QUIET_AFTER = 20
/** Of a quiet stream only every fourth poll is a read: sixteen reads a tick cost 5 % of a core. */
const QUIET_POLLS = 4

export interface LiveFollowerOptions {
  redis: RedisClient
  log: Logger
  onTotals: (totals: LiveTotals[]) => void
  onFailure: () => void
}

export interface LiveFollower {
  /** Starts a read of every stream that has none in flight. Never throws. */
  poll(): void
  /** Forgets the positions: the next read begins with each stream's last entry. */
  skipToEnd(): void
}

interface Position {
  stream: string
  /** null: unknown, begin with the last entry. */
  id: string | null
  reading: boolean
  emptyReads: number
  polls: number
}

type Entry = [id: Buffer, fields: Buffer[]]

/**
 * Follows `live:{p}` of all partitions. Each stream is read by itself, so that a node of the cluster
 * that hangs holds up only its own partitions.
 */
export function createLiveFollower(options: LiveFollowerOptions): LiveFollower {
  const { redis, log, onTotals, onFailure } = options
  const positions = Array.from({ length: partitionCount }, (_, partition): Position => {
    return { stream: liveStream(partition), id: null, reading: false, emptyReads: 0, polls: 0 }
  })
  const failing = new Set<Position>()

  async function read(position: Position): Promise<void> {
    const from = position.id
    const entries = from === null ? await lastEntry(position) : await entriesAfter(position, from)
    // Meanwhile told to skip to the end: this answer belongs to another time.
    if (position.id !== from) return
    for (const [id, fields] of entries) {
      position.id = id.toString()
      const totals = decodeLiveTotals(fieldOf(fields))
      if (totals) onTotals(totals)
    }
    if (from === null && entries.length === 0) position.id = '0-0'
    position.emptyReads = entries.length === 0 ? position.emptyReads + 1 : 0
    if (position.emptyReads > 0 && position.emptyReads % QUIET_AFTER === 0) {
      await findRegression(position)
    }
  }

  async function lastEntry({ stream }: Position): Promise<Entry[]> {
    return (await redis.xrevrangeBuffer(stream, '+', '-', 'COUNT', 1)) as Entry[]
  }

  async function entriesAfter({ stream }: Position, id: string): Promise<Entry[]> {
    const reply = await redis.xreadBuffer('COUNT', ENTRIES_A_READ, 'STREAMS', stream, id)
    return (reply?.[0]?.[1] ?? []) as Entry[]
  }

  /**
   * Redis that lost its data, or a new database whose versions begin again, gives ids below ours, and
   * reading after ours would find nothing for a long time.
   */
  async function findRegression(position: Position): Promise<void> {
    const { id } = position
    const [last] = await lastEntry(position)
    if (id === null || position.id !== id) return
    if (compareStreamIds(last?.[0].toString() ?? '0-0', id) < 0) position.id = null
  }

  /** One line when the first stream fails and one when the last is back, however many fail between. */
  function settle(position: Position, error?: unknown): void {
    if (error === undefined) {
      if (failing.delete(position) && failing.size === 0) log.info('live streams are read again')
      return
    }
    onFailure()
    if (failing.size === 0)
      log.warn({ err: error }, 'live streams cannot be read: MongoDB is polled')
    failing.add(position)
  }

  return {
    poll() {
      for (const position of positions) {
        position.polls += 1
        const quiet = position.emptyReads >= QUIET_AFTER && position.polls % QUIET_POLLS !== 0
        if (position.reading || quiet) continue
        position.reading = true
        read(position)
          .then(
            () => settle(position),
            (error) => settle(position, error),
          )
          .finally(() => {
            position.reading = false
          })
      }
    },
    skipToEnd() {
      for (const position of positions) position.id = null
    },
  }
}

/** Empty where an entry is not of our making; nothing decodes from it. */
function fieldOf(fields: readonly Buffer[]): Buffer {
  const at = fields.findIndex((name, index) => index % 2 === 0 && name.toString() === liveField)
  return (at < 0 ? undefined : fields[at + 1]) ?? Buffer.alloc(0)
}
