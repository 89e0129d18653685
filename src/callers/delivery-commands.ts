import type { ClientSession, Db } from 'mongodb'
import { ApiError } from '../errors.ts'
import { BadInput } from '../rules/bad-input.ts'
import { HOUR } from '../rules/calendar-time.ts'
import { type ChannelDoc, channels } from '../store/channels.ts'
import { DELIVERIES_KEPT_MS, type DeliveryDoc, deliveries } from '../store/deliveries.ts'
import { type RandomBytes, randomBase62 } from './base62.ts'
import { type ChannelScope, channelIn } from './channel-commands.ts'
import { guardAccount } from './guard-account.ts'

/** Which delivery a command is about. To an owner, another account's delivery does not exist. */
export interface DeliveryScope {
  deliveryId: string
  /** The caller's account; null: the admin, who reaches every delivery. */
  accountId: string | null
}

/** An hour. By account too: otherwise removing and making a channel anew would begin from nothing. */
export const TEST_MESSAGES = { channel: 5, account: 30 } as const
/** So that a loop of replays cannot make a document that grows without end. */
const MOST_ATTEMPTS = 100

/**
 * Puts a test message to a channel into the outbox.
 * @throws BadInput where the channel is disabled, or ApiError NOT_FOUND or RATE_LIMITED
 */
export async function sendTestMessage(
  db: Db,
  scope: ChannelScope,
  { clock, random }: { clock: () => number; random: RandomBytes },
): Promise<DeliveryDoc> {
  const channel = await channelIn(db, scope)
  checkEnabled(channel)
  const now = clock()
  const at = new Date(now)
  const delivery: DeliveryDoc = {
    _id: `test_${randomBase62(random, 12)}:${channel._id}`,
    ...{ accountId: channel.accountId, channelId: channel._id },
    event: { kind: 'test' },
    ...{ status: 'PENDING', attempts: [], dueAt: at, createdAt: at, deliveredAt: null },
    expiresAt: new Date(now + DELIVERIES_KEPT_MS),
  }
  await db.client.withSession((session) =>
    session.withTransaction(async () => {
      await guardAccount(db, channel.accountId, session)
      await checkTestMessages(db, delivery, session)
      await deliveries(db).insertOne(delivery, { session })
    }),
  )
  return delivery
}

async function checkTestMessages(
  db: Db,
  { accountId, channelId, createdAt }: DeliveryDoc,
  session: ClientSession,
): Promise<void> {
  const since = new Date(createdAt.getTime() - HOUR)
  const ofAccount = await deliveries(db)
    .find({ accountId, createdAt: { $gt: since }, 'event.kind': 'test' }, { session })
    .sort({ createdAt: -1, _id: -1 })
    .toArray()
  const ofChannel = ofAccount.filter((one) => one.channelId === channelId)
  demandRoom('A channel gets', ofChannel, TEST_MESSAGES.channel, since)
  demandRoom('An account sends', ofAccount, TEST_MESSAGES.account, since)
}

/** @param sent those of the last hour, newest first */
function demandRoom(whose: string, sent: readonly DeliveryDoc[], most: number, since: Date): void {
  const inTheWay = sent[most - 1]
  if (!inTheWay) return
  const message = `${whose} at most ${most} test messages an hour.`
  const waitMs = inTheWay.createdAt.getTime() - since.getTime()
  throw new ApiError('RATE_LIMITED', message, {
    retryAfter: Math.max(1, Math.ceil(waitMs / 1_000)),
  })
}

/**
 * Sends once more what was given up, on a schedule that starts anew. Repeated, it answers how far that is.
 * @throws BadInput where it was not given up or its channel is gone or disabled, or ApiError NOT_FOUND or
 *   FORBIDDEN (100 attempts)
 */
export async function replayDelivery(
  db: Db,
  { deliveryId, accountId }: DeliveryScope,
  { clock }: { clock: () => number },
): Promise<DeliveryDoc> {
  const filter = { _id: deliveryId, ...(accountId !== null && { accountId }) }
  const found = await deliveries(db).findOne(filter)
  if (!found) throw new ApiError('NOT_FOUND', 'There is no such delivery.')
  if (found.status === 'DEAD') await checkReplay(db, found)
  const replayed = await deliveries(db).findOneAndUpdate(
    { ...filter, status: 'DEAD' },
    [
      {
        $set: {
          status: 'PENDING',
          dueAt: new Date(clock()),
          attemptsBefore: { $size: '$attempts' },
        },
      },
      { $unset: 'lease' },
    ],
    { returnDocument: 'after' },
  )
  if (replayed) return replayed
  const now = await deliveries(db).findOne(filter)
  if (now?.status === 'PENDING' || (now && now.attemptsBefore !== undefined)) return now
  throw new BadInput('Only a delivery that is DEAD can be replayed.')
}

async function checkReplay(db: Db, { channelId, attempts, event }: DeliveryDoc): Promise<void> {
  const channel = await channels(db).findOne({ _id: channelId })
  if (!channel) throw new BadInput('Its channel was removed.')
  // Mails of billing go whether or not alerts do.
  if (event.kind !== 'billing') checkEnabled(channel)
  if (attempts.length < MOST_ATTEMPTS) return
  throw new ApiError('FORBIDDEN', `A delivery is tried at most ${MOST_ATTEMPTS} times.`)
}

function checkEnabled({ enabled }: ChannelDoc): void {
  if (!enabled) throw new BadInput('The channel is disabled; enable it first.')
}
