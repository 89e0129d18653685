import type { Collection, Db } from 'mongodb'
import { isDuplicateKey } from './database.ts'

/** One run of a scheduled job. Inserting it decides who runs; the lease, who may take a crashed run up. */
export interface JobRun {
  /** `aggregate-days:2026-11-21` */
  _id: string
  owner: string
  /** How often somebody began it: above 1, a process died in it or it failed. */
  attempts: number
  startedAt: Date
  /** On MongoDB's clock, as all leases are: ours may differ from that of the next owner. */
  leaseUntil: Date
  finishedAt?: Date
  /** How far it is, as the job tells it: whoever takes it up goes on from there. */
  progress?: Record<string, unknown>
  /** What was done, as the job tells it. */
  result?: Record<string, unknown>
}

export function jobRuns(db: Db): Collection<JobRun> {
  return db.collection('jobRuns')
}

/**
 * True for exactly one of any number of concurrent callers; once more after a lease has run out
 * without a finish. Whoever gets true keeps the lease with `renewRun` and ends with `finishRun`.
 */
export async function claimRun(
  db: Db,
  run: { id: string; owner: string; leaseMs: number },
): Promise<boolean> {
  const claim = {
    owner: run.owner,
    leaseUntil: { $add: ['$$NOW', run.leaseMs] },
    startedAt: '$$NOW',
  }
  try {
    // No document has attempts 0: this matches nothing and inserts, or collides on _id.
    await jobRuns(db).updateOne(
      { _id: run.id, attempts: 0 },
      [{ $set: { ...claim, attempts: 1 } }],
      { upsert: true },
    )
    return true
  } catch (error) {
    if (!isDuplicateKey(error)) throw error
  }
  const abandoned = await jobRuns(db).updateOne(
    {
      _id: run.id,
      finishedAt: { $exists: false },
      $expr: { $lt: ['$leaseUntil', '$$NOW'] },
    },
    [{ $set: { ...claim, attempts: { $add: ['$attempts', 1] } } }],
  )
  return abandoned.modifiedCount === 1
}

/** False when the run has been taken over: stop at once. */
export async function renewRun(
  db: Db,
  run: { id: string; owner: string; leaseMs: number },
): Promise<boolean> {
  const renewed = await jobRuns(db).updateOne(
    { _id: run.id, owner: run.owner, finishedAt: { $exists: false } },
    [{ $set: { leaseUntil: { $add: ['$$NOW', run.leaseMs] } } }],
  )
  return renewed.matchedCount === 1
}

export async function finishRun(
  db: Db,
  run: { id: string; owner: string },
  result: Record<string, unknown>,
): Promise<void> {
  await jobRuns(db).updateOne({ _id: run.id, owner: run.owner }, [
    { $set: { finishedAt: '$$NOW', result: { $literal: result } } },
  ])
}

/** Only while the run is still this owner's. */
export async function saveProgress(
  db: Db,
  run: { id: string; owner: string },
  progress: Record<string, unknown>,
): Promise<void> {
  const filter = { _id: run.id, owner: run.owner, finishedAt: { $exists: false } }
  await jobRuns(db).updateOne(filter, { $set: { progress } })
}

/** Gives an unfinished run back, so that the next process need not wait for its lease. */
export async function releaseRun(db: Db, run: { id: string; owner: string }): Promise<void> {
  await jobRuns(db).updateOne(
    { _id: run.id, owner: run.owner, finishedAt: { $exists: false } },
    { $set: { leaseUntil: new Date(0) } },
  )
}

/** The days of all finished runs of a job, from `since` (`YYYY-MM-DD`) on. */
export async function finishedDays(db: Db, job: string, since: string): Promise<Set<string>> {
  const runs = await jobRuns(db)
    .find({
      _id: { $gte: `${job}:${since}`, $lt: `${job};` },
      finishedAt: { $exists: true },
    })
    .project<{ _id: string }>({ _id: 1 })
    .toArray()
  return new Set(runs.map(({ _id }) => _id.slice(job.length + 1)))
}
