import { DAY, monthName, startOfNextMonth } from '../calendar-time.ts'
import { isPriced, type Plan, type Plans } from '../plan.ts'
import type { InvoiceLine } from './invoice.ts'
import {
  amountOf,
  dividedHalfUp,
  minorOf,
  storedMinor,
  unitPriceOf,
  unitPriceText,
} from './money.ts'
import { daysText, type HeldPlan, type KeyLife, planDays, tiersHeld } from './plan-days.ts'

/** A key as bills show it. */
export interface NamedKey {
  apiKeyId: string
  name: string
  /** `gc_live_abcd` */
  prefix: string
}

/** Why something cannot be invoiced, for an operator. */
export class NotInvoiceable extends Error {
  override readonly name = 'NotInvoiceable'
}

/** @throws NotInvoiceable where PLANS_FILE lacks it */
export function planNamed(plans: Plans, tier: string): Plan {
  const plan = plans.get(tier)
  if (!plan) throw new NotInvoiceable(`the plan "${tier}" is not in PLANS_FILE`)
  return plan
}

/**
 * A price in minor units. What costs nothing in any currency costs nothing in this one.
 * @throws NotInvoiceable where the list lacks the currency: nobody's is converted
 */
function priceIn(prices: Plan['prices'], currency: string, what: string): bigint {
  const price = Object.hasOwn(prices, currency) ? prices[currency] : undefined
  if (price !== undefined) return minorOf(price, currency)
  if (Object.values(prices).every((one) => Number(one) === 0)) return 0n
  throw new NotInvoiceable(`${what} has no price in ${currency}`)
}

/**
 * What a key's plans cost in a month: a line for each, in the order in which they were held first; none for
 * plans that cost nothing. The price by whole days, rounded once.
 * @throws NotInvoiceable
 */
export function planLines(
  key: NamedKey,
  life: KeyLife,
  month: number,
  plans: Plans,
  currency: string,
): InvoiceLine[] {
  const ofMonth = (startOfNextMonth(month) - month) / DAY
  const byPlan = Map.groupBy([...planDays(life, month).entries()], ([, held]) =>
    held ? `${held.trial}:${held.tier}` : null,
  )
  return [...byPlan.values()].flatMap((days) => {
    const held = days[0]?.[1]
    const plan = held ? planNamed(plans, held.tier) : null
    if (!held || !plan || !isPriced(plan)) return []
    const indexes = days.map(([index]) => index)
    return [planLine(key, { plan, held, days: indexes, ofMonth, month }, currency)]
  })
}

interface HeldDays {
  plan: Plan
  held: HeldPlan
  /** From 0. */
  days: number[]
  ofMonth: number
  month: number
}

function planLine(
  { apiKeyId, ...key }: NamedKey,
  { plan, held, days, ofMonth, month }: HeldDays,
  currency: string,
): InvoiceLine {
  const whole = days.length === ofMonth
  const price = held.trial ? 0n : priceIn(plan.prices, currency, `the plan "${plan.id}"`)
  const quantity = whole ? 1 : days.length
  const unit = unitPriceOf(price, whole ? 1 : ofMonth, currency)
  const amount = whole ? price : dividedHalfUp(price * BigInt(days.length), BigInt(ofMonth))
  const span = whole
    ? monthWords(month)
    : `${daysText(days)} ${monthWords(month)} (${days.length} of ${ofMonth} days)`
  return {
    ...{ what: 'plan', apiKeyId, tier: plan.id, quantity },
    description: `${plan.name}${held.trial ? ', trial' : ''}: ${keyWords(key)}, ${span}`,
    unitPrice: unitPriceText(unit, currency),
    amount: storedMinor(amount),
  }
}

/**
 * The plan that decides about calls above the limit: the largest of those held in the month, by its limit; of
 * equals the one held last. Null: the key had none.
 * @param end of the days that count, ms
 * @throws NotInvoiceable
 */
export function largestPlan(
  life: KeyLife,
  month: number,
  plans: Plans,
  end = startOfNextMonth(month),
): Plan | null {
  let largest: Plan | null = null
  for (const tier of tiersHeld(life, month, end)) {
    const plan = planNamed(plans, tier)
    if (!largest || limitOf(plan) >= limitOf(largest)) largest = plan
  }
  return largest
}

function limitOf({ monthlyLimit }: Plan): number {
  return monthlyLimit ?? Number.POSITIVE_INFINITY
}

/** Calls above the limit that cost money; none without a limit, and none where it is a hard stop. */
export function unitsAbove(plan: Plan | null, total: number): number {
  if (!plan?.overage || plan.monthlyLimit === null) return 0
  return Math.max(0, total - plan.monthlyLimit)
}

/**
 * Calls above a plan's limit. Below 0 they are taken back.
 * @param month whose calls they are; `late`: they came after it was invoiced
 * @throws NotInvoiceable
 */
export function overageLine(
  { apiKeyId, ...key }: NamedKey,
  { plan, units, month, late }: { plan: Plan; units: number; month: number; late: boolean },
  currency: string,
): InvoiceLine {
  const unit = overagePrice(plan, currency)
  const limit = (plan.monthlyLimit ?? 0).toLocaleString('en-US')
  const what = late ? 'Late calls' : 'Calls'
  return {
    what: late ? 'late' : 'overage',
    ...{ apiKeyId, tier: plan.id, quantity: units },
    description: `${what} above ${limit} (${plan.name}): ${keyWords(key)}, ${monthWords(month)}`,
    unitPrice: unitPriceText(unit, currency),
    amount: storedMinor(amountOf(units, unit, currency)),
  }
}

/**
 * What one call above a plan's limit costs, in millionths of a major unit.
 * @throws NotInvoiceable
 */
export function overagePrice(plan: Plan, currency: string): bigint {
  const { per, prices } = plan.overage ?? { per: 1, prices: {} }
  const price = priceIn(prices, currency, `overage of the plan "${plan.id}"`)
  return unitPriceOf(price, per, currency)
}

function keyWords({ name, prefix }: Pick<NamedKey, 'name' | 'prefix'>): string {
  return `${name} (${prefix})`
}

const monthNames = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
]

/** `November 2026` */
export function monthWords(month: number): string {
  const [year, number] = monthName(month).split('-')
  return `${monthNames[Number(number) - 1]} ${year}`
}
