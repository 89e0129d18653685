import { BadInput } from '../../rules/bad-input.ts'
import { BILLING_PROVIDERS, type BillingProvider } from '../../rules/billing/fact.ts'
import type { ReconciliationDoc } from '../../store/reconciliations.ts'
import type { ReconcileTools } from './judge-subscription.ts'
import {
  firstPlace,
  type ReconcilePlace,
  reconcileBatch,
  reconciledProviders,
} from './reconcile-batch.ts'

export interface ReconcileRequest {
  /** Null: all that can be asked. */
  provider: BillingProvider | null
  /** Nothing is corrected or recorded. */
  dryRun: boolean
  /** What an earlier answer gave as `next`; null: from the beginning. */
  after: string | null
}

export interface ReconcileAnswer {
  dryRun: boolean
  checked: number
  differences: ReconciliationDoc[]
  /** What goes on from here; null: all were checked. */
  next: string | null
}

export type ReconcileNow = (request: ReconcileRequest) => Promise<ReconcileAnswer>

/** Below the time in which an operation must be answered, a last batch included. */
const ENOUGH_MS = 3_000

/**
 * On demand, as far as it comes in some seconds.
 * @throws BadInput for a place that is none, or ProviderError
 */
export function createReconcileNow(tools: ReconcileTools): ReconcileNow {
  return async ({ provider, dryRun, after }) => {
    const providers = reconciledProviders(tools).filter(
      (one) => provider === null || one === provider,
    )
    const [first] = providers
    if (first === undefined)
      throw new BadInput('No such payment provider is set up on this server.')
    const began = performance.now()
    const answer: ReconcileAnswer = { dryRun, checked: 0, differences: [], next: null }
    let place: ReconcilePlace | null = after === null ? firstPlace(first) : placeOf(after)
    while (place) {
      const batch = await reconcileBatch(tools, place, dryRun)
      answer.checked += batch.checked
      answer.differences.push(...batch.differences)
      place = batch.next ?? nextProvider(providers, place)
      if (performance.now() - began > ENOUGH_MS) break
    }
    return { ...answer, next: place && cursorOf(place) }
  }
}

function nextProvider(
  providers: readonly BillingProvider[],
  { provider }: ReconcilePlace,
): ReconcilePlace | null {
  const next = providers[providers.indexOf(provider) + 1]
  return next === undefined ? null : firstPlace(next)
}

function cursorOf({ provider, phase, after }: ReconcilePlace): string {
  return Buffer.from(`reconcile:${provider}:${phase}:${after ?? ''}`).toString('base64url')
}

/** @throws BadInput */
function placeOf(cursor: string): ReconcilePlace {
  const text = Buffer.from(cursor, 'base64url').toString()
  const [, name, phase, after] =
    /^reconcile:([A-Z]+):(known|unheard):([\x21-\x7e]{0,255})$/.exec(text) ?? []
  const provider = BILLING_PROVIDERS.find((one) => one === name)
  if (!provider || (phase !== 'known' && phase !== 'unheard')) {
    throw new BadInput('after: is not what an earlier answer gave as next')
  }
  return { provider, phase, after: after || null }
}
