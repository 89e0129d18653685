import type { AnyBulkWriteOperation, Collection, Db, Document, Filter } from 'mongodb'
import type { EncryptedPlace } from './encrypted-places.ts'
import type { Encrypted, Encryption } from './encryption.ts'

/** How many values a place holds, and how many of them under older keys than the newest. */
export interface PlaceCount {
  all: number
  old: number
}

/** What a batch came to. */
export interface Reencrypted {
  /** Values that are under the newest key now. */
  done: number
  /** Records whose value cannot be read with the keys that are known here. */
  unreadable: string[]
}

export interface ReencryptOptions {
  db: Db
  encryption: Encryption
  /** Records that are read and written at a time. */
  batchSize?: number
  /** After each batch. */
  onBatch?: (batch: Reencrypted) => void
  stopping?: () => boolean
}

interface Stored extends Document {
  _id: string
}

const BATCH = 200

export async function countEncrypted(
  { db, encryption }: Pick<ReencryptOptions, 'db' | 'encryption'>,
  { collection, path }: EncryptedPlace,
): Promise<PlaceCount> {
  const keyId = `${path}.keyId`
  const [all, old] = await Promise.all([
    db.collection(collection).countDocuments({ [keyId]: { $exists: true } }),
    db.collection(collection).countDocuments(isOld(keyId, encryption)),
  ])
  return { all, old }
}

function isOld(keyId: string, { newestKeyId }: Encryption): Filter<Document> {
  return { [keyId]: { $exists: true, $ne: newestKeyId } }
}

/**
 * Encrypts what a place holds under older keys anew, with the newest. Each value is replaced only where it is
 * still the one that was read: what somebody else wrote meanwhile stays. Broken off, it goes on where it stood,
 * because what is done is not old any more.
 */
export async function reencryptPlace(
  options: ReencryptOptions,
  place: EncryptedPlace,
): Promise<void> {
  const { db, encryption, batchSize = BATCH, onBatch, stopping } = options
  const collection = db.collection<Stored>(place.collection)
  const old = isOld(`${place.path}.keyId`, encryption)
  const inOrder = { sort: { _id: 1 }, limit: batchSize, projection: { [place.path]: 1 } } as const
  let after: string | null = null
  while (!stopping?.()) {
    const from: Filter<Stored> = after === null ? {} : { _id: { $gt: after } }
    const found: Stored[] = await collection
      .find({ ...from, ...old } as Filter<Stored>, inOrder)
      .toArray()
    if (found.length === 0) return
    const batch = await reencryptBatch(collection, place, encryption, found)
    onBatch?.(batch)
    after = found.at(-1)?._id ?? null
  }
}

async function reencryptBatch(
  collection: Collection<Stored>,
  { path }: EncryptedPlace,
  encryption: Encryption,
  found: readonly Stored[],
): Promise<Reencrypted> {
  const unreadable: string[] = []
  const writes: AnyBulkWriteOperation<Stored>[] = []
  for (const record of found) {
    const { _id } = record
    const before = valueAt(record, path)
    try {
      const anew = encryption.encrypt(encryption.decrypt(before, _id, path), _id, path)
      const { keyId, iv, data } = before
      const same = { [`${path}.keyId`]: keyId, [`${path}.iv`]: iv, [`${path}.data`]: data }
      const filter = { _id, ...same } as Filter<Stored>
      writes.push({ updateOne: { filter, update: { $set: { [path]: anew } as Document } } })
    } catch {
      unreadable.push(_id)
    }
  }
  if (writes.length === 0) return { done: 0, unreadable }
  const { modifiedCount } = await collection.bulkWrite(writes, { ordered: false })
  return { done: modifiedCount, unreadable }
}

function valueAt(record: Document, path: string): Encrypted {
  return path.split('.').reduce<Document>((inner, name) => inner[name], record) as Encrypted
}
