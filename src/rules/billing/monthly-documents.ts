import { monthName } from '../calendar-time.ts'
import type { Plan, Plans } from '../plan.ts'
import { parseMonth } from '../usage-period.ts'
import type {
  CountedUsage,
  InvoiceBasis,
  InvoiceContent,
  InvoiceLine,
  MonthlyKind,
} from './invoice.ts'
import {
  largestPlan,
  type NamedKey,
  NotInvoiceable,
  overageLine,
  planLines,
} from './invoice-lines.ts'
import { type KeyLife, tiersHeld, wasAtProvider } from './plan-days.ts'
import { totalsOf } from './totals.ts'
import { unitsToCharge } from './usage-charges.ts'

/** Usage that an issued document has counted, with the plan as it was kept with it. */
export interface CountedEarlier extends CountedUsage {
  kind: MonthlyKind
  plan: Plan | null
}

/** All that a month's documents of an account are reckoned from. */
export interface AccountMonth {
  /** Start, ms. */
  month: number
  /** ISO 4217 */
  currency: string
  plans: Plans
  /** All that the account has or ever had, oldest first. */
  keys: readonly (NamedKey & { life: KeyLife })[]
  /** Billed units of a key in a month (`2026-11`). */
  totalOf(apiKeyId: string, month: string): number
  /** Calls above the limit that the provider could not be charged with. */
  unchargedOf(apiKeyId: string, month: string): number
  /** By documents issued before, oldest first; by those of this month nothing. */
  earlier: readonly CountedEarlier[]
  /** Months that were settled without a document, `2026-11:INVOICE`: nothing was charged of them. */
  empty: readonly string[]
  /** Of invoices: a statement's tax is the provider's. */
  tax: { name: string; rate: string }
}

export type MonthlyDocument = Pick<
  InvoiceContent,
  'lines' | 'subtotal' | 'tax' | 'total' | 'basis'
> & { kind: MonthlyKind }

export interface MonthlyDocuments {
  documents: MonthlyDocument[]
  /** What cannot be issued, and why. */
  problems: { kind: MonthlyKind; because: string }[]
  /** Kinds that have keys which could be charged, but nothing to charge. */
  empty: MonthlyKind[]
}

/** How many months back late calls are looked for. */
export const LATE_MONTHS = 12

const kinds: readonly MonthlyKind[] = ['INVOICE', 'USAGE_STATEMENT']

/**
 * At most one document of each kind: lines of keys that had a provider's subscription in the month on the
 * statement, of the others on the invoice; calls above the limit that a provider could not be charged with on
 * the invoice too. Late calls of earlier months as lines of their own. One problem keeps a document back, whole.
 */
export function monthlyDocuments(account: AccountMonth): MonthlyDocuments {
  const result: MonthlyDocuments = { documents: [], problems: [], empty: [] }
  for (const kind of kinds) {
    try {
      const reckoned = reckon(kind, account)
      if (reckoned.lines.length > 0) result.documents.push(documentOf(kind, account, reckoned))
      else if (reckoned.usage.length > 0) result.empty.push(kind)
    } catch (error) {
      if (!(error instanceof NotInvoiceable || error instanceof RangeError)) throw error
      result.problems.push({ kind, because: error.message })
    }
  }
  return result
}

interface Reckoned {
  lines: InvoiceLine[]
  usage: CountedUsage[]
  plans: Set<Plan>
  keys: NamedKey[]
}

function reckon(kind: MonthlyKind, account: AccountMonth): Reckoned {
  const reckoned: Reckoned = { lines: [], usage: [], plans: new Set(), keys: [] }
  for (const key of account.keys) {
    const before = reckoned.lines.length + reckoned.usage.length
    addPlans(reckoned, kind, key, account)
    addUsage(reckoned, kind, key, account)
    if (reckoned.lines.length + reckoned.usage.length === before) continue
    const { apiKeyId, name, prefix, life } = key
    reckoned.keys.push({ apiKeyId, name, prefix })
    // Also those that cost nothing: whoever reckons it again needs them all.
    for (const tier of tiersHeld(life, account.month)) {
      const plan = account.plans.get(tier)
      if (plan) reckoned.plans.add(plan)
    }
  }
  return reckoned
}

