import type { ClientSession, Db } from 'mongodb'
import { DAY, dayName, monthName } from '../../rules/calendar-time.ts'
import type { Plan } from '../../rules/plan.ts'
import type { ApiKeyDoc } from '../../store/api-keys.ts'
import {
  type ChargeMonthDoc,
  chargeMonths,
  type InvoiceShare,
  lockChargeMonth,
} from '../../store/charge-months.ts'
import { type UsageChargeDoc, usageCharges } from '../../store/usage-charges.ts'
import type { ChargeTarget } from './charge-target.ts'

/** A day that is closed, and the start of its month, ms. */
export interface ClosedDay {
  day: number
  month: number
}

/** What was written for one key. */
export interface Intended {
  /** Calls that a provider is to be charged with. */
  charged: number
  toNextInvoice: number
}

/** What of a key's calls above the limit is charged now. */
export interface Decision extends ClosedDay {
  key: ApiKeyDoc
  plan: Plan
  now: number
  late: number
  units: number
  target: ChargeTarget
  usage: number
}

/** In the transaction of the decision: the charges, and the sums of their month. */
export async function writeCharges(
  db: Db,
  decision: Decision,
  session: ClientSession,
): Promise<Intended> {
  const { key, plan, day, month, late, units, target, usage } = decision
  const now = new Date(decision.now)
  const name = { apiKeyId: key._id, accountId: key.accountId, month: monthName(month) }
  const locked = await lockChargeMonth(db, name, plan.id, now, session)
  const docs = [
    ...(late > 0 ? [lateCharge(decision, locked)] : []),
    ...(units > 0 ? [dueCharge(decision)] : []),
  ]
  const shares = docs.flatMap(shareOf)
  const toNextInvoice = shares.reduce((sum, share) => sum + share.units, 0)
  const charged = late + units - toNextInvoice
  const acknowledged = docs.reduce((sum, doc) => sum + doc.acknowledged, 0)
  const last = Math.max(locked.through?.getTime() ?? 0, target.to === 'later' ? 0 : day)
  await usageCharges(db).insertMany(docs, { session })
  await chargeMonths(db).updateOne(
    { _id: locked._id },
    {
      $set: { tier: plan.id, usage, updatedAt: now, ...(last > 0 && { through: new Date(last) }) },
      $inc: {
        ...{ reportedUnits: charged, acknowledgedUnits: acknowledged },
        toNextInvoiceUnits: toNextInvoice,
      },
      $push: { reasons: { $each: shares } },
    },
    { session },
  )
  return { charged, toNextInvoice }
}

type Common = Omit<UsageChargeDoc, '_id' | 'units'>

function common({ key, plan, day, month, now }: Decision): Common {
  const at = new Date(now)
  return {
    ...{ apiKeyId: key._id, accountId: key.accountId, month: monthName(month), tier: plan.id },
    ...{ day: new Date(day), usageEnd: new Date(day + DAY), createdAt: at, dueAt: at },
    ...{ provider: null, subscription: null, customerHash: null, meter: null, price: null },
    ...{ status: 'PENDING', acknowledged: 0, toNextInvoice: 0, reason: null, because: null },
    ...{ attempts: 0, tries: [], firstTriedAt: null, lastTriedAt: null, unknownSince: null },
    ...{ mustAsk: false, settledAt: null },
  }
}

function lateCharge(decision: Decision, { version }: ChargeMonthDoc): UsageChargeDoc {
  const { key, month, late, now } = decision
  return {
    ...common(decision),
    ...{ _id: `${key._id}:${monthName(month)}:late:${version}`, units: late },
    ...{ status: 'NEXT_INVOICE', toNextInvoice: late, settledAt: new Date(now) },
    ...{ reason: 'LATE_CALLS', because: 'they came in after their days had been charged' },
  }
}

function dueCharge(decision: Decision): UsageChargeDoc {
  const { key, day, month, units, target, now } = decision
  const named = target.to === 'PADDLE' ? monthName(month) : dayName(day)
  const doc = { ...common(decision), _id: `${key._id}:${named}`, units }
  if (target.to === 'STRIPE' || target.to === 'PADDLE') {
    const { _id: subscription, customerHash, provider } = target.subscription
    const what = target.to === 'STRIPE' ? { meter: target.meter } : { price: target.price }
    const free = target.to === 'PADDLE' && target.price.amount === 0
    return {
      ...{ ...doc, ...what, provider, subscription, customerHash },
      ...(free && { status: 'ACKNOWLEDGED', acknowledged: units, settledAt: new Date(now) }),
      ...(free && { because: 'together they cost less than the smallest coin' }),
    }
  }
  if (target.to === 'later') throw new Error('what is charged later is not written yet')
  const { reason, because } = target
  return {
    ...{ ...doc, reason, because, status: 'NEXT_INVOICE', toNextInvoice: units },
    settledAt: new Date(now),
  }
}

function shareOf(doc: UsageChargeDoc): InvoiceShare[] {
  const { _id: charge, toNextInvoice: units, reason, because, day, createdAt: at } = doc
  return reason === null ? [] : [{ units, reason, because: because ?? '', day, charge, at }]
}
