import type { Db } from 'mongodb'
import { type AlertDoc, alerts } from './alerts.ts'
import { takeTopicNumbers } from './topic-numbers.ts'

/** A transaction's worth. */
const AT_ONCE = 100

const unnumbered = { unpublishedSince: { $type: 'date' }, passed: false } as const
const snapshot = { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } } as const

/**
 * Gives every alert that has none its number in the topic, the longest waiting first. Any process may, at
 * any time: whoever raised an alert and died before this has lost nothing.
 */
export async function numberAlerts(db: Db, topic: string): Promise<void> {
  // Without a transaction first: nearly always there is nothing to do.
  while (await alerts(db).findOne(unnumbered, { projection: { _id: 1 } })) {
    await db.client.withSession((session) =>
      session.withTransaction(async () => {
        const some = await alerts(db)
          .find(unnumbered, { session, projection: { _id: 1 } })
          .sort({ unpublishedSince: 1 })
          .limit(AT_ONCE)
          .toArray()
        if (some.length === 0) return
        const last = await takeTopicNumbers(db, topic, some.length, session)
        const updates = some.map(({ _id }, index) => {
          const update = { $set: { topicNumber: last + 1 + index, unpublishedSince: null } }
          return { updateOne: { filter: { _id }, update } }
        })
        await alerts(db).bulkWrite(updates, { session })
      }, snapshot),
    )
  }
}

/** Those with the next numbers, in their order. */
export async function numberedAlerts(db: Db, after: number, limit: number): Promise<AlertDoc[]> {
  return await alerts(db)
    .find({ topicNumber: { $gt: after } })
    .sort({ topicNumber: 1 })
    .limit(limit)
    .toArray()
}

/** Number of the newest alert that was raised before `before` (ms); 0 where there is none. */
export async function lastNumberBefore(db: Db, before: number): Promise<number> {
  const [found] = await alerts(db)
    .find({ raisedAt: { $lt: new Date(before) }, topicNumber: { $gt: 0 } })
    .sort({ raisedAt: -1 })
    .limit(1)
    .toArray()
  return found?.topicNumber ?? 0
}
