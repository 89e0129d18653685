import type { ClientSession, Db } from 'mongodb'
import { type DunningRecord, decideDunning, nextCheckAt } from '../rules/billing/dunning.ts'
import { type BillingProvider, compareFacts, type FactPlace } from '../rules/billing/fact.ts'
import { DEFAULT_GRACE_DAYS, whatTimeBrought } from '../rules/billing/key-access.ts'
import { foldFacts, type SubscriptionState } from '../rules/billing/subscription-state.ts'
import { type Plans, tierByPrice } from '../rules/plan.ts'
import { accounts } from './accounts.ts'
import type { ApiKeyDoc } from './api-keys.ts'
import { factsOf } from './billing-facts.ts'
import {
  billingSubscriptions,
  type DunningDoc,
  type SubscriptionDoc,
} from './billing-subscriptions.ts'
import { writeDunningMail } from './dunning-mail.ts'
import type { Encryption } from './encryption.ts'
import { linkedKey } from './linked-key.ts'
import { type SettleCause, type SettledKey, settleKey } from './settle-key.ts'

export interface SettleTools {
  db: Db
  plans: Plans
  encryption: Encryption
  /** ms */
  now: number
  /** By plan; of an account that has days of its own the same for all. */
  graceDaysOf(accountId: string, session: ClientSession): Promise<(tier: string | null) => number>
}

/** A provider's customer as an event names him, with the hash by which he is found. */
export interface NamedCustomer {
  id: string
  hash: string
  /** By which fact; of several the latest counts, whichever comes last. Left out: as of now. */
  as?: FactPlace
}

export function createSettleTools(tools: Omit<SettleTools, 'graceDaysOf'>): SettleTools {
  return {
    ...tools,
    async graceDaysOf(accountId, session) {
      const account = await accounts(tools.db).findOne({ _id: accountId }, { session })
      return (tier) =>
        account?.graceDays ?? tools.plans.get(tier ?? '')?.graceDays ?? DEFAULT_GRACE_DAYS
    },
  }
}

/**
 * Brings a subscription, and the key that it is for, to what its facts and the time amount to. Whatever
 * changes facts calls it in the same transaction; the time does by itself (`nextCheckAt`). The subscription is
 * written first, so that two events of one subscription conflict and the loser reads what the winner wrote.
 * @param cause `time`: nothing but that time has passed
 */
export async function settleSubscription(
  tools: SettleTools,
  subscription: { provider: BillingProvider; _id: string; customer: NamedCustomer | null },
  cause: SettleCause | 'time',
  session: ClientSession,
): Promise<SubscriptionDoc> {
  const { db, plans, now } = tools
  const before = await lockSubscription(tools, subscription, session)
  const tiers = tierByPrice(plans)
  const state = foldFacts(await factsOf(db, before._id, session), (price) => tiers.get(price))
  const key = state && (await keyOf(db, before, state, session))
  const graceDays = key
    ? (await tools.graceDaysOf(key.accountId, session))(state.tier)
    : DEFAULT_GRACE_DAYS
  const next = state && nextCheckAt(state, graceDays, now)
  const after: SubscriptionDoc = {
    ...before,
    ...{ state, apiKeyId: key?._id ?? null, accountId: key?.accountId ?? null },
    nextCheckAt: next === null ? null : new Date(next),
  }
  const { _id, version: _version, ...set } = after
  await billingSubscriptions(db).updateOne({ _id }, { $set: set }, { session })
  const why = {
    ...(cause === 'time' ? { cause, ...whatTimeBrought(state, graceDays, now) } : cause),
    subscription: _id,
  }
  if (before.apiKeyId !== null && before.apiKeyId !== after.apiKeyId) {
    await settleKey(tools, before.apiKeyId, why, session)
  }
  const settled = key && (await settleKey(tools, key._id, why, session))
  // Without a key there is nobody to write to, yet.
  if (!state || !settled) return after
  return await continueDunning(tools, { ...after, state }, { graceDays, ...settled }, session)
}

