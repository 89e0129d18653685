import type { ClientSession } from 'mongodb'
import type { DunningStep } from '../rules/billing/dunning.ts'
import type { BillingProvider } from '../rules/billing/fact.ts'
import { writeBillingMail } from './billing-mail.ts'
import { billingNotices, writeNotices } from './billing-notices.ts'
import type { SubscriptionDoc } from './billing-subscriptions.ts'
import type { SettleTools } from './settle-subscription.ts'

/** What the mail and the topic say of a payment that keeps failing. Instants, RFC 3339. */
export type DunningData = {
  kind: DunningStep['kind']
  provider: BillingProvider
  tier: string
  since: string
  /** From when on calls are refused; null: another subscription pays for the key. */
  blockedAt: string | null
  /** The subscription was cancelled as of then; null: it goes on. */
  endsAt: string | null
}

/**
 * A reminder, or the word that calls are refused from now on: a notice and its mail, in the transaction that
 * moves the series on. The id says which step of which key's series, so that none is ever written twice, whatever
 * the series' own record says.
 */
export async function writeDunningMail(
  { db, encryption, now }: SettleTools,
  { provider, accountId, apiKeyId, state, dunning }: SubscriptionDoc,
  step: DunningStep & { paidFor: boolean },
  session: ClientSession,
): Promise<void> {
  if (accountId === null || apiKeyId === null || !state || !dunning) return
  const _id = `${apiKeyId}:${step.kind}:${new Date(step.at).toISOString()}`
  if (await billingNotices(db).findOne({ _id }, { session })) return
  const at = new Date(now)
  const text = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
  const data: DunningData = {
    ...{ kind: step.kind, provider, tier: state.tier ?? '' },
    ...{ since: dunning.since.toISOString(), endsAt: text(state.endsAt) },
    blockedAt: text(step.paidFor ? null : step.blockedAt),
  }
  const notice = { _id, accountId, apiKeyId, type: 'payment-reminder' as const, at, data }
  await writeNotices(db, accountId, [notice], session)
  await writeBillingMail(db, encryption, notice, session)
}
