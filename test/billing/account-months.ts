import { expect } from 'vitest'
import type { InvoiceLine, MonthlyKind } from '../../src/rules/billing/invoice.ts'
import { amountText } from '../../src/rules/billing/money.ts'
import { type AccountMonth, monthlyDocuments } from '../../src/rules/billing/monthly-documents.ts'
import type { AccessEntry, AccessThen, KeyLife } from '../../src/rules/billing/plan-days.ts'
import { pricedPlans } from './priced-plans.ts'

export const at = (text: string) => Date.parse(text)

export function access(
  tier: string,
  billingStatus: AccessThen['billingStatus'] = 'NONE',
): AccessThen {
  return { tier, billingStatus, revoked: false }
}

/** Each goes on from the one before; the first from `from`. */
export function changesFrom(from: AccessThen, ...entries: [string, AccessThen][]): AccessEntry[] {
  let before = from
  return entries.map(([when, to]) => {
    const entry = { at: at(when), from: before, to }
    before = to
    return entry
  })
}

export function keyOf(apiKeyId: string, life: Partial<KeyLife> = {}): AccountMonth['keys'][number] {
  const whole = { createdAt: at('2020-01-01'), revokedAt: null, tier: 'starter', changes: [] }
  const prefix = `gc_live_${apiKeyId.slice(-4)}`
  return { apiKeyId, name: 'production', prefix, life: { ...whole, ...life } }
}

/** @param usage by `key:2026-11` */
export function accountMonth(
  keys: AccountMonth['keys'],
  usage: Record<string, number> = {},
  more: Partial<AccountMonth> = {},
): AccountMonth {
  return {
    ...{ month: at('2026-11-01'), currency: 'USD', plans: pricedPlans, keys },
    totalOf: (apiKeyId, month) => usage[`${apiKeyId}:${month}`] ?? 0,
    unchargedOf: () => 0,
    ...{ earlier: [], empty: [], tax: { name: 'GST', rate: '0' } },
    ...more,
  }
}

/** `1 x 29.00 = 29.00: Starter: production (…), November 2026` */
export function lineWords(currency: string): (line: InvoiceLine) => string {
  return ({ quantity, unitPrice, amount, description }) =>
    `${quantity} x ${unitPrice} = ${amountText(amount, currency)}: ${description}`
}

/** The lines of the account's document of a kind, as a reader would write them, with the total. */
export function written(account: AccountMonth, kind: MonthlyKind = 'INVOICE'): string[] {
  const { documents, problems } = monthlyDocuments(account)
  expect(problems).toEqual([])
  const document = documents.find((one) => one.kind === kind)
  if (!document) return []
  const { currency } = account
  const total = amountText(document.total, currency)
  return [...document.lines.map(lineWords(currency)), total]
}
