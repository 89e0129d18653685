import type { BillingProvider, SubscriptionStatus } from '../rules/billing/fact.ts'
import type { ApiKeyDoc, KeyBilling } from './api-keys.ts'
import type { NewBillingNotice } from './billing-notices.ts'
import type { SettleCause } from './settle-key.ts'

/**
 * What others may know of a subscription: nothing by which the customer could be found at the provider.
 * Instants, RFC 3339.
 */
export type ShownSubscription = {
  provider: BillingProvider
  status: SubscriptionStatus
  tier: string
  currentPeriodEnd: string | null
  endsAt: string | null
  pastDueSince: string | null
}

/** What is told of a key after something of its billing has changed: always all of it. */
export type KeyNoticeData = {
  /** The one that is shown; null: it has none any more. */
  subscription: ShownSubscription | null
  tier: string
  /** Plain words; null: calls are served. */
  blockedBecause: string | null
  because: string
  /** `STRIPE:evt_1`, `time` or `admin`. */
  cause: string
}

/**
 * What others are told of a key that was settled.
 * @param key as it was, but for its `accessVersion`, which is the new one and makes the notices' ids
 */
export function noticesOfKey(
  key: ApiKeyDoc,
  next: Pick<ApiKeyDoc, 'tier' | 'blockedBecause'> & { billing: KeyBilling | null },
  { because, cause }: SettleCause,
  now: number,
): NewBillingNotice[] {
  const { _id: apiKeyId, accountId, accessVersion = 0 } = key
  const [before, after] = [shownOf(key.billing), shownOf(next.billing)]
  const { tier, blockedBecause } = next
  const data: KeyNoticeData = { subscription: after, tier, blockedBecause, because, cause }
  const same = key.billing?.subscription === next.billing?.subscription
  const told = [
    { type: 'subscription-changed', holds: JSON.stringify(before) !== JSON.stringify(after) },
    { type: 'payment-failed', holds: !before?.pastDueSince && Boolean(after?.pastDueSince) },
    {
      type: 'payment-received',
      holds: same && Boolean(before?.pastDueSince) && after?.status === 'ACTIVE',
    },
    {
      type: 'access-changed',
      holds: key.tier !== tier || (key.blockedBecause === null) !== (blockedBecause === null),
    },
  ] as const
  return told
    .filter(({ holds }) => holds)
    .map(({ type }) => ({
      _id: `${apiKeyId}:${accessVersion}:${type}`,
      ...{ accountId, apiKeyId, type, at: new Date(now), data },
    }))
}

function shownOf(billing: KeyBilling | null | undefined): ShownSubscription | null {
  if (!billing) return null
  const { provider, status, tier, currentPeriodEnd, endsAt, pastDueSince } = billing
  const text = (date: Date | null) => date?.toISOString() ?? null
  return {
    ...{ provider, status, tier, currentPeriodEnd: text(currentPeriodEnd) },
    ...{ endsAt: text(endsAt), pastDueSince: text(pastDueSince) },
  }
}
