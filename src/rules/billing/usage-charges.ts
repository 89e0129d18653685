import type { Plan } from '../plan.ts'
import type { CountedUsage, MonthlyKind } from './invoice.ts'
import { unitsAbove } from './invoice-lines.ts'

/** What decides how many of a key's calls in a month are still to be charged. */
export interface UsageSoFar {
  /** Billed units of the month, by now. */
  total: number
  /** Decides about calls above the limit; null: none held. */
  plan: Plan | null
  /** Kind of the document that is the month's own of this key. */
  home: MonthlyKind
  /** Calls above the limit that the provider could not be charged with: they go on an invoice. */
  uncharged: number
  /** What issued documents have charged of the month. */
  counted: readonly (Pick<CountedUsage, 'charged'> & { kind: MonthlyKind })[]
}

/**
 * Calls above the limit that the next document of a kind charges: what is due by now less what was charged
 * before, so that each call is charged once, whichever document it comes to stand on and however late.
 * A statement takes back what turns out not to have been charged by the provider; an invoice never goes below 0.
 */
export function unitsToCharge(kind: MonthlyKind, usage: UsageSoFar): number {
  const { total, plan, home, uncharged, counted } = usage
  const due = unitsAbove(plan, total)
  const notAtProvider = Math.min(uncharged, due)
  const charged = counted.reduce((sum, one) => sum + (one.kind === kind ? one.charged : 0), 0)
  if (kind === 'USAGE_STATEMENT') return home === kind ? due - notAtProvider - charged : 0
  return Math.max(0, (home === kind ? due : notAtProvider) - charged)
}
