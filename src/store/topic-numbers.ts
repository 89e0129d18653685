import type { ClientSession, Collection, Db } from 'mongodb'

/** How far a topic's events are numbered: what decides on each number, in the transaction that gives it. */
export interface TopicNumbersDoc {
  /** Name of the topic. */
  _id: string
  /** Given last; 0: none yet. */
  last: number
}

function topicNumbers(db: Db): Collection<TopicNumbersDoc> {
  return db.collection('topicNumbers')
}

/** Idempotent; called at start by every process that gives numbers. */
export async function ensureTopicNumbers(db: Db, topic: string): Promise<void> {
  await topicNumbers(db).updateOne({ _id: topic }, { $setOnInsert: { last: 0 } }, { upsert: true })
}

/**
 * Takes the next numbers. Two transactions that do conflict, so that numbers have no gap and become
 * visible in their order.
 * @returns the last one before them
 */
export async function takeTopicNumbers(
  db: Db,
  topic: string,
  count: number,
  session: ClientSession,
): Promise<number> {
  const before = await topicNumbers(db).findOneAndUpdate(
    { _id: topic },
    { $inc: { last: count } },
    { returnDocument: 'before', session },
  )
  if (before === null) throw new Error(`the numbers of ${topic} are gone`)
  return before.last
}

/**
 * Read as this primary has it: just after an election a majority read may lag behind numbers that stand
 * in the topic already, and a topic that is ahead of its numbers would pass for another database's.
 */
export async function lastTopicNumber(db: Db, topic: string): Promise<number> {
  const found = await topicNumbers(db).findOne({ _id: topic }, { readConcern: { level: 'local' } })
  return found?.last ?? 0
}
