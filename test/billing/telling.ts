import type { Db } from 'mongodb'
import { providerId } from '../../src/rules/billing/fact.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import type { HistoryNames } from './random-histories.ts'

/** What a history has come to (when to look at it next is no part of it), in words that do not say which telling of it. */
export interface Outcome {
  subscriptions: unknown[]
  keys: unknown[]
}

/**
 * @param subscriptionIds the provider's, of the telling
 * @param exact false: leave out by which word a state was reached, which an answer may be as well as an event
 */
export async function outcomeOf(
  db: Db,
  encryptionKey: string,
  { provider, names, subscriptionIds }: Telling,
  exact: boolean,
): Promise<Outcome> {
  const key = Buffer.from(encryptionKey, 'base64')
  const { decrypt } = createEncryption([{ id: 'k1', key }], () => new Uint8Array(12))
  const ids = subscriptionIds.map((id) => providerId(provider, id))
  const found = await billingSubscriptions(db)
    .find({ _id: { $in: ids } })
    .sort({ _id: 1 })
    .toArray()
  const subscriptions = found.map(({ _id, state, apiKeyId, accountId, customer }) => {
    const { changedAt, changedBy, ...said } = state ?? { changedAt: 0, changedBy: '' }
    const cause = exact ? { changedAt, changedBy } : {}
    const named = customer && decrypt(customer, _id, 'customer')
    return { _id, ...said, ...cause, apiKeyId, accountId, named }
  })
  const keys = await apiKeys(db)
    .find({ _id: { $in: [...names.apiKeyIds] } })
    .toArray()
  const shown = names.apiKeyIds.map((id) => {
    const of = keys.find(({ _id }) => _id === id)
    const { customer, customerHash: _, ...billing } = of?.billing ?? { customer: null }
    const named = customer && decrypt(customer, id, 'billing.customer')
    return { id, tier: of?.tier, blockedBecause: of?.blockedBecause, billing, named }
  })
  return anonymous({ subscriptions, keys: shown }, names)
}

export interface Telling {
  provider: 'STRIPE' | 'PADDLE'
  names: HistoryNames
  subscriptionIds: readonly string[]
}

function anonymous(outcome: Outcome, { copy, apiKeyIds, userId }: HistoryNames): Outcome {
  const replaced = [...apiKeyIds, userId, copy].reduce(
    (text, name, at) => text.replaceAll(name, `<${at}>`),
    JSON.stringify(outcome),
  )
  return JSON.parse(replaced.replaceAll(/acc_[0-9a-f]{16}/g, '<account>')) as Outcome
}
