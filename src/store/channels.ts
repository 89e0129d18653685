import type { Collection, Db } from 'mongodb'
import type { AlertLevel } from '../rules/alert.ts'

export const CHANNEL_KINDS = ['EMAIL', 'SLACK', 'DISCORD', 'WEBHOOK'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]

/** AES-256-GCM: `keyId` of ENCRYPTION_KEYS, 96-bit IV, tag; the record's id and field are bound to it. */
export interface Encrypted {
  keyId: string
  /** base64 */
  iv: string
  /** base64, with the tag at its end */
  data: string
}

/** Where an account wants to hear of its alerts, and of which. */
export interface ChannelDoc {
  /** `ch_` + 12 base62; the account's own address is `ch_<accountId>`. */
  _id: string
  accountId: string
  kind: ChannelKind
  name: string
  /** Address or URL; a Slack or Discord URL is itself a secret. */
  target: Encrypted
  /** What may be shown of it: `a…@example.com`, `https://hooks.slack.com/…`. */
  shown: string
  /** What signs a WEBHOOK (`whsec_…`); null for the others. */
  secret: Encrypted | null
  /** Only these levels; null: all. */
  levels: AlertLevel[] | null
  /** Only these keys of the account; null: all. */
  apiKeyIds: string[] | null
  enabled: boolean
  /** Why the system disabled it, in words (410 Gone); null where the owner did or it is enabled. */
  disabledBecause: string | null
  createdAt: Date
}

export function channels(db: Db): Collection<ChannelDoc> {
  return db.collection('channels')
}

/** Idempotent; called at start by every process. */
export async function createChannelIndexes(db: Db): Promise<void> {
  await channels(db).createIndex({ accountId: 1, createdAt: 1 })
}
