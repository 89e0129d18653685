import type { Binary, ClientSession, Db } from 'mongodb'
import { billingInbox, type InboxDoc } from '../../store/billing-inbox.ts'

/** Who takes an event, and for how long. */
export interface Claim {
  owner: string
  /** Of the session in which it will be applied. */
  lsid: Binary
  /** ms; longer than applying takes. */
  leaseMs: number
  now: Date
}

/** An event as it was before it was taken; its lease, where it has one, is of somebody who did not finish. */
export type ClaimedEvent = InboxDoc

/** The event that has been due longest, for this process; null: none is due. */
export function claimEvent(
  db: Db,
  { owner, lsid, leaseMs, now }: Claim,
): Promise<ClaimedEvent | null> {
  return billingInbox(db).findOneAndUpdate(
    {
      status: 'PENDING',
      dueAt: { $lte: now },
      $or: [{ lease: { $exists: false } }, { $expr: { $lt: ['$lease.until', '$$NOW'] } }],
    },
    [
      {
        $set: {
          lease: { owner, lsid: { $literal: lsid }, until: { $add: ['$$NOW', leaseMs] } },
          // Nobody finds what is being applied; where this process dies it is due again.
          dueAt: new Date(now.getTime() + leaseMs),
        },
      },
    ],
    { sort: { dueAt: 1 }, returnDocument: 'before' },
  )
}

/** How an event ended. */
export type Settled = Pick<InboxDoc, 'status' | 'because'>

/**
 * In the transaction of what the event changed.
 * @returns false: another process has settled it meanwhile
 */
export async function settleEvent(
  db: Db,
  _id: string,
  settled: Settled,
  now: Date,
  session?: ClientSession,
): Promise<boolean> {
  const { matchedCount } = await billingInbox(db).updateOne(
    { _id, status: 'PENDING' },
    { $set: { ...settled, settledAt: now }, $unset: { lease: '' } },
    session ? { session } : {},
  )
  return matchedCount === 1
}

/** Tries again at `dueAt`; only where the event is still ours. */
export async function putBackEvent(
  db: Db,
  { _id, owner, dueAt }: { _id: string; owner: string; dueAt: Date },
  counts: boolean,
): Promise<void> {
  await billingInbox(db).updateOne(
    { _id, status: 'PENDING', 'lease.owner': owner },
    { $set: { dueAt }, $unset: { lease: '' }, ...(counts && { $inc: { attempts: 1 } }) },
  )
}
