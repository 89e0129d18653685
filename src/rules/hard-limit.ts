import { BadInput } from './bad-input.ts'
import type { Plan } from './plan.ts'

/**
 * Units a month from which on calls are refused: the plan's limit; where the plan bills what is above it, that
 * limit and the key's cap. Null: never.
 * @param cap units above the limit; null: any number
 */
export function hardLimitOf(
  { monthlyLimit, overage }: Pick<Plan, 'monthlyLimit' | 'overage'>,
  cap: number | null | undefined,
): number | null {
  if (monthlyLimit === null || overage === null) return monthlyLimit
  return cap == null ? null : Math.min(monthlyLimit + cap, Number.MAX_SAFE_INTEGER)
}

/** @throws BadInput */
export function checkedOverageCap(units: number): number {
  if (Number.isSafeInteger(units) && units >= 0) return units
  throw new BadInput('"units" must be a whole number, 0 or more; null: no cap.')
}
