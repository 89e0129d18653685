import type { ClientSession, Db } from 'mongodb'
import { OLDEST_MS } from '../../rules/billing/charge-step.ts'
import { compareFacts } from '../../rules/billing/fact.ts'
import { NotInvoiceable, overagePrice } from '../../rules/billing/invoice-lines.ts'
import { meterInstant } from '../../rules/billing/meter-instant.ts'
import { amountOf, storedMinor } from '../../rules/billing/money.ts'
import { statusAt } from '../../rules/billing/subscription-state.ts'
import { DAY, startOfNextMonth } from '../../rules/calendar-time.ts'
import type { Plan, Plans } from '../../rules/plan.ts'
import { accounts } from '../../store/accounts.ts'
import { factsOf } from '../../store/billing-facts.ts'
import { type InvoiceReason, type UsageChargeDoc, usageCharges } from '../../store/usage-charges.ts'
import type { StatedSubscription } from './stated-subscription.ts'

/** Calls above the limit that are due, and who may be charged with them. */
export interface DueCalls {
  accountId: string
  units: number
  /** The largest plan held. */
  plan: Plan
  /** Starts of the day and of its month, ms. */
  day: number
  month: number
  /** Null: none was in force on that day. */
  subscription: StatedSubscription | null
  now: number
}

export type ChargeTarget =
  | { to: 'STRIPE'; subscription: StatedSubscription; meter: NonNullable<UsageChargeDoc['meter']> }
  | { to: 'PADDLE'; subscription: StatedSubscription; price: NonNullable<UsageChargeDoc['price']> }
  | { to: 'invoice'; reason: InvoiceReason; because: string }
  /** Not yet: Paddle is charged at the month's end. */
  | { to: 'later' }

/** Where calls above the limit go. Everything that no provider takes goes on an invoice of ours, with the reason. */
export async function chargeTarget(
  db: Db,
  plans: Plans,
  calls: DueCalls,
  session: ClientSession,
): Promise<ChargeTarget> {
  const { subscription, day, month, now } = calls
  if (!subscription) {
    return invoice('NO_SUBSCRIPTION', 'no subscription at a provider was in force on that day')
  }
  if (statusAt(subscription.state, now) === 'CANCELED') {
    return invoice('SUBSCRIPTION_ENDED', 'the subscription ended before they were charged')
  }
  const isLastDay = day + DAY === startOfNextMonth(month)
  if (subscription.provider === 'PADDLE' && !isLastDay) return { to: 'later' }
  if (now - (day + DAY) > OLDEST_MS) return invoice('TOO_OLD', 'they are older than 34 days')
  const sold = plans.get(subscription.state.tier ?? '') ?? calls.plan
  return subscription.provider === 'STRIPE'
    ? await meterTarget(db, sold, { ...calls, subscription }, session)
    : await priceTarget(db, sold, { ...calls, subscription }, session)
}

type CallsOf = DueCalls & { subscription: StatedSubscription }

async function meterTarget(
  db: Db,
  { id, stripeMeterEvent: eventName, stripeOveragePriceId }: Plan,
  { subscription, day, now }: CallsOf,
  session: ClientSession,
): Promise<ChargeTarget> {
  if (eventName === undefined) {
    return invoice('NOT_SOLD_THERE', `the plan "${id}" has no stripeMeterEvent`)
  }
  const items = await pricesOf(db, subscription, session)
  // What is counted for a subscription without the price of it, is counted and never billed.
  if (stripeOveragePriceId !== undefined && items && !items.includes(stripeOveragePriceId)) {
    return invoice('NOT_SOLD_THERE', 'the subscription does not have the metered price')
  }
  const at = await freeMinute(db, subscription, { day, now }, session)
  return { to: 'STRIPE', subscription, meter: { eventName, at: new Date(at) } }
}

/**
 * The minute in which a day's calls of this subscription count, ms.
 * @param own the charge that it is for, whose minute is its own
 */
export async function freeMinute(
  db: Db,
  subscription: StatedSubscription,
  { day, now, own = '' }: { day: number; now: number; own?: string },
  session?: ClientSession,
): Promise<number> {
  const options = session ? { session } : {}
  const { customerHash, state } = subscription
  const others = await usageCharges(db)
    .find(
      {
        ...{ customerHash, _id: { $ne: own } },
        'meter.at': { $gte: new Date(day), $lte: new Date(now) },
      },
      options,
    )
    .project<{ meter: { at: Date } }>({ 'meter.at': 1 })
    .toArray()
  const taken = new Set(customerHash === null ? [] : others.map(({ meter }) => meter.at.getTime()))
  const periodEnds = await periodEndsOf(db, subscription, session)
  return meterInstant({ day, periodEnds, startedAt: state.startedAt, now, taken })
}

/** What it sells, as its newest event or answer says; null: none has said so yet. */
async function pricesOf(
  db: Db,
  { _id }: StatedSubscription,
  session: ClientSession,
): Promise<readonly string[] | null> {
  const facts = (await factsOf(db, _id, session)).toSorted(compareFacts)
  const last = facts.findLast(({ says }) => says.kind === 'snapshot')
  return last?.says.kind === 'snapshot' ? last.says.priceIds : null
}

/** Ends of its periods, as far as its events told them. */
export async function periodEndsOf(
  db: Db,
  { _id, state }: StatedSubscription,
  session?: ClientSession,
): Promise<number[]> {
  const facts = await factsOf(db, _id, session)
  const told = facts.map(({ says }) => (says.kind === 'snapshot' ? says.currentPeriodEnd : null))
  return [...told, state.currentPeriodEnd].filter((end) => end !== null)
}

async function priceTarget(
  db: Db,
  { id, paddleOverageProductId: productId }: Plan,
  { subscription, accountId, plan, units }: CallsOf,
  session: ClientSession,
): Promise<ChargeTarget> {
  if (productId === undefined) {
    return invoice('NOT_SOLD_THERE', `the plan "${id}" has no paddleOverageProductId`)
  }
  const account = await accounts(db).findOne({ _id: accountId }, { session })
  const currency = account?.currency ?? ''
  try {
    const amount = storedMinor(amountOf(units, overagePrice(plan, currency), currency))
    return { to: 'PADDLE', subscription, price: { productId, amount, currency } }
  } catch (error) {
    if (!(error instanceof NotInvoiceable)) throw error
    return invoice('NO_PRICE', error.message)
  }
}

function invoice(reason: InvoiceReason, because: string): ChargeTarget {
  return { to: 'invoice', reason, because }
}
