import type { Binary, ClientSession, Collection, Db } from 'mongodb'
import { partitionCount } from '../rules/partition.ts'

/**
 * Lease, fence and checkpoint of one partition in one document. `version` is raised by takeover and by
 * commit: whoever commits must match the version it read, so of two workers that both believe they own
 * the partition only one can (counting.md, I6). Leases affect only liveness.
 */
export interface PartitionDoc {
  _id: number
  owner: string | null
  version: number
  /** On MongoDB's clock. */
  leaseUntil: Date
  /** Session of the owner's transactions: the next owner ends it. Absent after a voluntary release. */
  lsid?: Binary
  /** Stream id of the last entry read, `ms-n`. */
  pos: string
  /** Highest frame number counted, by producer. */
  wm: Record<string, number>
  /** Blobs passed over so far, because something before them was missing. Absent: none. */
  gaps?: number
}

/** What a commit moves, together with the cells. */
export interface Checkpoint {
  partition: number
  /** As read; the commit raises it by one. */
  version: number
  pos: string
  /** Only the producers whose watermark changed. */
  watermarks: ReadonlyMap<string, number>
  /** Producers that are no longer registered. */
  pruned: readonly string[]
  /** Blobs that this commit passes over. */
  gaps: number
}

export const startOfStream = '0-0'

export function partitions(db: Db): Collection<PartitionDoc> {
  return db.collection('partitions')
}

const after = (ms: number) => ({
  $dateAdd: { startDate: '$$NOW', unit: 'millisecond', amount: ms },
})
const majority = { writeConcern: { w: 'majority' } } as const

/** Idempotent; never touches a document that is there. */
export async function ensurePartitions(db: Db): Promise<void> {
  await partitions(db).bulkWrite(
    Array.from({ length: partitionCount }, (_, _id) => ({
      updateOne: {
        filter: { _id },
        update: {
          $setOnInsert: {
            owner: null,
            version: 0,
            leaseUntil: new Date(0),
            pos: startOfStream,
            wm: {},
          },
        },
        upsert: true,
      },
    })),
    { ordered: false, ...majority },
  )
}

/** Position, watermarks and version always come from one read, with majority (counting.md, section 12). */
export async function ownedPartitions(db: Db, owner: string): Promise<PartitionDoc[]> {
  return partitions(db)
    .find({ owner }, { readConcern: { level: 'majority' } })
    .toArray()
}

/** Partitions whose lease is over, with what is needed to take them. */
export async function freePartitions(
  db: Db,
): Promise<Pick<PartitionDoc, '_id' | 'version' | 'lsid'>[]> {
  return partitions(db)
    .find({ $expr: { $lt: ['$leaseUntil', '$$NOW'] } }, { projection: { version: 1, lsid: 1 } })
    .toArray()
}

/** Takes each partition that is still free at the version read. Who got it is told by `ownedPartitions`. */
export async function takePartitions(
  db: Db,
  free: readonly { _id: number; version: number }[],
  owner: string,
  lsid: Binary,
  leaseMs: number,
): Promise<void> {
  await partitions(db).bulkWrite(
    free.map(({ _id, version }) => ({
      updateOne: {
        filter: { _id, version, $expr: { $lt: ['$leaseUntil', '$$NOW'] } },
        update: [
          {
            $set: {
              owner: { $literal: owner },
              lsid: { $literal: lsid },
              version: { $add: ['$version', 1] },
              leaseUntil: after(leaseMs),
            },
          },
        ],
      },
    })),
    { ordered: false, ...majority },
  )
}

/** For partitions without a commit; never while one runs, whose write it would conflict with. */
export async function renewLeases(db: Db, owner: string, leaseMs: number): Promise<void> {
  await partitions(db).updateMany({ owner }, [{ $set: { leaseUntil: after(leaseMs) } }])
}

/**
 * Gives partitions back between two flushes. The session goes too: the next owner would else end the
 * transactions of a worker that lives.
 */
export async function releasePartitions(
  db: Db,
  owner: string,
  released: readonly number[],
): Promise<void> {
  await partitions(db).updateMany(
    { _id: { $in: [...released] }, owner },
    { $set: { owner: null, leaseUntil: new Date(0) }, $unset: { lsid: '' } },
    majority,
  )
}

/**
 * The fence, last in the transaction of a flush: moves each checkpoint and lease at the version read.
 * False: another owner has been there, and the transaction must be aborted.
 */
export async function moveCheckpoints(
  db: Db,
  checkpoints: readonly Checkpoint[],
  leaseMs: number,
  session: ClientSession,
): Promise<boolean> {
  const { matchedCount } = await partitions(db).bulkWrite(
    checkpoints.map((checkpoint) => ({
      updateOne: {
        filter: { _id: checkpoint.partition, version: checkpoint.version },
        update: checkpointUpdate(checkpoint, leaseMs),
      },
    })),
    { session, ordered: true },
  )
  return matchedCount === checkpoints.length
}

/** Sets only the watermarks that changed: writing the whole map costs four times as much at 10,000. */
function checkpointUpdate(checkpoint: Checkpoint, leaseMs: number) {
  const { version, pos, watermarks, pruned, gaps } = checkpoint
  const set: Record<string, unknown> = { pos, version: version + 1, leaseUntil: after(leaseMs) }
  for (const [producer, n] of watermarks) set[`wm.${producer}`] = n
  if (gaps > 0) set.gaps = { $add: [{ $ifNull: ['$gaps', 0] }, gaps] }
  const update: ({ $set: typeof set } | { $unset: string[] })[] = [{ $set: set }]
  if (pruned.length > 0) update.push({ $unset: pruned.map((producer) => `wm.${producer}`) })
  return update
}

/** What a producer may see of a partition. */
export interface PartitionProgress {
  partition: number
  version: number
  pos: string
  watermark: number
}

/** Progress of all partitions for one producer, read with majority; partitions not there yet are left out. */
export async function readProgress(db: Db, producer: string): Promise<PartitionProgress[]> {
  const docs = await partitions(db)
    .find(
      {},
      {
        readConcern: { level: 'majority' },
        projection: { version: 1, pos: 1, [`wm.${producer}`]: 1 },
      },
    )
    .toArray()
  return docs.map(({ _id, version, pos, wm }) => ({
    partition: _id,
    version,
    pos,
    watermark: wm[producer] ?? 0,
  }))
}

/**
 * Whether the watermark is truly below `n`, confirmed by the majority: a write that would change
 * nothing and matches nothing cannot be answered by a primary that has been voted out.
 */
export async function confirmBelow(
  db: Db,
  partition: number,
  producer: string,
  n: number,
): Promise<boolean> {
  const { matchedCount } = await partitions(db).updateOne(
    { _id: partition, [`wm.${producer}`]: { $gte: n } },
    { $max: { version: 0 } },
    majority,
  )
  return matchedCount === 0
}
