import type { ClientSession, Db } from 'mongodb'
import { type Checkpoint, moveCheckpoints } from '../../store/partitions.ts'
import { registeredAmong } from '../../store/producers.ts'
import { incrementCells } from '../../store/usage-cell-writes.ts'
import { createFold, type Fold, incrementsOf } from './fold.ts'
import type { KeyTotals, TotalsByPartition } from './key-totals.ts'
import { leaseMs } from './leases.ts'
import type { Entry, OwnedPartition } from './owned-partition.ts'

/** What a flush did with what it read; told to metrics only once it is committed. */
export interface Tally {
  repeatedFrames: number
  gaps: number
  undecodable: number
  /** Blobs ignored, by producer. */
  unknown: Map<string, number>
}

export interface Flush {
  fold: Fold
  checkpoints: (Checkpoint & { owned: OwnedPartition; taken: number })[]
  tally: Tally
  totals: TotalsByPartition
}

export interface FlushOptions {
  db: Db
  session: ClientSession
  owned: readonly OwnedPartition[]
  totals: KeyTotals
  now: number
  /** Distinct (key, hour) after which the rest waits for the next flush. */
  sizeLimit: number
  /** Also drop the watermarks of producers that are no longer registered. */
  prune: boolean
}

/** A partition, and what of its stream this flush may count. */
interface Read {
  owned: OwnedPartition
  entries: readonly Entry[]
}

/** Another owner has committed since: nothing of this flush is in the database. */
export class StaleOwner extends Error {
  constructor() {
    super('the partition has another owner, or moved on')
    this.name = 'StaleOwner'
  }
}

/**
 * One transaction for all owned partitions: cells, then last position, watermarks and lease at the
 * version read (I6). Null when there was nothing to do.
 *
 * No retry, of the transaction or of its commit: after any error the caller forgets what it knows and
 * reads the documents. Whether an unknown commit took place is told by them, or, if it lands later, by
 * the version.
 * @throws StaleOwner, or what MongoDB throws
 */
export async function flush(options: FlushOptions): Promise<Flush | null> {
  const { db, session, totals, now, prune } = options
  // Fixed here: a read that comes late fills `entries` while the registry is asked, and a producer that
  // was not asked for must not pass for one that is not registered.
  const read = options.owned.map((owned) => ({ owned, entries: owned.entries }))
  if (!prune && read.every(({ entries }) => entries.length === 0)) return null
  session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } })
  try {
    const registered = await readRegistry(read, options)
    const folded = fold(read, registered, options)
    if (folded.checkpoints.length === 0) {
      await session.abortTransaction()
      return null
    }
    const keyTotals = await totals.after(folded.fold, now, session)
    await incrementCells(db, incrementsOf(folded.fold), now, session)
    if (!(await moveCheckpoints(db, folded.checkpoints, leaseMs, session))) throw new StaleOwner()
    await session.commitTransaction()
    return { ...folded, totals: keyTotals }
  } catch (error) {
    await session.abortTransaction().catch(() => {})
    throw error
  }
}

/**
 * Producers whose registration decides something in this flush: those without a watermark, and all when
 * it prunes. Read inside the transaction: a plain read just after an election may miss an entry.
 */
async function readRegistry(
  read: readonly Read[],
  { db, session, prune }: FlushOptions,
): Promise<Set<string>> {
  const asked = new Set<string>()
  for (const { owned, entries } of read) {
    for (const { blob } of entries)
      if (blob && !owned.watermarks.has(blob.producer)) asked.add(blob.producer)
    if (prune) for (const producer of owned.watermarks.keys()) asked.add(producer)
  }
  return asked.size > 0 ? registeredAmong(db, [...asked], session) : asked
}

function fold(read: readonly Read[], registered: Set<string>, options: FlushOptions) {
  const { sizeLimit, prune } = options
  const sums = createFold()
  const tally: Tally = { repeatedFrames: 0, gaps: 0, undecodable: 0, unknown: new Map() }
  const checkpoints: Flush['checkpoints'] = []
  for (const { owned, entries } of read) {
    const watermarks = new Map<string, number>()
    let taken = 0
    let gaps = 0
    for (const { blob } of entries) {
      if (sums.size >= sizeLimit) break
      taken++
      if (!blob) {
        tally.undecodable++
        continue
      }
      const known = watermarks.get(blob.producer) ?? owned.watermarks.get(blob.producer)
      if (known === undefined && !registered.has(blob.producer)) {
        tally.unknown.set(blob.producer, (tally.unknown.get(blob.producer) ?? 0) + 1)
        continue
      }
      const watermark = known ?? 0
      // Something before it is missing. Its position moves on all the same: what is missing comes later.
      if (blob.from > watermark) gaps++
      if (blob.from > watermark || blob.to <= watermark) continue
      tally.repeatedFrames += blob.frames.filter(({ n }) => n <= watermark).length
      sums.add(owned.partition, blob, watermark)
      watermarks.set(blob.producer, blob.to)
    }
    tally.gaps += gaps
    const pruned = prune
      ? [...owned.watermarks.keys()].filter((id) => !registered.has(id) && !watermarks.has(id))
      : []
    if (taken === 0 && pruned.length === 0) continue
    const pos = entries[taken - 1]?.id ?? owned.pos
    const { partition, version } = owned
    checkpoints.push({ partition, version, pos, watermarks, pruned, gaps, owned, taken })
  }
  return { fold: sums, checkpoints, tally }
}

/** Brings memory to where the committed documents are. */
export function advance({ checkpoints }: Flush): void {
  for (const { owned, taken, pos, version, watermarks, pruned } of checkpoints) {
    owned.pos = pos
    owned.version = version + 1
    owned.entries = owned.entries.slice(taken)
    for (const [producer, n] of watermarks) owned.watermarks.set(producer, n)
    for (const producer of pruned) owned.watermarks.delete(producer)
  }
}
