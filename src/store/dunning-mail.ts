import type { ClientSession } from 'mongodb'
import type { DunningStep } from '../rules/billing/dunning.ts'
import { writeBillingMail } from './billing-mail.ts'
import { billingNotices, writeNotices } from './billing-notices.ts'
import type { SubscriptionDoc } from './billing-subscriptions.ts'
import type { SettleTools } from './settle-subscription.ts'

/** What the mail and the topic say of a payment that keeps failing. */
export type DunningData = {
  kind: DunningStep['kind']
  subscription: string
  tier: string
  /** Instants, RFC 3339. */
  since: string
  blockedAt: string
}

/**
 * A reminder, or the word that calls are refused from now on: a notice and its mail, in the transaction that
 * moves the series on. The id says which step of which series, so that none is ever written twice.
 */
export async function writeDunningMail(
  { db, encryption, now }: SettleTools,
  { _id: subscription, accountId, apiKeyId, state, dunning }: SubscriptionDoc,
  step: DunningStep,
  session: ClientSession,
): Promise<void> {
  if (accountId === null || !state || !dunning) return
  const _id = `${subscription}:reminder:${new Date(step.at).toISOString()}`
  if (await billingNotices(db).findOne({ _id }, { session })) return
  const at = new Date(now)
  const data: DunningData = {
    ...{ kind: step.kind, subscription, tier: state.tier ?? '' },
    ...{ since: dunning.since.toISOString(), blockedAt: new Date(step.blockedAt).toISOString() },
  }
  const notice = { _id, accountId, apiKeyId, type: 'payment-reminder' as const, at, data }
  await writeNotices(db, accountId, [notice], session)
  await writeBillingMail(db, encryption, notice, session)
}
