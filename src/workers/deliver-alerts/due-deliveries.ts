import type { Db } from 'mongodb'
import { type DeliveryAttempt, type DeliveryDoc, deliveries } from '../../store/deliveries.ts'

/** The delivery of a channel that has waited longest. */
export interface DueDelivery {
  channelId: string
  deliveryId: string
  accountId: string
  dueAt: Date
}

/**
 * Of each channel that has something due the oldest, oldest channel first. The index of deliveries is left
 * from channel to channel, so that a channel with a hundred thousand of them costs as much as one with one.
 */
export async function dueByChannel(db: Db, now: Date): Promise<DueDelivery[]> {
  const firsts = await deliveries(db)
    .aggregate<{ _id: string } & Omit<DueDelivery, 'channelId'>>([
      { $match: { status: 'PENDING', dueAt: { $lte: now } } },
      { $sort: { status: 1, channelId: 1, dueAt: 1 } },
      {
        $group: {
          _id: '$channelId',
          deliveryId: { $first: '$_id' },
          accountId: { $first: '$accountId' },
          dueAt: { $first: '$dueAt' },
        },
      },
    ])
    .toArray()
  return firsts
    .map(({ _id: channelId, ...due }) => ({ channelId, ...due }))
    .toSorted((a, b) => a.dueAt.getTime() - b.dueAt.getTime())
}

/** Who takes a delivery, and for how long. */
export interface Claim {
  owner: string
  /** ms; longer than any try. */
  leaseMs: number
  now: Date
}

/**
 * Takes the delivery for this process; null: another has it, or it is not due any more. It also becomes due
 * again only when the lease ends, so that nobody finds what is being sent.
 */
export function claimDelivery(
  db: Db,
  deliveryId: string,
  { owner, leaseMs, now }: Claim,
): Promise<DeliveryDoc | null> {
  return deliveries(db).findOneAndUpdate(
    {
      _id: deliveryId,
      status: 'PENDING',
      dueAt: { $lte: now },
      $or: [{ lease: { $exists: false } }, { $expr: { $lt: ['$lease.until', '$$NOW'] } }],
    },
    [
      {
        $set: {
          lease: { owner, until: { $add: ['$$NOW', leaseMs] } },
          dueAt: new Date(now.getTime() + leaseMs),
        },
      },
    ],
    { returnDocument: 'after' },
  )
}

/** How a try ended: what changes in the delivery beside the attempt itself. */
export type Settled =
  | { status: 'DELIVERED'; deliveredAt: Date }
  | { status: 'PENDING'; dueAt: Date }
  | { status: 'DEAD' }

/** False: the lease had run out and another process has the delivery; what happens then is its. */
export async function settleDelivery(
  db: Db,
  { deliveryId, owner }: { deliveryId: string; owner: string },
  attempt: DeliveryAttempt,
  settled: Settled,
): Promise<boolean> {
  const { matchedCount } = await deliveries(db).updateOne(
    { _id: deliveryId, status: 'PENDING', 'lease.owner': owner },
    { $set: settled, $push: { attempts: attempt }, $unset: { lease: '' } },
  )
  return matchedCount === 1
}
