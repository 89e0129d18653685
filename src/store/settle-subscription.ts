import type { ClientSession, Db } from 'mongodb'
import { type DunningStep, dunningSteps } from '../rules/billing/dunning.ts'
import type { BillingProvider } from '../rules/billing/fact.ts'
import { DEFAULT_GRACE_DAYS } from '../rules/billing/key-access.ts'
import { foldFacts, type SubscriptionState, statusAt } from '../rules/billing/subscription-state.ts'
import { type Plans, tierByPrice } from '../rules/plan.ts'
import { accounts } from './accounts.ts'
import { factsOf } from './billing-facts.ts'
import { billingSubscriptions, type SubscriptionDoc } from './billing-subscriptions.ts'
import { writeDunningMail } from './dunning-mail.ts'
import type { Encryption } from './encryption.ts'
import { linkedKey } from './linked-key.ts'
import { type SettleCause, settleKey } from './settle-key.ts'

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
 */
export async function settleSubscription(
  tools: SettleTools,
  subscription: { provider: BillingProvider; _id: string; customer: NamedCustomer | null },
  cause: SettleCause,
  session: ClientSession,
): Promise<SubscriptionDoc> {
  const { db, plans, now } = tools
  const before = await lockSubscription(tools, subscription, session)
  const tiers = tierByPrice(plans)
  const state = foldFacts(await factsOf(db, before._id, session), (price) => tiers.get(price))
  const key = state && (await linkedKey(db, state.link, session))
  const { apiKeyId, accountId } = key
    ? { apiKeyId: key._id, accountId: key.accountId }
    : { apiKeyId: null, accountId: null }
  const graceDays = accountId
    ? (await tools.graceDaysOf(accountId, session))(state?.tier ?? null)
    : DEFAULT_GRACE_DAYS
  const steps = stepsOf(state, graceDays, now)
  // Without an account there is nobody to write to, yet.
  const due = accountId ? steps.filter(({ at }) => at <= now).at(-1) : undefined
  const after: SubscriptionDoc = {
    ...before,
    ...{ state, apiKeyId, accountId, nextCheckAt: nextCheck(state, steps, now) },
    dunning: dunningAfter(before, state, due),
  }
  const { _id, version: _version, ...set } = after
  await billingSubscriptions(db).updateOne({ _id }, { $set: set }, { session })
  const keys = new Set([before.apiKeyId, apiKeyId].filter((id) => id !== null))
  for (const id of keys) await settleKey(tools, id, cause, session)
  if (due && isNewStep(before, due)) await writeDunningMail(tools, after, due, session)
  return after
}

async function lockSubscription(
  { db, encryption }: SettleTools,
  { provider, _id, customer }: Parameters<typeof settleSubscription>[1],
  session: ClientSession,
): Promise<SubscriptionDoc> {
  const encrypted = customer && encryption.encrypt(customer.id, _id, 'customer')
  const named = customer ? { customer: encrypted, customerHash: customer.hash } : {}
  const empty = {
    ...{ provider, state: null, accountId: null, apiKeyId: null, nextCheckAt: null, dunning: null },
    ...(!customer && { customer: null, customerHash: null }),
  }
  const found = await billingSubscriptions(db).findOneAndUpdate(
    { _id },
    { $inc: { version: 1 }, $setOnInsert: empty, ...(customer && { $set: named }) },
    { upsert: true, returnDocument: 'after', session },
  )
  if (!found) throw new Error(`${_id} could not be written`)
  return found
}

/** Of what fails now; none where it does not. */
function stepsOf(
  state: SubscriptionState | null,
  graceDays: number,
  now: number,
): readonly DunningStep[] {
  return state && statusAt(state, now) === 'PAST_DUE' ? dunningSteps(state, graceDays) : []
}

function nextCheck(
  state: SubscriptionState | null,
  steps: readonly DunningStep[],
  now: number,
): Date | null {
  const ends = state?.endsAt == null ? [] : [state.endsAt]
  const ahead = [...ends, ...steps.map(({ at }) => at)].filter((at) => at > now)
  return ahead.length > 0 ? new Date(Math.min(...ahead)) : null
}

/** A step that an earlier mail has reached or passed is not written about again, also where the series moved. */
function isNewStep({ dunning }: SubscriptionDoc, due: DunningStep): boolean {
  return dunning === null || due.at > dunning.through.getTime()
}

function dunningAfter(
  before: SubscriptionDoc,
  state: SubscriptionState | null,
  due: DunningStep | undefined,
): SubscriptionDoc['dunning'] {
  if (!due) return null
  const since = new Date(state?.pastDueSince ?? due.at)
  const through = Math.max(due.at, before.dunning?.through.getTime() ?? 0)
  return { since, through: new Date(through) }
}

/** Null where none is known, or its key of ENCRYPTION_KEYS is not known here. */
export function decryptCustomer(
  { encryption }: Pick<SettleTools, 'encryption'>,
  { _id, customer }: Pick<SubscriptionDoc, '_id' | 'customer'>,
): string | null {
  return customer && encryption.decrypt(customer, _id, 'customer')
}
