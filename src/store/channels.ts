import type { ClientSession, Collection, Db } from 'mongodb'
import type { AlertLevel } from '../rules/alert.ts'
import { type ChannelKind, shownOfAddress } from '../rules/channel-input.ts'
import type { AccountDoc } from './accounts.ts'
import type { Encrypted, Encryption } from './encryption.ts'

/** Where an account wants to hear of its alerts, and of which. */
export interface ChannelDoc {
  /** `ch_` + 12 base62; the account's own address is `ch_<accountId>`. */
  _id: string
  accountId: string
  kind: ChannelKind
  name: string
  /** Address or URL; a Slack or Discord URL is itself a secret. Bound to the id and `target`. */
  target: Encrypted
  /** What may be shown of it: `a…@example.com`, `https://hooks.slack.com/…`. */
  shown: string
  /** What signs a WEBHOOK (`whsec_…`), bound to the id and `secret`; null for the others. */
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

/** The id of the channel that is the account's own e-mail address: it goes where the account's address goes. */
export function ownAddressId(accountId: string): string {
  return `ch_${accountId}`
}

type Addressed = Pick<AccountDoc, '_id' | 'email' | 'createdAt'>

/**
 * The account's e-mail is a channel from the start; one that is there stays as it is. Idempotent. An account
 * without an e-mail address has none.
 */
export async function ensureOwnAddress(
  db: Db,
  account: Addressed,
  encrypt: Encryption['encrypt'],
  session?: ClientSession,
): Promise<void> {
  if (!account.email) return
  await channels(db).updateOne(
    { _id: ownAddressId(account._id) },
    { $setOnInsert: { ...addressOf(account, encrypt), ...firstOf(account) } },
    { upsert: true, ...(session && { session }) },
  )
}

/**
 * After the account's e-mail has changed, in the transaction of that: alerts follow it. Where the old address
 * was disabled because nobody could be reached there, the new one is a new chance.
 */
export async function changeOwnAddress(
  db: Db,
  account: Addressed,
  encrypt: Encryption['encrypt'],
  session: ClientSession,
): Promise<void> {
  const _id = ownAddressId(account._id)
  await ensureOwnAddress(db, account, encrypt, session)
  await channels(db).updateOne({ _id }, { $set: addressOf(account, encrypt) }, { session })
  await channels(db).updateOne(
    { _id, disabledBecause: { $ne: null } },
    { $set: { enabled: true, disabledBecause: null } },
    { session },
  )
}

function addressOf(
  { _id, email }: Addressed,
  encrypt: Encryption['encrypt'],
): Pick<ChannelDoc, 'target' | 'shown'> {
  return { target: encrypt(email, ownAddressId(_id), 'target'), shown: shownOfAddress(email) }
}

/** As old as the account: first in every list. */
function firstOf(account: Addressed): Omit<ChannelDoc, '_id' | 'target' | 'shown'> {
  return {
    accountId: account._id,
    kind: 'EMAIL',
    name: "The account's address",
    secret: null,
    levels: null,
    apiKeyIds: null,
    enabled: true,
    disabledBecause: null,
    createdAt: account.createdAt,
  }
}