type Key = AccountMonth['keys'][number]

function homeOf({ life }: Key, month: number): MonthlyKind {
  return wasAtProvider(life, month) ? 'USAGE_STATEMENT' : 'INVOICE'
}

function addPlans(to: Reckoned, kind: MonthlyKind, key: Key, account: AccountMonth): void {
  const { month, plans, currency } = account
  if (homeOf(key, month) !== kind) return
  to.lines.push(...planLines(key, key.life, month, plans, currency))
}

/** This month's calls above the limit, then those of earlier months that came late, oldest first. */
function addUsage(to: Reckoned, kind: MonthlyKind, key: Key, account: AccountMonth): void {
  const { apiKeyId } = key
  for (const { month: of, home, planOf, counted } of monthsOf(key, account)) {
    const uncharged = account.unchargedOf(apiKeyId, of)
    // Nothing of it can stand here: then a plan that is gone is no reason to keep this document back.
    if (home !== kind && (kind === 'USAGE_STATEMENT' || uncharged === 0)) continue
    const plan = planOf()
    const total = account.totalOf(apiKeyId, of)
    const units = unitsToCharge(kind, { total, plan, home, uncharged, counted })
    const late = of !== monthName(account.month)
    if (plan && units !== 0) {
      const line = { plan, units, month: parseMonth(of), late }
      to.lines.push(overageLine(key, line, account.currency))
    }
    // Of the month's own what could have been charged is on record too: what comes late is told from it.
    const isOwn = !late && home === kind && plan?.overage
    if (!plan || (units === 0 && !isOwn)) continue
    to.usage.push({ apiKeyId, month: of, total, charged: units, tier: plan.id, home })
    to.plans.add(plan)
  }
}

interface KeyMonth {
  month: string
  home: MonthlyKind
  /** @throws NotInvoiceable */
  planOf: () => Plan | null
  counted: readonly CountedEarlier[]
}

/** This month of a key, and each earlier one that a document has counted or that was settled without. */
function monthsOf(key: Key, { month, plans, earlier, empty }: AccountMonth): KeyMonth[] {
  const largest = (of: number) => () => largestPlan(key.life, of, plans)
  const byMonth = Map.groupBy(
    earlier.filter(({ apiKeyId }) => apiKeyId === key.apiKeyId),
    (one) => one.month,
  )
  const late = lateMonths(month).flatMap((of): KeyMonth[] => {
    const counted = byMonth.get(of) ?? []
    const [first] = counted
    if (first) return [{ month: of, home: first.home, planOf: () => first.plan, counted }]
    const home = homeOf(key, parseMonth(of))
    if (!empty.includes(`${of}:${home}`)) return []
    return [{ month: of, home, planOf: largest(parseMonth(of)), counted }]
  })
  const name = monthName(month)
  // Counted before it was invoiced: where it was settled without a document and calls came late.
  const own = { month: name, home: homeOf(key, month), counted: byMonth.get(name) ?? [] }
  return [{ ...own, planOf: largest(month) }, ...late]
}

function lateMonths(month: number): string[] {
  const [year = 0, number = 0] = monthName(month).split('-').map(Number)
  return Array.from({ length: LATE_MONTHS }, (_, index) =>
    monthName(Date.UTC(year, number - 1 - LATE_MONTHS + index, 1)),
  )
}

function documentOf(
  kind: MonthlyKind,
  { currency, tax }: AccountMonth,
  { lines, usage, plans, keys }: Reckoned,
): MonthlyDocument {
  const basis: InvoiceBasis = { plans: [...plans], keys, usage }
  return { kind, ...totalsOf(lines, kind === 'INVOICE' ? tax : null, currency), basis }
}
