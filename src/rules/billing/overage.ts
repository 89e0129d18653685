import { minorDigits } from '../currency.ts'
import type { Plan } from '../plan.ts'

/**
 * Of so many calls in a month, those that are billed beyond the plan's price: above the limit of a plan with
 * overage. A plan without it refuses calls there, and one without a limit has none.
 * @param plan the largest that was held; null: none
 */
export function overageOf(calls: number, plan: Plan | null): number {
  if (!plan?.overage || plan.monthlyLimit === null) return 0
  return Math.max(0, calls - plan.monthlyLimit)
}

/** What of a key's month is to be decided when a day is closed. */
export interface OverageSoFar {
  /** Billed units by the start of their UTC day, ms; days of the month that came later may be there too. */
  days: ReadonlyMap<number, number>
  /** Start of the day that is closed, ms. */
  day: number
  /** The largest plan held from the month's start through that day. */
  plan: Plan | null
  /** Start of the last day that something was decided about, ms; null: nothing was yet. */
  through: number | null
  /** Calls above the limit that were decided about: charged, being charged, or left to an invoice. */
  decided: number
}

export interface DueOverage {
  /** Of days that were decided about: calls that came in later. Too late for the provider, they go on an invoice. */
  late: number
  /** Of the days since. */
  due: number
}

/**
 * Calls above the limit that are still to be charged: what all calls through that day amount to, less what was
 * decided before. It is never negative: a larger plan takes nothing back, it only lets the rest of the month
 * come later. The order of days, and how often each is closed, make no difference to the sum.
 */
export function dueOverage({ days, day, plan, through, decided }: OverageSoFar): DueOverage {
  const above = (last: number) => overageOf(sumThrough(days, last), plan)
  const late = through === null ? 0 : Math.max(0, above(through) - decided)
  return { late, due: Math.max(0, above(day) - decided - late) }
}

function sumThrough(days: ReadonlyMap<number, number>, last: number): number {
  let sum = 0
  for (const [day, units] of days) if (day <= last) sum += units
  return sum
}

/** Decimals of the price of one call. */
const UNIT_DIGITS = 6

/**
 * What calls above the limit cost: the price of one at six decimals, times the calls, in whole minor units; half
 * up both times (design.md, 13).
 * @returns null where the plan has no overage, or none in that currency
 */
export function overageAmount(plan: Plan, calls: number, currency: string): bigint | null {
  const { per, prices } = plan.overage ?? { per: 1, prices: {} as Record<string, string> }
  const price = Object.hasOwn(prices, currency) ? prices[currency] : undefined
  if (price === undefined) return null
  const [whole = '', fraction = ''] = price.split('.')
  const millionths = BigInt(whole + fraction.padEnd(UNIT_DIGITS, '0'))
  const ofOne = halfUp(millionths, BigInt(per))
  return halfUp(ofOne * BigInt(calls), 10n ** BigInt(UNIT_DIGITS - minorDigits(currency)))
}

function halfUp(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + divisor) / (2n * divisor)
}
