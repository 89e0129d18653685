import type { ClientSession, Db } from 'mongodb'
import { billingInbox, type InboxDoc } from '../../store/billing-inbox.ts'

/** Who takes an event, and for how long. */
export interface Claim {
  owner: string
  /** ms; longer than applying takes. */
  leaseMs: number
  now: Date
}

/** The event that has been due longest, for this process; null: none is due. */
export function claimEvent(db: Db, { owner, leaseMs, now }: Claim): Promise<InboxDoc | null> {
  return billingInbox(db).findOneAndUpdate(
    {
      status: 'PENDING',
      dueAt: { $lte: now },
      $or: [{ lease: { $exists: false } }, { $expr: { $lt: ['$lease.until', '$$NOW'] } }],
    },
    [
      {
        $set: {
          lease: { owner, until: { $add: ['$$NOW', leaseMs] } },
          // Nobody finds what is being applied; where this process dies it is due again.
          dueAt: new Date(now.getTime() + leaseMs),
        },
      },
    ],
    { sort: { dueAt: 1 }, returnDocument: 'after' },
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
