import { type ClientSession, type Db, MongoServerError } from 'mongodb'
import { chargedSubscription, wasSubscribed } from '../../rules/billing/charged-subscription.ts'
import { dueOverage } from '../../rules/billing/overage.ts'
import { type KeyPlans, largestOf, plansHeld } from '../../rules/billing/plans-held.ts'
import { DAY, dayName, monthName, startOfNextMonth } from '../../rules/calendar-time.ts'
import type { Plan } from '../../rules/plan.ts'
import { accessHistory } from '../../store/access-history.ts'
import { type ApiKeyDoc, apiKeys } from '../../store/api-keys.ts'
import { billingSubscriptions } from '../../store/billing-subscriptions.ts'
import {
  type ChargeMonthDoc,
  chargeMonths,
  type InvoiceShare,
  lockChargeMonth,
} from '../../store/charge-months.ts'
import { usageCells } from '../../store/usage-cells.ts'
import { type UsageChargeDoc, usageCharges } from '../../store/usage-charges.ts'
import { type ChargeTarget, chargeTarget, type StatedSubscription } from './charge-target.ts'
import type { ChargeTools } from './charge-tools.ts'

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

const nothing: Intended = { charged: 0, toNextInvoice: 0 }
const later: ChargeTarget = { to: 'later' }
const DUPLICATE_KEY = 11_000

/**
 * Writes down what of a key's calls above the limit is to be charged now that a day is closed, in one
 * transaction with the sums of its month: whoever does it, and however often, a call is decided about once.
 */
export async function intendKey(
  tools: ChargeTools,
  apiKeyId: string,
  closed: ClosedDay,
): Promise<Intended> {
  for (;;) {
    try {
      let intended = nothing
      await tools.db.client.withSession((session) =>
        session.withTransaction(async () => {
          intended = await intend(tools, apiKeyId, closed, session)
        }),
      )
      return intended
    } catch (error) {
      // Another key of the same customer took the minute meanwhile: the next look finds another one.
      if (!(error instanceof MongoServerError && error.code === DUPLICATE_KEY)) throw error
    }
  }
}

async function intend(
  { db, plans, clock }: ChargeTools,
  apiKeyId: string,
  { day, month }: ClosedDay,
  session: ClientSession,
): Promise<Intended> {
  const now = clock()
  const key = await apiKeys(db).findOne({ _id: apiKeyId }, { session })
  if (!key) return nothing
  const held = await statedSubscriptions(db, apiKeyId, session)
  const before = await chargeMonths(db).findOne(
    { _id: `${apiKeyId}:${monthName(month)}` },
    { session },
  )
  // A key that no provider bills is for our own invoice, all of it.
  if (!before && !wasSubscribed(held, month, day)) return nothing
  const plan = largestOf(plansHeld(await plansOf(db, key, session), month, day), plans)
  if (!plan) return nothing
  const days = await daysOf(db, apiKeyId, month, session)
  const decided = (before?.reportedUnits ?? 0) + (before?.toNextInvoiceUnits ?? 0)
  const through = before?.through?.getTime() ?? null
  const { late, due } = dueOverage({ days, day, plan, through, decided })
  const subscription = chargedSubscription(held, day)
  const calls = { accountId: key.accountId, units: due, plan, day, month, subscription, now }
  const target = due > 0 ? await chargeTarget(db, plans, calls, session) : later
  const units = target.to === 'later' ? 0 : due
  if (late === 0 && units === 0) return nothing
  const usage = [...days.values()].reduce((sum, one) => sum + one, 0)
  return await write(db, { key, plan, day, month, now, late, units, target, usage }, session)
}

async function statedSubscriptions(
  db: Db,
  apiKeyId: string,
  session: ClientSession,
): Promise<StatedSubscription[]> {
  const docs = await billingSubscriptions(db).find({ apiKeyId }, { session }).toArray()
  return docs.flatMap((doc) => (doc.state ? [{ ...doc, state: doc.state, id: doc._id }] : []))
}

async function plansOf(db: Db, key: ApiKeyDoc, session: ClientSession): Promise<KeyPlans> {
  const changes = await accessHistory(db)
    .find({ apiKeyId: key._id }, { session })
    .sort({ n: 1 })
    .toArray()
  return {
    createdAt: key.createdAt.getTime(),
    revokedAt: key.revokedAt?.getTime() ?? null,
    tier: key.tier,
    changes: changes.map(({ at, from, to }) => ({
      at: at.getTime(),
      from: from?.tier ?? null,
      to: to.tier,
    })),
  }
}

async function daysOf(
  db: Db,
  apiKeyId: string,
  month: number,
  session: ClientSession,
): Promise<Map<number, number>> {
  const names: string[] = []
  for (let day = month; day < startOfNextMonth(month); day += DAY) names.push(dayName(day))
  const cells = await usageCells(db)
    .days.find({ _id: { $in: names.map((name) => `${apiKeyId}:${name}`) } }, { session })
    .project<{ at: Date; total: number }>({ at: 1, total: 1 })
    .toArray()
  return new Map(cells.map(({ at, total }) => [at.getTime(), total]))
}

interface Decision extends ClosedDay {
  key: ApiKeyDoc
  plan: Plan
  now: number
  late: number
  units: number
  target: ChargeTarget
  usage: number
}

async function write(db: Db, decision: Decision, session: ClientSession): Promise<Intended> {
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
