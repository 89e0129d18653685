import {
  BILLING_PROVIDERS,
  type BillingProvider,
  idAtProvider,
  providerId,
} from '../../rules/billing/fact.ts'
import { linkOf } from '../../rules/billing/provider-event.ts'
import { billingSubscriptions } from '../../store/billing-subscriptions.ts'
import type { ReconciliationDoc } from '../../store/reconciliations.ts'
import { judgeSubscription, type ReconcileTools } from './judge-subscription.ts'

/**
 * Where a reconcile of one provider stands. `known`: the subscriptions that we know and that have not ended
 * are asked for, by id; `unheard`: all that the provider has are listed, for those that we never heard of.
 */
export interface ReconcilePlace {
  provider: BillingProvider
  phase: 'known' | 'unheard'
  /** The provider's id after which it goes on; null: at the beginning. */
  after: string | null
}

export interface ReconciledBatch {
  /** Subscriptions that were held against each other. */
  checked: number
  differences: ReconciliationDoc[]
  /** Null: this provider is done. */
  next: ReconcilePlace | null
}

/** Stripe answers one at a time, Paddle a list. */
const BATCH: Readonly<Record<BillingProvider, number>> = { STRIPE: 25, PADDLE: 100 }

export function firstPlace(provider: BillingProvider): ReconcilePlace {
  return { provider, phase: 'known', after: null }
}

/**
 * Some seconds of work at most.
 * @throws ProviderError; what was judged before stays
 */
export function reconcileBatch(
  tools: ReconcileTools,
  place: ReconcilePlace,
  dryRun: boolean,
): Promise<ReconciledBatch> {
  return place.phase === 'known'
    ? reconcileKnown(tools, place, dryRun)
    : reconcileUnheard(tools, place, dryRun)
}

async function reconcileKnown(
  tools: ReconcileTools,
  { provider, after }: ReconcilePlace,
  dryRun: boolean,
): Promise<ReconciledBatch> {
  const size = BATCH[provider]
  const known = await billingSubscriptions(tools.db)
    .find({
      ...{ provider, _id: { $gt: providerId(provider, after ?? '') } },
      'state.status': { $ne: 'CANCELED' },
    })
    .sort({ _id: 1 })
    .limit(size)
    .project<{ _id: string }>({ _id: 1 })
    .toArray()
  const ids = known.map(({ _id }) => idAtProvider(_id))
  const differences: ReconciliationDoc[] = []
  if (ids.length > 0) {
    const asked = tools.clock()
    const answers = await clientOf(tools, provider).subscriptions(ids)
    for (const id of ids) {
      const answered = { provider, id, content: answers.get(id), asked }
      const found = await judgeSubscription(tools, answered, dryRun)
      if (found) differences.push(found)
    }
  }
  const last = ids.at(-1)
  const more = ids.length === size && last !== undefined
  const next: ReconcilePlace = more
    ? { provider, phase: 'known', after: last }
    : { provider, phase: 'unheard', after: null }
  return { checked: ids.length, differences, next }
}

async function reconcileUnheard(
  tools: ReconcileTools,
  { provider, after }: ReconcilePlace,
  dryRun: boolean,
): Promise<ReconciledBatch> {
  const asked = tools.clock()
  const page = await clientOf(tools, provider).subscriptionPage(after)
  const names = page.subscriptions.map(({ id }) => providerId(provider, id))
  const here = await billingSubscriptions(tools.db)
    .find({ _id: { $in: names } })
    .project<{ _id: string; state: { status: unknown } | null }>({ 'state.status': 1 })
    .toArray()
  const known = new Map(here.map(({ _id, state }) => [_id, state?.status]))
  const left = page.subscriptions.filter(({ id, content }) => {
    const _id = providerId(provider, id)
    // Of those that have not ended here the first half has judged; most others are for other products.
    return known.has(_id) ? known.get(_id) === 'CANCELED' : namesSomebody(provider, content)
  })
  const differences: ReconciliationDoc[] = []
  for (const { id, content } of left) {
    const found = await judgeSubscription(tools, { provider, id, content, asked }, dryRun)
    if (found) differences.push(found)
  }
  const next = page.next === null ? null : { provider, phase: 'unheard' as const, after: page.next }
  return { checked: left.length, differences, next }
}

/** What cannot be read is judged, and said there. */
function namesSomebody(provider: BillingProvider, content: unknown): boolean {
  const data = provider === 'STRIPE' ? 'metadata' : 'custom_data'
  const link = linkOf.safeParse(Object(content)[data]).data
  return link === undefined || link.apiKey !== null || link.userId !== null
}

function clientOf({ providers }: ReconcileTools, provider: BillingProvider) {
  const client = providers[provider]
  if (!client) throw new Error(`${provider} cannot be asked: no key of it is set`)
  return client
}

/** Those that can be asked, in the order in which they are. */
export function reconciledProviders({ providers }: Pick<ReconcileTools, 'providers'>) {
  return BILLING_PROVIDERS.filter((provider) => providers[provider] !== null)
}
