import type { Binary, Collection, Db } from 'mongodb'
import { partitionCount } from '../rules/partition.ts'

/**
 * How far the threshold scan has followed one partition. Commits of a partition are numbered without a
 * gap (`partitions.version`), and a live message carries its number: who has seen all numbers up to
 * `version` has missed nothing. Leases affect only who does the work: an alert's `_id` keeps it single.
 */
export interface ScanPositionDoc {
  /** The partition. */
  _id: number
  owner: string | null
  /** On MongoDB's clock. */
  leaseUntil: Date
  /** Session of the owner's transactions: the next owner ends it. Absent after a release in order. */
  lsid?: Binary
  version: number
}

/** Who owns positions: a process and the session in which it raises. */
export interface ScanOwner {
  owner: string
  lsid: Binary
  leaseMs: number
}

export function scanPositions(db: Db): Collection<ScanPositionDoc> {
  return db.collection('alertScanPositions')
}

const isOver = { $expr: { $lt: ['$leaseUntil', '$$NOW'] } }

/** Idempotent; never touches a position that is there. Before the first the whole month is looked at. */
export async function ensureScanPositions(db: Db): Promise<void> {
  await scanPositions(db).bulkWrite(
    Array.from({ length: partitionCount }, (_, _id) => ({
      updateOne: {
        filter: { _id },
        update: { $setOnInsert: { owner: null, leaseUntil: new Date(0), version: 0 } },
        upsert: true,
      },
    })),
    { ordered: false },
  )
}

/**
 * Renews what the owner has and takes what is free: all of it, because the work is a read a tick, and
 * shares would only spread it.
 * @returns what it owns, and the sessions that processes without a lease have left open
 */
export async function takeScanPositions(
  db: Db,
  { owner, lsid, leaseMs }: ScanOwner,
): Promise<{ owned: ScanPositionDoc[]; left: Binary[] }> {
  const positions = scanPositions(db)
  const leaseUntil = { $add: ['$$NOW', leaseMs] }
  await positions.updateMany({ owner }, [{ $set: { leaseUntil } }])
  const free = await positions.find({ owner: { $ne: owner }, ...isOver }).toArray()
  if (free.length > 0) {
    await positions.updateMany({ _id: { $in: free.map(({ _id }) => _id) }, ...isOver }, [
      { $set: { owner: { $literal: owner }, lsid: { $literal: lsid }, leaseUntil } },
    ])
  }
  const left = new Map(
    free.flatMap(({ lsid: other }) => (other ? [[other.toString('hex'), other]] : [])),
  )
  return { owned: await positions.find({ owner }).toArray(), left: [...left.values()] }
}

/** Only what is still owned is moved. */
export async function saveScanPositions(
  db: Db,
  owner: string,
  moved: ReadonlyMap<number, number>,
): Promise<void> {
  if (moved.size === 0) return
  await scanPositions(db).bulkWrite(
    [...moved].map(([_id, version]) => ({
      updateOne: { filter: { _id, owner }, update: { $set: { version } } },
    })),
    { ordered: false },
  )
}

/** At a stop in order: the next owner needs not wait for the lease. */
export async function releaseScanPositions(db: Db, owner: string): Promise<void> {
  await scanPositions(db).updateMany(
    { owner },
    { $set: { owner: null, leaseUntil: new Date(0) }, $unset: { lsid: '' } },
  )
}
