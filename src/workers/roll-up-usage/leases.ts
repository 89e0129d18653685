import type { Binary, Db } from 'mongodb'
import type { Logger } from '../../log.ts'
import { partitionCount } from '../../rules/partition.ts'
import {
  freePartitions,
  ownedPartitions,
  releasePartitions,
  renewLeases,
  takePartitions,
} from '../../store/partitions.ts'
import { endHeartbeat, heartbeat } from '../../store/workers.ts'
import type { RollUpMetrics } from './metrics.ts'
import { type OwnedPartition, toOwned } from './owned-partition.ts'

export const leaseMs = 3_000
export const heartbeatMs = 600

/** Which partitions this worker owns. Only for liveness: safety is the version in the commit. */
export interface Leases {
  readonly owned: ReadonlyMap<number, OwnedPartition>
  /**
   * One turn, each `heartbeatMs` and never while a commit runs: renews, takes what is free up to the
   * fair share, releases what is above it. Reads the owned documents again when they were forgotten.
   */
  turn(): Promise<void>
  /** After any error: nothing in memory is trusted until the documents are read again. */
  forget(): void
  /** At the end: gives everything back at once. */
  end(): Promise<void>
}

export interface LeasesOptions {
  db: Db
  worker: string
  /** Session of this worker's transactions. */
  lsid: Binary
  log: Logger
  metrics: RollUpMetrics
  onTaken: (partition: number) => void
}

export function createLeases(options: LeasesOptions): Leases {
  const { db, worker, lsid, log, metrics, onTaken } = options
  const owned = new Map<number, OwnedPartition>()
  /** When each partition was first seen without an owner. */
  const freeSince = new Map<number, number>()

  async function turn(): Promise<void> {
    const live = await heartbeat(db, worker, leaseMs)
    await renewLeases(db, worker, leaseMs)
    await load()
    const share = Math.ceil(partitionCount / live)
    const surplus = [...owned.keys()].slice(share)
    if (surplus.length > 0) await release(surplus)
    const free = await freePartitions(db)
    watchOwnerless(free.map(({ _id }) => _id))
    const wanted = shuffled(free).slice(0, Math.max(0, share - owned.size))
    if (wanted.length > 0) await take(wanted)
    metrics.owned.set(owned.size)
    metrics.watermarks.set(Math.max(0, ...[...owned.values()].map((p) => p.watermarks.size)))
  }

  /** What is in memory stays where it is as new as the document: entries read need not be read again. */
  async function load(): Promise<void> {
    const docs = new Map((await ownedPartitions(db, worker)).map((doc) => [doc._id, doc]))
    for (const p of owned.keys()) if (!docs.has(p)) owned.delete(p)
    for (const [p, doc] of docs) {
      const known = owned.get(p)
      if (known && known.version >= doc.version) continue
      if (!known) onTaken(p)
      owned.set(p, toOwned(doc))
    }
  }

  async function take(free: Awaited<ReturnType<typeof freePartitions>>): Promise<void> {
    await endTransactions(free.flatMap((doc) => doc.lsid ?? []))
    const before = owned.size
    await takePartitions(db, free, worker, lsid, leaseMs)
    await load()
    const taken = owned.size - before
    if (taken === 0) return
    metrics.takeovers.inc(taken)
    log.info({ worker, taken, owned: owned.size }, 'partitions taken')
  }

  /**
   * An owner that died inside its transaction leaves its row locks behind for a minute and more; ending
   * its session frees them at once (88 s against 1.5). A stopped one's commit is refused by the version.
   */
  async function endTransactions(lsids: readonly Binary[]): Promise<void> {
    const others = lsids.filter((other) => other.toString('hex') !== lsid.toString('hex'))
    if (others.length === 0) return
    const sessions = [...new Map(others.map((id) => [id.toString('hex'), { id }])).values()]
    await db
      .admin()
      .command({ killSessions: sessions })
      .catch((error: Error) => {
        log.warn(
          { err: error },
          'sessions of a dead worker could not be ended: its locks may stay a while',
        )
      })
  }

  async function release(surplus: readonly number[]): Promise<void> {
    // Forgotten first: whatever becomes of the write, nothing of them is committed any more.
    for (const p of surplus) owned.delete(p)
    await releasePartitions(db, worker, surplus)
    metrics.released.inc(surplus.length)
    log.info({ worker, released: surplus.length, owned: owned.size }, 'partitions released')
  }

  function watchOwnerless(free: readonly number[]): void {
    const now = performance.now()
    for (const p of freeSince.keys()) if (!free.includes(p)) freeSince.delete(p)
    for (const p of free) if (!freeSince.has(p)) freeSince.set(p, now)
    const long = [...freeSince].filter(([, since]) => now - since > 2 * leaseMs).map(([p]) => p)
    metrics.ownerless.set(long.length)
    if (long.length > 0)
      log.error({ partitions: long }, 'partitions without an owner for two leases')
  }

  return {
    owned,
    turn,
    forget: () => owned.clear(),
    async end() {
      const all = [...owned.keys()]
      if (all.length > 0) await release(all)
      await endHeartbeat(db, worker)
    },
  }
}

/** So that workers that start together do not all reach for the same partitions. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
