import type { Db } from 'mongodb'
import { freePartitions, partitions } from '../../store/partitions.ts'
import { producers } from '../../store/producers.ts'

/** Whoever feeds a spool says so each minute. */
const UNSEEN_MS = 3 * 60_000

/**
 * Why calls of a partition may be made and not counted, by what the counting path writes of itself: its
 * spools and who feeds them, and who rolls the partition up.
 * @returns a function that answers for a partition; null: nothing is known against it
 */
export async function brokenPath(
  db: Db,
  now: number,
): Promise<(partition: number) => string | null> {
  const [known, free, spools] = await Promise.all([
    partitions(db).distinct('_id'),
    freePartitions(db),
    producers(db)
      .find({}, { projection: { seenAt: 1 } })
      .toArray(),
  ])
  const owned = new Set(known)
  for (const { _id } of free) owned.delete(_id)
  const unseen = spools.filter(({ seenAt }) => seenAt.getTime() < now - UNSEEN_MS).length
  return (partition) => {
    if (!owned.has(partition)) return 'no worker rolls the partition up'
    if (spools.length === 0) return 'no API process runs'
    return unseen > 0 ? 'there are spools that nobody feeds' : null
  }
}
