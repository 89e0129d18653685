import { hash } from 'node:crypto'
import type { ClientSession } from 'mongodb'
import { providerId } from '../../rules/billing/fact.ts'
import type { EventContent, SaidDispute } from '../../rules/billing/provider-event.ts'
import { customerOfCharge } from '../../rules/billing/stripe-event.ts'
import { lockInCommon } from '../../store/billing-locks.ts'
import { billingNotices, type NewBillingNotice, writeNotices } from '../../store/billing-notices.ts'
import { billingSubscriptions, type SubscriptionDoc } from '../../store/billing-subscriptions.ts'
import {
  keepProviderRefund,
  type ProviderRefundDoc,
  providerRefunds,
} from '../../store/provider-refunds.ts'
import { type Applying, namedCustomer } from './applying.ts'
import type { Settled } from './inbox-claims.ts'

/** Money that went back. Whose it is may be told only later: it is kept in any case. */
export async function applyRefund(
  applying: Applying,
  { at, refund }: Extract<EventContent, { about: 'refund' }>,
  session: ClientSession,
): Promise<Settled> {
  const { db, provider } = applying
  const { total, currency, customer } = refund
  const named = (id: string | null) => (id === null ? null : providerId(provider, id))
  const kept = await keepProviderRefund(
    db,
    {
      _id: providerId(provider, refund.id),
      accountId: await accountOf(applying, { ...refund, charge: null }, session),
      ...{ subscription: named(refund.subscription), invoice: named(refund.invoice) },
      customerHash: customer === null ? null : namedCustomer(applying, customer).hash,
      ...{ total, currency, at: new Date(at) },
    },
    session,
  )
  if (kept.accountId !== null) {
    await tellOfRefund(applying, { ...kept, accountId: kept.accountId }, session)
    return { status: 'APPLIED', because: null }
  }
  await lockInCommon(db, [kept.subscription, kept.customerHash], session)
  const because = 'it is of a customer of nobody here; it is kept, and counts once he is somebody’s'
  return { status: 'IGNORED', because }
}

/** Of a subscription whose owner is known now: refunds whose events came before that was told. */
export async function tellOfKeptRefunds(
  applying: Applying,
  { _id: subscription, accountId, customerHash }: SubscriptionDoc,
  session: ClientSession,
): Promise<void> {
  if (accountId === null) return
  await lockInCommon(applying.db, [subscription, customerHash], session)
  const ofCustomer = customerHash === null ? [] : [{ customerHash }]
  const refunds = providerRefunds(applying.db)
  const found = await refunds
    .find({ accountId: null, $or: [{ subscription }, ...ofCustomer] }, { session })
    .toArray()
  for (const refund of found) {
    const owned = { accountId, creditDue: true }
    await refunds.updateOne({ _id: refund._id }, { $set: owned }, { session })
    await tellOfRefund(applying, { ...refund, accountId }, session)
  }
}

/** What has not been told yet: events of one charge hold the sum of all its refunds. */
async function tellOfRefund(
  applying: Applying,
  { _id, accountId, total, told = 0, currency }: ProviderRefundDoc & { accountId: string },
  session: ClientSession,
): Promise<void> {
  if (total <= told) return
  await providerRefunds(applying.db).updateOne({ _id }, { $set: { told: total } }, { session })
  const data = { provider: applying.provider, refunded: total - told, total, currency }
  const name = `refund:${_id}:${total}`
  await tell(applying, { name, accountId, type: 'refund-recorded', data }, session)
}

export async function applyDispute(
  applying: Applying,
  { dispute }: Extract<EventContent, { about: 'dispute' }>,
  session: ClientSession,
): Promise<Settled> {
  const accountId = await accountOf(applying, dispute, session)
  if (accountId === null) {
    return { status: 'IGNORED', because: 'nobody here is known by its charge or customer' }
  }
  const { id, reason, total, currency } = dispute
  const data = { provider: applying.provider, reason, total, currency }
  const name = `dispute:${providerId(applying.provider, id)}`
  await tell(applying, { name, accountId, type: 'dispute-opened', data }, session)
  return { status: 'APPLIED', because: null }
}

/** Outside of a transaction: a dispute at Stripe names a charge, and the charge its customer. */
export async function askWhose(applying: Applying, says: EventContent): Promise<EventContent> {
  const { fetchCharge, log, event } = applying
  if (says.about !== 'dispute' || !fetchCharge) return says
  const { customer, charge } = says.dispute
  if (customer !== null || charge === null) return says
  try {
    const found = customerOfCharge(await fetchCharge(charge))
    return { ...says, dispute: { ...says.dispute, customer: found } }
  } catch (error) {
    log.warn({ err: error, event: event.id }, 'nobody could be asked whose charge is disputed')
    return says
  }
}

type Notice = Pick<NewBillingNotice, 'accountId' | 'type' | 'data'> & {
  /** What it tells of; it goes into the id, by which nothing is found at the provider. */
  name: string
}

/** Once, however often its event is applied. */
async function tell(
  { db, now }: Applying,
  { name, accountId, ...told }: Notice,
  session: ClientSession,
): Promise<void> {
  const _id = `billing_${hash('sha256', name, 'base64url')}`
  if (await billingNotices(db).findOne({ _id }, { session })) return
  const notice = { _id, accountId, apiKeyId: null, at: new Date(now), ...told }
  await writeNotices(db, accountId, [notice], session)
}

/** By the subscription that is named, else by the customer, else by another refund of the charge. */
async function accountOf(
  applying: Applying,
  { subscription, customer, charge }: Pick<SaidDispute, 'subscription' | 'customer' | 'charge'>,
  session: ClientSession,
): Promise<string | null> {
  const { db, provider } = applying
  const known = { accountId: { $type: 'string' as const } }
  const bySubscription = subscription && { _id: providerId(provider, subscription) }
  const byCustomer = customer && { customerHash: namedCustomer(applying, customer).hash }
  for (const filter of [bySubscription, byCustomer]) {
    if (!filter) continue
    const found = await billingSubscriptions(db).findOne({ ...filter, ...known }, { session })
    if (found) return found.accountId
  }
  if (charge === null) return null
  const refund = await providerRefunds(db).findOne(
    { _id: providerId(provider, charge), ...known },
    { session },
  )
  return refund?.accountId ?? null
}
