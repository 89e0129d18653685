import type { ClientSession, Db } from 'mongodb'
import type { Logger } from '../../log.ts'
import type { Providers } from '../../outgoing/providers.ts'
import { type BillingProvider, providerId, providerName } from '../../rules/billing/fact.ts'
import { type FetchedSubscription, readFetched } from '../../rules/billing/fetched-subscription.ts'
import { UnreadableEvent } from '../../rules/billing/provider-event.ts'
import { judgeAnswer, seenHere } from '../../rules/billing/subscription-difference.ts'
import { type Plans, tierByPrice } from '../../rules/plan.ts'
import { factsOf, keepFact } from '../../store/billing-facts.ts'
import { billingSubscriptions } from '../../store/billing-subscriptions.ts'
import type { Encryption } from '../../store/encryption.ts'
import { linkedKey } from '../../store/linked-key.ts'
import {
  RECONCILIATIONS_KEPT_MS,
  type ReconciliationDoc,
  reconciliations,
} from '../../store/reconciliations.ts'
import { createSettleTools, settleSubscription } from '../../store/settle-subscription.ts'

export interface ReconcileTools {
  db: Db
  plans: Plans
  encryption: Encryption
  customerHash: (customer: string) => string
  providers: Providers
  /** Something was corrected: what it tells others is ready to be published. */
  onCorrected: () => void
  clock: () => number
  log: Logger
}

/** What a provider answered about one subscription. */
export interface AnsweredSubscription {
  provider: BillingProvider
  /** The provider's id. */
  id: string
  /** Undefined: it knows none of this id. */
  content: unknown
  /** When it was asked, ms. */
  asked: number
}

/**
 * Holds the answer against what we know, and (but for a dry run) corrects by a fact of that instant and records
 * the difference, in one transaction. What changed meanwhile is left alone: its events are newer.
 * @returns the difference; null: there is none, or it is of nobody here
 */
export async function judgeSubscription(
  tools: ReconcileTools,
  answered: AnsweredSubscription,
  dryRun: boolean,
): Promise<ReconciliationDoc | null> {
  const { db, log } = tools
  let found: ReconciliationDoc | null = null
  await db.client.withSession((session) =>
    session.withTransaction(async () => {
      found = await judge(tools, answered, dryRun, session)
      if (found && !dryRun) await reconciliations(db).insertOne(found, { session })
    }),
  )
  if (found && !dryRun) tools.onCorrected()
  return told(log, found, dryRun)
}

function told(
  log: Logger,
  found: ReconciliationDoc | null,
  dryRun: boolean,
): ReconciliationDoc | null {
  if (found) {
    const { subscription, kind, fields, corrected } = found
    const difference = { subscription, kind, fields, corrected, dryRun }
    log.warn(difference, 'a payment provider says something else of a subscription than we do')
  }
  return found
}

async function judge(
  tools: ReconcileTools,
  answered: AnsweredSubscription,
  dryRun: boolean,
  session: ClientSession,
): Promise<ReconciliationDoc | null> {
  const { db, plans, clock } = tools
  const { provider, id, content } = answered
  const now = clock()
  const _id = providerId(provider, id)
  const doc = await billingSubscriptions(db).findOne({ _id }, { session })
  const about = {
    ...{ _id: `${_id}:${now}`, provider, subscription: _id, createdAt: new Date(now) },
    ...{ accountId: doc?.accountId ?? null, apiKeyId: doc?.apiKeyId ?? null },
    expiresAt: new Date(now + RECONCILIATIONS_KEPT_MS),
  }
  const state = doc?.state ?? null
  const ours = state && seenHere(state, now)
  if (content === undefined) {
    const nothing = { kind: 'UNKNOWN_THERE' as const, fields: [], theirs: null, corrected: false }
    return { ...about, ours, ...nothing }
  }
  const fetched = readable(tools, answered)
  if (!fetched) {
    return { ...about, ours, kind: 'UNREADABLE', fields: [], theirs: null, corrected: false }
  }
  const { fact } = fetched
  const { says } = fact
  if (says.kind !== 'snapshot') return null
  const key = doc ? null : await linkedKey(db, fact.link, session)
  // Of what never began, or is over already, nobody here needs to have heard.
  if (!doc && (!key || says.status === null || says.status === 'CANCELED')) return null
  const facts = await factsOf(db, _id, session)
  const tiers = tierByPrice(plans)
  const judged = judgeAnswer({ ...fact, says }, facts, state, (price) => tiers.get(price), now)
  if (!judged) return null
  const { fields, theirs, left, corrects } = judged
  // Of a subscription whose events named no customer the answer does; who charges it needs him.
  const unnamed = doc?.customer === null && fetched.customer !== null
  if ((corrects || unnamed) && !dryRun) await correct(tools, answered, fetched, session)
  if (fields.length === 0) return null
  const whose = key && { accountId: key.accountId, apiKeyId: key._id }
  return {
    ...{ ...about, ...whose, kind: doc ? 'DIFFERS' : 'UNHEARD', fields: doc ? fields : [] },
    ...{ ours, theirs, corrected: !dryRun && left.length === 0 },
  }
}

/** Null: it is in a form that is not known; the log names the fields, and none of their content. */
function readable(
  { log }: ReconcileTools,
  { provider, id, content, asked }: AnsweredSubscription,
): FetchedSubscription | null {
  try {
    return readFetched(provider, id, content, asked)
  } catch (error) {
    if (!(error instanceof UnreadableEvent)) throw error
    log.error(
      { err: error, provider, id },
      'a subscription is answered in a form that is not known',
    )
    return null
  }
}

async function correct(
  tools: ReconcileTools,
  { provider, id }: AnsweredSubscription,
  { fact, customer }: FetchedSubscription,
  session: ClientSession,
): Promise<void> {
  const { db, plans, encryption, customerHash, clock } = tools
  const subscription = providerId(provider, id)
  const named = customer && { id: customer, hash: customerHash(providerId(provider, customer)) }
  await keepFact(db, { _id: fact.eventId, subscription, ...fact }, session)
  await settleSubscription(
    createSettleTools({ db, plans, encryption, now: clock() }),
    { provider, _id: subscription, customer: named || null },
    {
      cause: fact.eventId,
      because: `${providerName(provider)} was asked and said so`,
      happenedAt: fact.at,
    },
    session,
  )
}
