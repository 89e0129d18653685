import { ProviderError } from '../../outgoing/provider-error.ts'
import { unitsAbove } from '../../rules/billing/invoice-lines.ts'
import { MINUTE } from '../../rules/billing/meter-instant.ts'
import { parseMonth } from '../../rules/usage-period.ts'
import { apiKeys } from '../../store/api-keys.ts'
import { type ChargeMonthDoc, chargeMonths } from '../../store/charge-months.ts'
import { usageCells } from '../../store/usage-cells.ts'
import { type UsageChargeDoc, usageCharges } from '../../store/usage-charges.ts'
import type { ChargeTools } from './charge-tools.ts'
import { customerOf, subscriptionAtProvider } from './send-charge.ts'
import { subscriptionOf } from './stated-subscription.ts'

/** What a key's month came to here, and what its provider has of it. Units throughout. */
export interface KeyReport {
  apiKeyId: string
  prefix: string
  tier: string
  usage: number
  /** Above the limit, by now. */
  overage: number
  reported: number
  acknowledged: number
  toNextInvoice: number
  /** The provider's own sum; null: it could not be asked. */
  atProvider: number | null
  /** Of it, what we do not know of (or, negative, what it does not have); null: it could not be asked. */
  difference: number | null
  /** Why not, in words. */
  note: string | null
}

export interface ChargeReport {
  month: string
  keys: KeyReport[]
  /** Keys whose difference is not 0. */
  differing: number
  /** Keys whose provider could not be asked. */
  unasked: number
}

export type ReportTools = Pick<ChargeTools, 'db' | 'plans' | 'encryption' | 'providers'>

/**
 * Ours against theirs, for each key that a provider billed overage of in that month.
 * @param month `2026-11`
 * @throws BadInput
 */
export async function chargeReport(tools: ReportTools, month: string): Promise<ChargeReport> {
  const { db } = tools
  parseMonth(month)
  const keys: KeyReport[] = []
  for await (const doc of chargeMonths(db).find({ month }).sort({ apiKeyId: 1 })) {
    keys.push(await keyReport(tools, doc))
  }
  return {
    ...{ month, keys },
    differing: keys.filter(({ difference }) => difference !== null && difference !== 0).length,
    unasked: keys.filter(({ difference }) => difference === null).length,
  }
}

async function keyReport(tools: ReportTools, doc: ChargeMonthDoc): Promise<KeyReport> {
  const { db, plans } = tools
  const { _id, apiKeyId, month, tier, reportedUnits, acknowledgedUnits, toNextInvoiceUnits } = doc
  const key = await apiKeys(db).findOne({ _id: apiKeyId })
  const cell = await usageCells(db).months.findOne({ _id })
  const charges = await usageCharges(db)
    .find({ apiKeyId, month, provider: { $ne: null } })
    .toArray()
  const usage = cell?.total ?? 0
  const about = {
    ...{ apiKeyId, prefix: key?.prefix ?? '', tier, usage },
    overage: unitsAbove(plans.get(tier) ?? null, usage),
    ...{ reported: reportedUnits, acknowledged: acknowledgedUnits },
    toNextInvoice: toNextInvoiceUnits,
  }
  try {
    const atProvider = await sumAtProviders(tools, doc, charges)
    return { ...about, atProvider, difference: atProvider - acknowledgedUnits, note: null }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return { ...about, atProvider: null, difference: null, note: error.message }
  }
}

/** @throws ProviderError */
async function sumAtProviders(
  tools: ReportTools,
  month: ChargeMonthDoc,
  charges: readonly UsageChargeDoc[],
): Promise<number> {
  const bySubscription = Map.groupBy(charges, ({ subscription }) => subscription)
  let sum = 0
  for (const ofOne of bySubscription.values()) {
    const metered = ofOne.filter(({ meter }) => meter !== null)
    const priced = ofOne.filter(({ price }) => price !== null && price.amount > 0)
    sum += await meterSumOf(tools, month, metered)
    sum += await chargedSumOf(tools, month, priced)
    // Cheaper than the smallest coin: acknowledged, and never sent.
    sum += ofOne.reduce((free, { price, units }) => free + (price?.amount === 0 ? units : 0), 0)
  }
  return sum
}

/** In one question, unless another key's charges count for the same customer. */
async function meterSumOf(
  tools: ReportTools,
  { apiKeyId, month }: ChargeMonthDoc,
  charges: readonly UsageChargeDoc[],
): Promise<number> {
  const [first] = charges
  if (!first?.meter) return 0
  const { db, providers } = tools
  const subscription = await subscriptionOf(db, first)
  const customer = customerOf(tools, first, subscription)
  const minutes = charges.flatMap(({ meter }) => (meter ? [meter.at.getTime()] : []))
  const { customerHash } = first
  const others = await usageCharges(db).countDocuments({
    ...{ customerHash, apiKeyId: { $ne: apiKeyId }, month },
  })
  const [from, to] = [Math.min(...minutes), Math.max(...minutes)]
  const windows =
    others > 0 ? minutes.map((at): [number, number] => [at, at]) : [[from, to] as const]
  let sum = 0
  for (const [start, end] of windows) {
    const window = { customer, from: start, to: end + MINUTE }
    const eventName = first.meter.eventName
    const found = await providers.STRIPE?.meterSum({ eventName, ...window })
    if (found == null) throw unanswered('STRIPE')
    sum += found
  }
  return sum
}

async function chargedSumOf(
  { providers }: ReportTools,
  { apiKeyId, month }: ChargeMonthDoc,
  charges: readonly UsageChargeDoc[],
): Promise<number> {
  const [first] = charges
  if (!first) return 0
  const found = await providers.PADDLE?.charges(subscriptionAtProvider(first), parseMonth(month))
  if (!found) throw unanswered('PADDLE')
  const ours = found.filter(({ reference }) => reference.startsWith(`${apiKeyId}:${month}`))
  return ours.reduce((sum, { units }) => sum + units, 0)
}

function unanswered(provider: 'STRIPE' | 'PADDLE'): ProviderError {
  return new ProviderError({
    ...{ provider, writes: false, status: null, mayHaveArrived: false },
    ...{ reason: 'not_asked', retryAfterMs: null },
  })
}
