import type { Collection, Db } from 'mongodb'
import type { Encrypted } from './encryption.ts'

/** What the embedded issuer remembers: sessions, grants, codes, refresh tokens. */
export interface IssuerRecord {
  /** `<model>:<hash of the id>`: of most models the id is the secret itself. */
  _id: string
  /** Of a session and of an interaction. */
  uid?: string
  grantId?: string
  /** JSON, bound to `_id` and `content`. */
  content: Encrypted
  /** Seconds since the epoch. */
  consumed?: number
  /** TTL. */
  expiresAt: Date
}

export function issuerRecords(db: Db): Collection<IssuerRecord> {
  return db.collection('issuerRecords')
}

/** Idempotent; called where an issuer is embedded. */
export async function createIssuerRecordIndexes(db: Db): Promise<void> {
  await issuerRecords(db).createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 })
  await issuerRecords(db).createIndex({ uid: 1 }, { sparse: true })
  await issuerRecords(db).createIndex({ grantId: 1 }, { sparse: true })
}
