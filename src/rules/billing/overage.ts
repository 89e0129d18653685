import type { Plan } from '../plan.ts'
import { unitsAbove } from './invoice-lines.ts'

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
  const above = (last: number) => unitsAbove(plan, sumThrough(days, last))
  const late = through === null ? 0 : Math.max(0, above(through) - decided)
  return { late, due: Math.max(0, above(day) - decided - late) }
}

function sumThrough(days: ReadonlyMap<number, number>, last: number): number {
  let sum = 0
  for (const [day, units] of days) if (day <= last) sum += units
  return sum
}
