import { z } from 'zod'
import { LONGEST_GRACE_DAYS } from './account-input.ts'
import { isCurrency, minorDigits } from './currency.ts'
import { FREE_TIER, type Plan, type Plans } from './plan.ts'

const id = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'is not an id: a–z, 0–9, _ and -')
const count = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER)
const providerId = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'is not an id')

/** `{ "USD": "29.00", "JPY": "4500" }`: exactly as many decimals as the currency has. */
const prices = z.record(z.string(), z.string()).superRefine((amounts, context) => {
  if (Object.keys(amounts).length === 0) context.addIssue('names no currency')
  for (const [currency, amount] of Object.entries(amounts)) {
    const problem = whyNoPrice(currency, amount)
    if (problem) context.addIssue({ code: 'custom', path: [currency], message: problem })
  }
})

const plan = z
  .strictObject({
    id,
    name: z.string().regex(/^[^\p{C}\p{Zl}\p{Zp}]{1,100}$/u, 'is empty, too long or unprintable'),
    monthlyLimit: count.nullable(),
    requestsPerSecond: z.number().int().min(1).max(1_000_000),
    prices,
    overage: z.strictObject({ per: count, prices }).nullable(),
    stripePriceIds: z.array(providerId),
    paddlePriceIds: z.array(providerId),
    stripeMeterEvent: providerId.optional(),
    paddleOverageProductId: providerId.optional(),
    stripeOveragePriceId: providerId.optional(),
    graceDays: z.number().int().min(0).max(LONGEST_GRACE_DAYS).optional(),
  })
  .superRefine(({ monthlyLimit, overage, prices: base }, context) => {
    if (!overage) return
    if (monthlyLimit === null) context.addIssue('has overage but no monthlyLimit to exceed')
    // An account is billed in one currency: half a price would be found at the month's end.
    const differing = [...new Set([...Object.keys(base), ...Object.keys(overage.prices)])].filter(
      (currency) => !(currency in base && currency in overage.prices),
    )
    if (differing.length > 0) {
      context.addIssue(`prices and overage.prices differ in currencies: ${differing.join(', ')}`)
    }
  })

const planFile = z.strictObject({ plans: z.array(plan) }).superRefine(({ plans }, context) => {
  const ids = plans.map((one) => one.id)
  if (!ids.includes(FREE_TIER)) context.addIssue(`has no plan "${FREE_TIER}"`)
  const named = {
    'plan id': ids,
    'Stripe price': plans.flatMap((one) => one.stripePriceIds),
    'Paddle price': plans.flatMap((one) => one.paddlePriceIds),
  }
  for (const [what, values] of Object.entries(named)) {
    for (const twice of duplicates(values)) context.addIssue(`names the ${what} "${twice}" twice`)
  }
})

/**
 * Validates the parsed content of `PLANS_FILE` (interfaces.md, "Settings").
 * @returns the plans by id, or every problem in plain words
 */
export function readPlanFile(content: unknown): { plans: Plans } | { problems: string[] } {
  const result = planFile.safeParse(content)
  if (result.success) {
    return { plans: new Map(result.data.plans.map((one): [string, Plan] => [one.id, one])) }
  }
  return {
    problems: result.error.issues.map(({ path, message }) =>
      path.length > 0 ? `${path.join('.')}: ${message}` : message,
    ),
  }
}

function whyNoPrice(currency: string, amount: string): string | null {
  if (!isCurrency(currency)) return 'is no ISO 4217 currency'
  const decimals = minorDigits(currency)
  const shape = decimals === 0 ? /^\d{1,12}$/ : new RegExp(`^\\d{1,12}\\.\\d{${decimals}}$`)
  if (shape.test(amount)) return null
  const example = decimals === 0 ? '4500' : `29.${'0'.repeat(decimals)}`
  return `"${amount}" is not an amount such as "${example}"`
}

function duplicates(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))]
}
