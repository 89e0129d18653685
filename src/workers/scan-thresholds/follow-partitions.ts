import type { Db } from 'mongodb'
import { liveStream } from '../../rules/partition.ts'
import { partitions } from '../../store/partitions.ts'
import { decodeLiveTotals, type LiveTotals, liveField } from '../../streams/live-messages.ts'
import type { RedisClient } from '../../streams/redis.ts'

/** One partition as its owner follows it. */
export interface Followed {
  readonly partition: number
  /** Number of the last commit that was looked at. */
  version: number
  /** What is in the position's document. */
  saved: number
  /** Counts the numbers that were missed; a scan makes up for those that it began after. */
  lost: number
  scanned: number
  /** Highest number that MongoDB had at the last look: its message should be there by the next. */
  expected: number
  /** When that look was, ms; null: nothing is behind. */
  behindSince: number | null
}

const ENTRIES_A_READ = 100

export function toFollowed(partition: number, version: number): Followed {
  const behindSince = null
  return { partition, version, saved: version, lost: 0, scanned: 0, expected: version, behindSince }
}

/** Whether live messages have not told everything up to its position. */
export function isLost({ lost, scanned }: Followed): boolean {
  return lost > scanned
}

/** What the live stream holds after the position. The position moves; the caller looks at the totals. */
export async function readLive(
  redis: RedisClient,
  followed: Followed,
): Promise<{ totals: LiveTotals[]; more: boolean }> {
  const { version } = followed
  const stream = liveStream(followed.partition)
  const entries = await redis.xrangeBuffer(stream, `(${version}-0`, '+', 'COUNT', ENTRIES_A_READ)
  const totals: LiveTotals[] = []
  for (const [id, fields] of entries) {
    const number = Number.parseInt(id.toString(), 10)
    // A take-over and a commit without usage have no message either: looking once too often harms nobody.
    if (number !== followed.version + 1) followed.lost += 1
    followed.version = number
    const at = fields.findIndex((name, index) => index % 2 === 0 && name.toString() === liveField)
    const decoded = decodeLiveTotals(fields[at + 1] ?? Buffer.alloc(0))
    if (decoded) totals.push(...decoded)
    else followed.lost += 1
  }
  return { totals, more: entries.length === ENTRIES_A_READ }
}

/**
 * Holds positions against the commits that MongoDB has: a number that it had at the last look and whose
 * message has not come since was lost, with Redis or on the way to it.
 */
export async function findMissing(db: Db, owned: Iterable<Followed>, now: number): Promise<void> {
  const found = await partitions(db)
    .find({}, { projection: { version: 1 } })
    .toArray()
  const versions = new Map(found.map(({ _id, version }) => [_id, version]))
  for (const followed of owned) {
    const version = versions.get(followed.partition) ?? 0
    const restored = version < followed.version
    if (restored || followed.version < followed.expected) {
      followed.lost += 1
      followed.version = restored ? version : followed.expected
    }
    followed.expected = version
    if (version <= followed.version) followed.behindSince = null
    else followed.behindSince ??= now
  }
}
