import type { ClientSession, Db, Document } from 'mongodb'
import { ApiError } from '../errors.ts'
import { checkedName } from '../rules/account-input.ts'
import type { AlertLevel } from '../rules/alert.ts'
import { BadInput } from '../rules/bad-input.ts'
import { type ChannelTarget, checkedFilter, checkedTarget } from '../rules/channel-input.ts'
import type { OutboundAllow } from '../rules/public-address.ts'
import { accounts } from '../store/accounts.ts'
import { apiKeys } from '../store/api-keys.ts'
import { type ChannelDoc, channels, ensureOwnAddress, ownAddressId } from '../store/channels.ts'
import type { Encryption } from '../store/encryption.ts'
import { noSuchKey } from './api-key-commands.ts'
import type { RandomBytes } from './base62.ts'

/** What commands on channels need beside the database. */
export interface ChannelTools {
  clock: () => number
  random: RandomBytes
  encryption: Encryption
  outboundAllow: OutboundAllow
}

/** Which channel a command is about. To an owner, another account's channel does not exist. */
export interface ChannelScope {
  channelId: string
  /** The caller's account; null: the admin, who reaches every channel. */
  accountId: string | null
}

/** What is left out stays as it is; null stays too, but of a filter it means all. */
export interface ChannelChanges {
  name?: string | null | undefined
  target?: string | null | undefined
  levels?: readonly AlertLevel[] | null | undefined
  apiKeyIds?: readonly string[] | null | undefined
  enabled?: boolean | null | undefined
}

/** A channel and what signs its requests, which is readable nowhere else and never again. */
export interface ChannelWithSecret {
  channel: ChannelDoc
  /** `whsec_…`; null but for a WEBHOOK. */
  secret: string | null
}

/** An account from before its address became a channel gets it by being looked at. Oldest first. */
export async function channelsOf(
  db: Db,
  accountId: string,
  { encryption }: Pick<ChannelTools, 'encryption'>,
): Promise<ChannelDoc[]> {
  const read = () => channels(db).find({ accountId }).sort({ createdAt: 1, _id: 1 }).toArray()
  const found = await read()
  if (found.some(({ _id }) => _id === ownAddressId(accountId))) return found
  const account = await accounts(db).findOne({ _id: accountId })
  if (!account) throw new ApiError('NOT_FOUND', 'There is no such account.')
  await ensureOwnAddress(db, account, encryption.encrypt)
  return await read()
}

/**
 * A target that changes, and `enabled: true`, are a new chance for a channel that the system disabled.
 * @throws BadInput, or ApiError NOT_FOUND (no such channel or key)
 */
export async function updateChannel(
  db: Db,
  scope: ChannelScope,
  changes: ChannelChanges,
  tools: ChannelTools,
): Promise<ChannelDoc> {
  const before = await channelIn(db, scope)
  const set = await changesOf(db, before, changes, tools)
  if (Object.keys(set).length === 0) return before
  const updated = await channels(db).findOneAndUpdate({ _id: before._id }, [{ $set: set }], {
    returnDocument: 'after',
  })
  if (!updated) throw noSuchChannel()
  return updated
}

async function changesOf(
  db: Db,
  { _id, kind, accountId }: ChannelDoc,
  { name, target, levels, apiKeyIds, enabled }: ChannelChanges,
  tools: ChannelTools,
): Promise<Document> {
  const plain: Partial<ChannelDoc> = {}
  if (name != null) plain.name = checkedName(name)
  if (levels !== undefined) plain.levels = checkedFilter('levels', levels)
  if (apiKeyIds !== undefined) {
    plain.apiKeyIds = checkedFilter('apiKeyIds', apiKeyIds)
    await checkKeys(db, accountId, plain.apiKeyIds)
  }
  if (target != null) {
    if (_id === ownAddressId(accountId)) {
      throw new BadInput("This channel is the account's address: change the account's email.")
    }
    const checked = checkedTarget(kind, target, tools.outboundAllow)
    Object.assign(plain, storedTarget(_id, checked, tools))
  }
  if (enabled != null) plain.enabled = enabled
  if (enabled === true || target != null) plain.disabledBecause = null
  const set: Document = {}
  // An update by pipeline would read a name that begins with $ as the name of a field.
  for (const [field, value] of Object.entries(plain)) set[field] = { $literal: value }
  if (target != null && enabled == null) {
    set.enabled = { $or: ['$enabled', { $ne: ['$disabledBecause', null] }] }
  }
  return set
}

/**
 * Its history stays; what is still to be delivered to it will not be.
 * @throws BadInput for the account's own address, or ApiError NOT_FOUND
 */
export async function removeChannel(db: Db, scope: ChannelScope): Promise<ChannelDoc> {
  const { _id, accountId } = await channelIn(db, scope)
  if (_id === ownAddressId(accountId)) {
    throw new BadInput("The account's own address cannot be removed, only disabled.")
  }
  const removed = await channels(db).findOneAndDelete({ _id })
  if (!removed) throw noSuchChannel()
  return removed
}

/**
 * Another secret for a WEBHOOK; the one before signs nothing from now on.
 * @throws BadInput for another kind, or ApiError NOT_FOUND
 */
export async function rotateChannelSecret(
  db: Db,
  scope: ChannelScope,
  { random, encryption }: Pick<ChannelTools, 'random' | 'encryption'>,
): Promise<ChannelWithSecret> {
  const { _id, kind } = await channelIn(db, scope)
  if (kind !== 'WEBHOOK') throw new BadInput('Only a WEBHOOK has a secret.')
  const secret = newSigningSecret(random)
  const channel = await channels(db).findOneAndUpdate(
    { _id },
    { $set: { secret: encryption.encrypt(secret, _id, 'secret') } },
    { returnDocument: 'after' },
  )
  if (!channel) throw noSuchChannel()
  return { channel, secret }
}

/** @throws ApiError NOT_FOUND, the same for another account's channel and for none */
export async function channelIn(
  db: Db,
  { channelId, accountId }: ChannelScope,
): Promise<ChannelDoc> {
  const found = await channels(db).findOne({
    _id: channelId,
    ...(accountId !== null && { accountId }),
  })
  if (!found) throw noSuchChannel()
  return found
}

export function noSuchChannel(): ApiError {
  return new ApiError('NOT_FOUND', 'There is no such channel.')
}

/** As a document holds it. */
export function storedTarget(
  channelId: string,
  { target, shown }: ChannelTarget,
  { encryption }: Pick<ChannelTools, 'encryption'>,
): Pick<ChannelDoc, 'target' | 'shown'> {
  return { target: encryption.encrypt(target, channelId, 'target'), shown }
}

/** As Standard Webhooks spells it: 24 to 64 bytes in base64. */
export function newSigningSecret(random: RandomBytes): string {
  return `whsec_${Buffer.from(random(32)).toString('base64')}`
}

/**
 * Revoked keys may be named: a filter need not change with each key.
 * @throws ApiError NOT_FOUND
 */
export async function checkKeys(
  db: Db,
  accountId: string,
  ids: readonly string[] | null,
  session?: ClientSession,
): Promise<void> {
  if (ids === null) return
  const filter = { _id: { $in: [...ids] }, accountId }
  const found = await apiKeys(db).countDocuments(filter, session ? { session } : {})
  if (found !== ids.length) throw noSuchKey()
}
