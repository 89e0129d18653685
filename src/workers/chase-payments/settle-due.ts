import type { Db } from 'mongodb'
import type { Logger } from '../../log.ts'
import type { Plans } from '../../rules/plan.ts'
import { billingSubscriptions, type SubscriptionDoc } from '../../store/billing-subscriptions.ts'
import { databaseAway } from '../../store/database.ts'
import type { Encryption } from '../../store/encryption.ts'
import { createSettleTools, settleSubscription } from '../../store/settle-subscription.ts'

export interface SettleDueOptions {
  db: Db
  plans: Plans
  encryption: Encryption
  /** ms since the epoch */
  clock: () => number
  log: Logger
  /** How long a subscription is left alone after a try that failed, or whose process died. */
  leaseMs?: number
}

/** How many subscriptions were settled, and how many of them could not be. */
export interface SettledDue {
  settled: number
  failed: number
}

/** Well within the minute that a booked end may take to be seen. */
const LEASE_MS = 20_000
/** Transactions at the same time. */
const AT_ONCE = 4

/**
 * Settles every subscription whose date was reached, longest due first. Any number of processes may: a lease
 * keeps them off each other's, and a subscription that is settled twice is settled all the same.
 * @returns once none is due any more, or `stopping` says so
 * @throws where MongoDB is away; what was not settled stays due
 */
export async function settleDue(
  options: SettleDueOptions,
  stopping: () => boolean = () => false,
): Promise<SettledDue> {
  const counts = { settled: 0, failed: 0 }
  async function settleFrom(first: SubscriptionDoc | null): Promise<void> {
    for (let due = first; due; due = stopping() ? null : await claimDue(options)) {
      const done = await settle(options, due)
      counts[done ? 'settled' : 'failed'] += 1
    }
  }
  // Nearly always nothing is due: one look tells.
  const first = await claimDue(options)
  if (!first) return counts
  const others = Array.from({ length: AT_ONCE - 1 }, async () => {
    if (!stopping()) await settleFrom(await claimDue(options))
  })
  await Promise.all([settleFrom(first), ...others])
  return counts
}

/** It is due again when the lease ends, unless it was settled by then. */
function claimDue({
  db,
  clock,
  leaseMs = LEASE_MS,
}: SettleDueOptions): Promise<SubscriptionDoc | null> {
  const now = clock()
  return billingSubscriptions(db).findOneAndUpdate(
    { nextCheckAt: { $lte: new Date(now) } },
    { $set: { nextCheckAt: new Date(now + leaseMs) } },
    { sort: { nextCheckAt: 1 } },
  )
}

/** @returns false where it cannot be settled, whatever the reason: others are, meanwhile */
async function settle(
  { db, plans, encryption, clock, log }: SettleDueOptions,
  { _id, provider }: SubscriptionDoc,
): Promise<boolean> {
  try {
    await db.client.withSession((session) =>
      session.withTransaction(async () => {
        const tools = createSettleTools({ db, plans, encryption, now: clock() })
        await settleSubscription(tools, { _id, provider, customer: null }, 'time', session)
      }),
    )
    return true
  } catch (error) {
    if (databaseAway(error)) throw error
    log.error({ err: error, subscription: _id }, 'a subscription whose date came cannot be settled')
    return false
  }
}

/** After settings may have changed: what PLANS_FILE says of days of grace holds from now on. */
export async function lookAtAllPastDue({ db, clock }: SettleDueOptions): Promise<void> {
  await billingSubscriptions(db).updateMany(
    { 'state.status': 'PAST_DUE' },
    { $set: { nextCheckAt: new Date(clock()) } },
  )
}
