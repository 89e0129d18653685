import { randomUUID } from 'node:crypto'
import type { Collection, Db } from 'mongodb'
import { partitionCount } from '../rules/partition.ts'

/** What was decided when this database was first used. */
export interface DeploymentDoc {
  _id: 'deployment'
  partitions: number
  /** Random: Redis keys that outlived another database are told by it (PROTOCOL.md, `live-database`). */
  databaseId: string
}

export function deployment(db: Db): Collection<DeploymentDoc> {
  return db.collection('deployment')
}

/**
 * Reads the deployment, or writes it at the very first start. Idempotent.
 * @throws Error when the database was started with another number of partitions: going on would send
 * keys' events to streams that nobody owns.
 */
export async function ensureDeployment(db: Db): Promise<DeploymentDoc> {
  const doc = await deployment(db).findOneAndUpdate(
    { _id: 'deployment' },
    { $setOnInsert: { partitions: partitionCount, databaseId: randomUUID() } },
    { upsert: true, returnDocument: 'after' },
  )
  if (!doc) throw new Error('the deployment document could not be written')
  if (doc.partitions !== partitionCount) {
    throw new Error(
      `this database was started with ${doc.partitions} partitions, this release has ${partitionCount}`,
    )
  }
  return doc
}
