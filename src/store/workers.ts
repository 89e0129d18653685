import type { Collection, Db } from 'mongodb'

/** Heartbeats of the roll-up's processes, on MongoDB's clock; only for the fair share of partitions. */
export interface WorkerDoc {
  _id: string
  until: Date
}

export function workers(db: Db): Collection<WorkerDoc> {
  return db.collection('workers')
}

const nowPlus = (ms: number) => ({
  $dateAdd: { startDate: '$$NOW', unit: 'millisecond', amount: ms },
})

/** Says "I live" for `ms` more, and answers how many workers do; drops what died long ago. */
export async function heartbeat(db: Db, worker: string, ms: number): Promise<number> {
  await workers(db).updateOne({ _id: worker }, [{ $set: { until: nowPlus(ms) } }], { upsert: true })
  await workers(db).deleteMany({ $expr: { $lt: ['$until', nowPlus(-60_000)] } })
  return Math.max(1, await workers(db).countDocuments({ $expr: { $gt: ['$until', '$$NOW'] } }))
}

export async function endHeartbeat(db: Db, worker: string): Promise<void> {
  await workers(db).deleteOne({ _id: worker })
}
