import type { Collection, Db, Document, Filter } from 'mongodb'
import { takeTopicNumbers } from './topic-numbers.ts'

/**
 * What is told of an account, once, in the transaction of what it tells of. It is numbered twice: within the
 * account for those who listen, and over all accounts for its topic.
 */
export interface AccountRecord {
  /** Opaque and stable: what receivers tell doubles by. */
  _id: string
  accountId: string
  /** Null: about no key in particular. */
  apiKeyId: string | null
  /** Counted up within the account in the order of commits: what a replay goes on after. */
  sequence: number
  /** Null once it has its number in the topic, or where it is to have none. */
  unpublishedSince: Date | null
  /** What the topic knows it by: counted up over all accounts without a gap. */
  topicNumber?: number
}

/** Number of an account's last record. */
export interface RecordCounter {
  /** The account. */
  _id: string
  /** Given last. */
  sequence: number
}

/** Where records of a kind stand. */
export interface RecordKind<Doc extends AccountRecord> {
  /** Name of the topic that is numbered. */
  topic: string
  collection(db: Db): Collection<Doc>
  counters(db: Db): Collection<RecordCounter>
  createIndexes(db: Db): Promise<void>
  /** Which of them are told to those who listen to their account. */
  told: Filter<Doc>
  /** The field by which they age. */
  at: Extract<keyof Doc, string>
}

/** Whose records: one key's, or all of an account. */
export interface RecordScope {
  accountId: string
  /** null: all of the account. */
  apiKeyId: string | null
}

/** A transaction's worth. */
const AT_ONCE = 100

const unnumbered = { unpublishedSince: { $type: 'date' } } as const
const snapshot = { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } } as const

/** For filters over what all kinds share. */
function recordsOf<Doc extends AccountRecord>(
  db: Db,
  kind: RecordKind<Doc>,
): Collection<AccountRecord> {
  return kind.collection(db) as unknown as Collection<AccountRecord>
}

/** Idempotent: what numbering and reading need of a kind, beside its own. */
export async function createRecordIndexes<Doc extends AccountRecord>(
  db: Db,
  kind: RecordKind<Doc>,
): Promise<void> {
  const records = recordsOf(db, kind)
  await records.createIndex({ accountId: 1, sequence: 1 }, { unique: true })
  await records.createIndex({ apiKeyId: 1, sequence: 1 })
  await records.createIndex({ [kind.at]: 1 })
  await records.createIndex(
    { topicNumber: 1 },
    { unique: true, partialFilterExpression: { topicNumber: { $exists: true } } },
  )
  await records.createIndex({ unpublishedSince: 1 }, { partialFilterExpression: unnumbered })
}

/**
 * Gives every record that has none its number in the topic, the longest waiting first. Any process may, at
 * any time: whoever wrote a record and died before this has lost nothing.
 */
export async function numberRecords<Doc extends AccountRecord>(
  db: Db,
  kind: RecordKind<Doc>,
): Promise<void> {
  const records = recordsOf(db, kind)
  // Without a transaction first: nearly always there is nothing to do.
  while (await records.findOne(unnumbered, { projection: { _id: 1 } })) {
    await db.client.withSession((session) =>
      session.withTransaction(async () => {
        const some = await records
          .find(unnumbered, { session, projection: { _id: 1 } })
          .sort({ unpublishedSince: 1 })
          .limit(AT_ONCE)
          .toArray()
        if (some.length === 0) return
        const last = await takeTopicNumbers(db, kind.topic, some.length, session)
        const updates = some.map(({ _id }, index) => {
          const update = { $set: { topicNumber: last + 1 + index, unpublishedSince: null } }
          return { updateOne: { filter: { _id }, update } }
        })
        await records.bulkWrite(updates, { session })
      }, snapshot),
    )
  }
}

/** Those with the next numbers, in their order. */
export async function numberedRecords<Doc extends AccountRecord>(
  db: Db,
  kind: RecordKind<Doc>,
  after: number,
  limit: number,
): Promise<Doc[]> {
  const found = recordsOf(db, kind)
    .find<Doc>({ topicNumber: { $gt: after } })
    .sort({ topicNumber: 1 })
    .limit(limit)
  return await found.toArray()
}

/** Number of the newest record from before `before` (ms); 0 where there is none. */
export async function lastNumberBefore<Doc extends AccountRecord>(
  db: Db,
  kind: RecordKind<Doc>,
  before: number,
): Promise<number> {
  const older: Document = { [kind.at]: { $lt: new Date(before) } }
  const [found] = await recordsOf(db, kind)
    .find({ ...older, topicNumber: { $gt: 0 } })
    .sort({ [kind.at]: -1 })
    .limit(1)
    .toArray()
  return found?.topicNumber ?? 0
}

/** What may be seen of a scope. */
export function toldTo<Doc extends AccountRecord>(
  kind: RecordKind<Doc>,
  { accountId, apiKeyId }: RecordScope,
): Filter<Doc> {
  const whose = { accountId, ...(apiKeyId !== null && { apiKeyId }) }
  return { ...whose, ...kind.told } as Filter<Doc>
}

/** At most `limit` of a scope with after < sequence <= upTo, in the order of their commits. */
export async function recordsInOrder<Doc extends AccountRecord>(
  db: Db,
  kind: RecordKind<Doc>,
  scope: RecordScope,
  { after, upTo, limit }: { after: number; upTo: number; limit: number },
): Promise<Doc[]> {
  const between = { sequence: { $gt: after, $lte: upTo } }
  const found = kind
    .collection(db)
    .find<Doc>({ $and: [toldTo(kind, scope), between] } as Filter<Doc>)
    .sort({ sequence: 1 })
    .limit(limit)
  return await found.toArray()
}
