import type { ClientSession } from 'mongodb'
import { decideAccess, type KeyAccess } from '../rules/billing/key-access.ts'
import { FREE_TIER } from '../rules/plan.ts'
import { type AccessState, recordAccessChange } from './access-history.ts'
import { type ApiKeyDoc, apiKeys, type KeyBilling } from './api-keys.ts'
import { type NewBillingNotice, writeNotices } from './billing-notices.ts'
import { billingSubscriptions, type SubscriptionDoc } from './billing-subscriptions.ts'
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

/**
 * Brings a key in line with its subscriptions: plan, block, what is shown of billing; with an entry in its
 * history and what others are told, all in the transaction. The key's document is written first, so that two
 * subscriptions of one key are settled one after the other.
 */
export async function settleKey(
  tools: SettleTools,
  apiKeyId: string,
  cause: SettleCause,
  session: ClientSession,
): Promise<void> {
  const { db, now } = tools
  const raise = { $inc: { accessVersion: 1 } }
  const key = await apiKeys(db).findOneAndUpdate({ _id: apiKeyId }, raise, {
    session,
    returnDocument: 'after',
  })
  if (!key) return
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
  if (differs(from, to)) {
    const { because, happenedAt } = cause
    await recordAccessChange(
      db,
      {
        ...{ apiKeyId, accountId: key.accountId, recordedAt: new Date(now), from, to, because },
        ...{ cause: cause.cause, happenedAt: new Date(happenedAt) },
      },
      session,
    )
  }
  await writeNotices(db, key.accountId, noticesOf(key, next, cause, now), session)
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
    currentPeriodEnd: dateOf(state.currentPeriodEnd),
    endsAt: dateOf(state.endsAt),
    pastDueSince: dateOf(shown.status === 'PAST_DUE' ? state.pastDueSince : null),
    ...customerOfKey(tools, key, subscription),
  }
  const isNew = key.billing?.granted !== tier
  return { tier: isNew ? tier : key.tier, blockedBecause, billing }
}

/** Its subscription went to another key: what it gave goes with it. */
function withoutBilling(key: ApiKeyDoc): Granted {
  const lost = key.billing !== undefined && key.tier === key.billing.granted
  return { tier: lost ? FREE_TIER : key.tier, blockedBecause: null, billing: null }
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

export function accessOf(
  key: Pick<ApiKeyDoc, 'tier' | 'blockedBecause' | 'revokedAt'> & { billing?: KeyBilling | null },
): AccessState {
  const { tier, blockedBecause, revokedAt, billing } = key
  const billingStatus = billing?.status ?? 'NONE'
  return { tier, blockedBecause, revoked: revokedAt !== null, billingStatus }
}

function differs(from: AccessState, to: AccessState): boolean {
  return (
    from.tier !== to.tier ||
    from.billingStatus !== to.billingStatus ||
    isBlocked(from) !== isBlocked(to)
  )
}

const isBlocked = ({ blockedBecause }: Pick<AccessState, 'blockedBecause'>) =>
  blockedBecause !== null

function noticesOf(
  key: ApiKeyDoc,
  next: Granted,
  { because, cause }: SettleCause,
  now: number,
): NewBillingNotice[] {
  const { _id: apiKeyId, accountId, accessVersion = 0 } = key
  const about = (type: NewBillingNotice['type'], data: NewBillingNotice['data']) => ({
    _id: `${apiKeyId}:${accessVersion}:${type}`,
    ...{ accountId, apiKeyId, type, at: new Date(now), data: { ...data, because, cause } },
  })
  const [before, after] = [shownOf(key.billing), shownOf(next.billing)]
  const accessChanged = key.tier !== next.tier || isBlocked(key) !== isBlocked(next)
  return [
    ...(JSON.stringify(before) === JSON.stringify(after)
      ? []
      : [about('subscription-changed', { subscription: after, before })]),
    ...(before?.pastDueSince == null && after?.pastDueSince != null
      ? [about('payment-failed', { subscription: after })]
      : []),
    ...(before?.pastDueSince != null && after?.status === 'ACTIVE'
      ? [about('payment-received', { subscription: after })]
      : []),
    ...(accessChanged
      ? [about('access-changed', { tier: next.tier, blockedBecause: next.blockedBecause })]
      : []),
  ]
}

/** What others may know of a subscription: nothing by which the customer could be found at the provider. */
function shownOf(billing: KeyBilling | null | undefined) {
  if (!billing) return null
  const { provider, status, tier, currentPeriodEnd, endsAt, pastDueSince } = billing
  const text = (date: Date | null) => date?.toISOString() ?? null
  return {
    ...{ provider, status, tier, currentPeriodEnd: text(currentPeriodEnd) },
    ...{ endsAt: text(endsAt), pastDueSince: text(pastDueSince) },
  }
}