/** All that an account has, after something that concerns all of them was changed in the same transaction. */
export async function settleAccount(
  tools: SettleTools,
  accountId: string,
  cause: SettleCause,
  session: ClientSession,
): Promise<void> {
  const held = await billingSubscriptions(tools.db).find({ accountId }, { session }).toArray()
  for (const { _id, provider } of held) {
    await settleSubscription(tools, { _id, provider, customer: null }, cause, session)
  }
}

/** The mail that is due, if it was not written yet, and how far the series has come. */
async function continueDunning(
  tools: SettleTools,
  subscription: SubscriptionDoc & { state: SubscriptionState },
  { graceDays, refused, paidFor }: SettledKey & { graceDays: number },
  session: ClientSession,
): Promise<SubscriptionDoc> {
  const { _id, state } = subscription
  const told = subscription.dunning && inMs(subscription.dunning)
  const { record, write } = decideDunning(told, state, graceDays, { now: tools.now, refused })
  const dunning = record && {
    ...{ since: new Date(record.since), through: new Date(record.through) },
    blocked: record.blocked,
  }
  if (record === null && told === null) return subscription
  const after = { ...subscription, dunning }
  await billingSubscriptions(tools.db).updateOne({ _id }, { $set: { dunning } }, { session })
  if (write) await writeDunningMail(tools, after, { ...write, paidFor }, session)
  return after
}

function inMs({ since, through, blocked }: DunningDoc): DunningRecord {
  return { since: since.getTime(), through: through.getTime(), blocked }
}

async function lockSubscription(
  { db, encryption }: SettleTools,
  { provider, _id, customer }: Parameters<typeof settleSubscription>[1],
  session: ClientSession,
): Promise<SubscriptionDoc> {
  const empty = {
    ...{ provider, state: null, accountId: null, apiKeyId: null, nextCheckAt: null, dunning: null },
    ...{ customer: null, customerHash: null },
  }
  const found = await billingSubscriptions(db).findOneAndUpdate(
    { _id },
    { $inc: { version: 1 }, $setOnInsert: empty },
    { upsert: true, returnDocument: 'after', session },
  )
  if (!found) throw new Error(`${_id} could not be written`)
  const { customerAs } = found
  const isOlder = customer?.as && customerAs && compareFacts(customer.as, customerAs) < 0
  if (!customer || isOlder) return found
  const named = { ...found, ...(customer.as && { customerAs: placeOf(customer.as) }) }
  if (customer.hash === found.customerHash) return named
  const encrypted = encryption.encrypt(customer.id, _id, 'customer')
  return { ...named, customer: encrypted, customerHash: customer.hash }
}

function placeOf({ at, micros, rank, eventId }: FactPlace): FactPlace {
  return { at, micros, rank, eventId }
}

/**
 * Looked up where the words that name it have changed. Else it stays the one that it is: a key's prefix changes
 * with its secret, and an owner may make a second key, and neither may cost him what he pays for.
 */
async function keyOf(
  db: Db,
  before: SubscriptionDoc,
  { link }: SubscriptionState,
  session: ClientSession,
): Promise<Pick<ApiKeyDoc, '_id' | 'accountId'> | null> {
  const { apiKeyId, accountId, state } = before
  const isSame = state?.link.apiKey === link.apiKey && state.link.userId === link.userId
  if (isSame && apiKeyId !== null && accountId !== null) return { _id: apiKeyId, accountId }
  return await linkedKey(db, link, session)
}

/**
 * Null where none is known.
 * @throws Error where its key of ENCRYPTION_KEYS is not known here
 */
export function decryptCustomer(
  { encryption }: Pick<SettleTools, 'encryption'>,
  { _id, customer }: Pick<SubscriptionDoc, '_id' | 'customer'>,
): string | null {
  return customer && encryption.decrypt(customer, _id, 'customer')
}
