import type { ClientSession, Db, UpdateFilter } from 'mongodb'
import { OLDEST_MS } from '../../rules/billing/charge-step.ts'
import type { BillingProvider } from '../../rules/billing/fact.ts'
import { chargeMonths } from '../../store/charge-months.ts'
import { isDuplicateKey } from '../../store/database.ts'
import {
  type ChargeTry,
  type InvoiceReason,
  TRIES_KEPT,
  type UsageChargeDoc,
  usageCharges,
} from '../../store/usage-charges.ts'

/** Who takes a charge, and for how long. */
export interface ChargeClaim {
  owner: string
  /** ms; longer than asking and sending take together. */
  leaseMs: number
  now: Date
  /** Those that this process can ask; of others it takes what nobody may send any more. */
  providers: readonly BillingProvider[]
}

/** The charge that has been due longest, for this process; null: none is due. */
export function claimCharge(
  db: Db,
  { owner, leaseMs, now, providers }: ChargeClaim,
): Promise<UsageChargeDoc | null> {
  const tooOld = { $lt: new Date(now.getTime() - OLDEST_MS) }
  return usageCharges(db).findOneAndUpdate(
    {
      ...{ status: 'PENDING', dueAt: { $lte: now } },
      $and: [
        { $or: [{ provider: { $in: [...providers] } }, { usageEnd: tooOld }] },
        { $or: [{ lease: { $exists: false } }, { $expr: { $lt: ['$lease.until', '$$NOW'] } }] },
      ],
    },
    [
      {
        $set: {
          lease: { owner, until: { $add: ['$$NOW', leaseMs] } },
          // Nobody finds what is worked on; where this process dies it is due again.
          dueAt: new Date(now.getTime() + leaseMs),
        },
      },
    ],
    { sort: { dueAt: 1 }, returnDocument: 'after' },
  )
}

/** Where Stripe counts a charge. */
export interface MeterPlace {
  customerHash: string | null
  at: Date
}

/**
 * Written before the provider is asked: whoever dies over it leaves a charge that may have been taken.
 * @param counts for whom and when it counts from now on; null: as before
 * @returns false: another process has it, or another charge the minute
 */
export async function beginTry(
  db: Db,
  { _id, firstTriedAt, unknownSince }: UsageChargeDoc,
  { owner, now, counts }: { owner: string; now: Date; counts: MeterPlace | null },
): Promise<boolean> {
  const set = {
    ...{ lastTriedAt: now, firstTriedAt: firstTriedAt ?? now, unknownSince: unknownSince ?? now },
    ...(counts && { 'meter.at': counts.at, customerHash: counts.customerHash }),
  }
  try {
    const mine = { _id, status: 'PENDING' as const, 'lease.owner': owner }
    return (await usageCharges(db).updateOne(mine, { $set: set })).matchedCount === 1
  } catch (error) {
    if (isDuplicateKey(error)) return false
    throw error
  }
}

/** Tries or asks again at `dueAt`; only where the charge is still ours. */
export async function putBackCharge(
  db: Db,
  { _id, owner }: { _id: string; owner: string },
  set: Pick<UsageChargeDoc, 'dueAt'> & Partial<Pick<UsageChargeDoc, 'unknownSince' | 'mustAsk'>>,
  tried: ChargeTry | null,
): Promise<void> {
  const update: UpdateFilter<UsageChargeDoc> = { $set: set, $unset: { lease: '' } }
  await usageCharges(db).updateOne(
    { _id, status: 'PENDING', 'lease.owner': owner },
    tried ? { ...update, ...counted(tried) } : update,
  )
}

function counted(tried: ChargeTry): UpdateFilter<UsageChargeDoc> {
  return {
    $push: { tries: { $each: [tried], $slice: -TRIES_KEPT } },
    $inc: { attempts: 1 },
  }
}

/** How a charge ended: what the provider has of it, and what is left to an invoice of ours. */
export interface ChargeEnd {
  acknowledged: number
  toNextInvoice: number
  /** Another charge has to bring these. */
  missing: number
  reason: InvoiceReason | null
  because: string | null
}

export interface EndingCharge {
  charge: UsageChargeDoc
  owner: string
  end: ChargeEnd
  /** What it ended with; null: nobody was asked. */
  tried: ChargeTry | null
  now: Date
}

/**
 * Ends a charge, in one transaction with the sums of its month; a charge ends once. That a provider has all of it
 * is true whoever hears it. That it has not is true only for whoever still holds the charge: another process may
 * have handed it over since.
 * @returns false: it had ended, or another process has it
 */
export async function endCharge(db: Db, ending: EndingCharge): Promise<boolean> {
  let ended = false
  await db.client.withSession((session) =>
    session.withTransaction(async () => {
      ended = await endInTransaction(db, ending, session)
    }),
  )
  return ended
}

async function endInTransaction(
  db: Db,
  { charge, owner, end, tried, now }: EndingCharge,
  session: ClientSession,
): Promise<boolean> {
  const { acknowledged, toNextInvoice, missing, reason, because } = end
  const { _id, apiKeyId, month, day, units } = charge
  const status = acknowledged + missing > 0 ? 'ACKNOWLEDGED' : 'NEXT_INVOICE'
  const set = { status, acknowledged, toNextInvoice, reason, because, settledAt: now } as const
  const { matchedCount } = await usageCharges(db).updateOne(
    { _id, status: 'PENDING', ...(acknowledged < units && { 'lease.owner': owner }) },
    { $set: set, $unset: { lease: '' }, ...(tried && counted(tried)) },
    { session },
  )
  if (matchedCount === 0) return false
  if (missing > 0) await usageCharges(db).insertOne(restOf(charge, missing, now), { session })
  const share = { units: toNextInvoice, reason, because: because ?? '', day, charge: _id, at: now }
  const reasons = reason === null ? [] : [{ ...share, reason }]
  await chargeMonths(db).updateOne(
    { _id: `${apiKeyId}:${month}` },
    {
      $inc: {
        ...{ version: 1, acknowledgedUnits: acknowledged, reportedUnits: -toNextInvoice },
        toNextInvoiceUnits: toNextInvoice,
      },
      $push: { reasons: { $each: reasons } },
      $set: { updatedAt: now },
    },
    { session },
  )
  return true
}

/** A charge of its own, under an identifier of its own, for what did not arrive of another. */
function restOf(charge: UsageChargeDoc, units: number, now: Date): UsageChargeDoc {
  const { lease: _lease, meter, ...kept } = charge
  const [, name = charge._id, n = '1'] = /^(.*?)(?::(\d{1,3}))?$/.exec(charge._id) ?? []
  return {
    ...kept,
    ...{ _id: `${name}:${Number(n) + 1}`, units, dueAt: now, createdAt: now },
    ...{ attempts: 0, tries: [], firstTriedAt: null, lastTriedAt: null, unknownSince: null },
    ...{ mustAsk: false, acknowledged: 0, toNextInvoice: 0, status: 'PENDING' },
    // In a minute of its own, which is chosen when it is sent.
    ...{ meter: meter && { ...meter, at: now }, customerHash: null },
  }
}
