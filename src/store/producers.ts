import type { ClientSession, Collection, Db } from 'mongodb'

/**
 * Registry of open spools: a blob is counted only while its producer stands here or has a watermark
 * (counting.md, section 3). An entry is deleted only after all watermarks are at the spool's end, and
 * an id never comes back; so a replayed blob of a pruned producer is never counted twice.
 */
export interface ProducerDoc {
  _id: string
  host: string
  at: Date
  /** Renewed each minute by whoever feeds the spool. */
  seenAt: Date
}

export function producers(db: Db): Collection<ProducerDoc> {
  return db.collection('producers')
}

/** Must have succeeded before the producer's first blob is sent. Idempotent. */
export async function registerProducer(db: Db, id: string, host: string, now: Date): Promise<void> {
  await producers(db).updateOne(
    { _id: id },
    { $setOnInsert: { host, at: now }, $set: { seenAt: now } },
    { upsert: true, writeConcern: { w: 'majority' } },
  )
}

/**
 * False only when the entry is truly gone: a write acknowledged by the majority, because a read just
 * after an election may be older than what was acknowledged (counting.md, section 12).
 */
export async function seeProducer(db: Db, id: string, now: Date): Promise<boolean> {
  const { matchedCount } = await producers(db).updateOne(
    { _id: id },
    { $set: { seenAt: now } },
    { writeConcern: { w: 'majority' } },
  )
  return matchedCount === 1
}

/** The last step of a spool's life but for its directory. Idempotent. */
export async function forgetProducer(db: Db, id: string): Promise<void> {
  await producers(db).deleteOne({ _id: id }, { writeConcern: { w: 'majority' } })
}

/** Those of `ids` that are registered, as the session's transaction sees it. */
export async function registeredAmong(
  db: Db,
  ids: readonly string[],
  session: ClientSession,
): Promise<Set<string>> {
  const found = await producers(db)
    .find({ _id: { $in: [...ids] } }, { session, projection: { _id: 1 } })
    .toArray()
  return new Set(found.map((doc) => doc._id))
}

/** Spools that nobody has fed since then: their machine is gone, with calls that may not be counted. */
export function countUnseen(db: Db, since: Date): Promise<number> {
  return producers(db).countDocuments({ seenAt: { $lt: since } })
}
