import type { Db } from 'mongodb'
import { ApiError } from '../errors.ts'
import { checkedName } from '../rules/account-input.ts'
import type { AlertLevel } from '../rules/alert.ts'
import { type ChannelKind, checkedFilter, checkedTarget } from '../rules/channel-input.ts'
import { type ChannelDoc, channels } from '../store/channels.ts'
import { randomBase62 } from './base62.ts'
import {
  type ChannelTools,
  type ChannelWithSecret,
  checkKeys,
  newSigningSecret,
  storedTarget,
} from './channel-commands.ts'
import { guardAccount } from './guard-account.ts'

/** As the client gives it; checked when the channel is made. */
export interface NewChannel {
  accountId: string
  kind: ChannelKind
  name: string
  target: string
  levels?: readonly AlertLevel[] | null | undefined
  apiKeyIds?: readonly string[] | null | undefined
}

/** The account's own address is one of them. */
export const MOST_CHANNELS = 20

/**
 * The channels are counted and the new one is inserted in one transaction that first writes to the account:
 * of two creations at the same time the loser counts again.
 * @throws BadInput, or ApiError NOT_FOUND (no such account or key) or FORBIDDEN (too many channels)
 */
export async function createChannel(
  db: Db,
  input: NewChannel,
  tools: ChannelTools,
): Promise<ChannelWithSecret> {
  const { accountId, kind } = input
  const _id = `ch_${randomBase62(tools.random, 12)}`
  const secret = kind === 'WEBHOOK' ? newSigningSecret(tools.random) : null
  const channel: ChannelDoc = {
    _id,
    ...{ accountId, kind },
    name: checkedName(input.name),
    ...storedTarget(_id, checkedTarget(kind, input.target, tools.outboundAllow), tools),
    secret: secret === null ? null : tools.encryption.encrypt(secret, _id, 'secret'),
    levels: checkedFilter('levels', input.levels ?? null),
    apiKeyIds: checkedFilter('apiKeyIds', input.apiKeyIds ?? null),
    ...{ enabled: true, disabledBecause: null },
    createdAt: new Date(tools.clock()),
  }
  await db.client.withSession((session) =>
    session.withTransaction(async () => {
      await guardAccount(db, accountId, session)
      await checkKeys(db, accountId, channel.apiKeyIds, session)
      const held = await channels(db).countDocuments({ accountId }, { session })
      if (held >= MOST_CHANNELS) {
        const why = `An account has at most ${MOST_CHANNELS} channels; remove one first.`
        throw new ApiError('FORBIDDEN', why)
      }
      await channels(db).insertOne(channel, { session })
    }),
  )
  return { channel, secret }
}
