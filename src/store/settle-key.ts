import type { ClientSession } from 'mongodb'
import { decideAccess, type KeyAccess } from '../rules/billing/key-access.ts'
import { FREE_TIER } from '../rules/plan.ts'
import { accessOf, recordAccessChange, sameAccess } from './access-history.ts'
import { type ApiKeyDoc, apiKeys, type KeyBilling } from './api-keys.ts'
import { writeNotices } from './billing-notices.ts'
import { billingSubscriptions, type SubscriptionDoc } from './billing-subscriptions.ts'
import { noticesOfKey } from './key-notices.ts'
import { decryptCustomer, type SettleTools } from './settle-subscription.ts'

/** Why a key's access is decided anew. */
export interface SettleCause {
  /** `STRIPE:evt_1`, or `time` where a date was reached. */
  cause: string
  /** Plain words. */
  because: string
  /** ms */
  happenedAt: number
}

/** How a key stands once it is settled. */
export interface SettledKey {
  /** Its calls are refused. */
  refused: boolean
  /** Some subscription of it is paid for, or on trial. */
  paidFor: boolean
}

/**
 * Brings a key in line with its subscriptions: plan, block, what is shown of billing; with an entry in its
 * history and what others are told, all in the transaction. The key's document is written first, so that two
 * subscriptions of one key are settled one after the other.
 * @param cause by which of its subscriptions, and why
 * @returns null where the key is gone
 */
export async function settleKey(
  tools: SettleTools,
  apiKeyId: string,
  cause: SettleCause & { subscription: string },
  session: ClientSession,
): Promise<SettledKey | null> {
  const { db, now } = tools
  const raise = { $inc: { accessVersion: 1 } }
  const key = await apiKeys(db).findOneAndUpdate({ _id: apiKeyId }, raise, {
    session,
    returnDocument: 'after',
  })
  if (!key) return null
  const held = await billingSubscriptions(db).find({ apiKeyId }, { session }).toArray()
  const graceDays = await tools.graceDaysOf(key.accountId, session)
  const access = decideAccess(
    held.flatMap(({ _id, state }) =>
      state ? [{ id: _id, state, graceDays: graceDays(state.tier) }] : [],
    ),
    now,
  )
  const next = access ? grantedAccess(tools, key, access, held) : withoutBilling(key)
  await apiKeys(db).updateOne({ _id: apiKeyId }, updateOf(key, next), { session })
  const [from, to] = [accessOf(key), accessOf({ ...key, ...next })]
  const settled = { refused: next.blockedBecause !== null, paidFor: access?.paidFor ?? false }
  if (!sameAccess(from, to)) {
    const entry = { apiKeyId, accountId: key.accountId, recordedAt: new Date(now), from, to }
    const { because, happenedAt } = cause
    const why = { because, cause: cause.cause, happenedAt: new Date(happenedAt) }
    await recordAccessChange(db, { ...entry, ...why }, session)
    await lookAtOthers(tools, apiKeyId, cause.subscription, session)
  }
  await writeNotices(db, key.accountId, noticesOfKey(key, next, cause, now), session)
  return settled
}

/** What the series of mails about another subscription of the key says may not hold any more. */
async function lookAtOthers(
  { db, now }: SettleTools,
  apiKeyId: string,
  subscription: string,
  session: ClientSession,
): Promise<void> {
  const others = { apiKeyId, _id: { $ne: subscription }, 'state.status': 'PAST_DUE' as const }
  const due = { $set: { nextCheckAt: new Date(now) } }
  await billingSubscriptions(db).updateMany(others, due, { session })
}

type Granted = Pick<ApiKeyDoc, 'tier' | 'blockedBecause'> & { billing: KeyBilling | null }

function grantedAccess(
  tools: SettleTools,
  key: ApiKeyDoc,
  access: KeyAccess,
  held: readonly SubscriptionDoc[],
): Granted {
  const { shown, tier, blockedBecause } = access
  const subscription = held.find(({ _id }) => _id === shown.id)
  if (!subscription) throw new Error(`${shown.id} is not a subscription of ${key._id}`)
  const { state } = shown
  const billing: KeyBilling = {
    status: shown.status,
    subscription: shown.id,
    provider: subscription.provider,
    tier: state.tier ?? FREE_TIER,
    granted: tier,
    startedAt: new Date(state.startedAt),
    tierBefore: key.billing?.tierBefore ?? key.tier,
    currentPeriodEnd: dateOf(state.currentPeriodEnd),
    endsAt: dateOf(state.endsAt),
    pastDueSince: dateOf(shown.status === 'PAST_DUE' ? state.pastDueSince : null),
    ...customerOfKey(tools, key, subscription),
  }
  const isNew = key.billing?.granted !== tier
  return { tier: isNew ? tier : key.tier, blockedBecause, billing }
}

/** Its subscription went to another key: what it gave goes with it, and what was before is back. */
function withoutBilling({ tier, billing }: ApiKeyDoc): Granted {
  const lost = billing !== undefined && tier === billing.granted
  const before = billing?.tierBefore ?? FREE_TIER
  return { tier: lost ? before : tier, blockedBecause: null, billing: null }
}

/** What is encrypted is bound to its record: the key has its own copy, made anew only for another customer. */
function customerOfKey(
  tools: SettleTools,
  key: ApiKeyDoc,
  subscription: SubscriptionDoc,
): Pick<KeyBilling, 'customer' | 'customerHash'> {
  const { customerHash } = subscription
  const known = key.billing
  if (known && known.customerHash === customerHash)
    return { customer: known.customer, customerHash }
  const customer = decryptCustomer(tools, subscription)
  if (customer === null) return { customer: null, customerHash: null }
  return { customer: tools.encryption.encrypt(customer, key._id, 'billing.customer'), customerHash }
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms)
}

function updateOf(key: ApiKeyDoc, { billing, ...access }: Granted) {
  return {
    $set: { ...access, ...(billing && { billing }) },
    ...(billing === null && { $unset: { billing: '' as const } }),
    // A level of the new plan that is reached already is raised within seconds.
    ...(access.tier !== key.tier && { $currentDate: { levelsMovedAt: true as const } }),
  }
}
