import type { Plan } from '../plan.ts'
import type { BillingProvider } from './fact.ts'
import type { Seller } from './seller.ts'

/**
 * INVOICE: we are paid for it. USAGE_STATEMENT: what a provider charges, whose own invoice is the one to pay.
 * CREDIT_NOTE: money given back, with a negative total.
 */
export type InvoiceKind = 'INVOICE' | 'USAGE_STATEMENT' | 'CREDIT_NOTE'

export const INVOICE_KINDS = ['INVOICE', 'USAGE_STATEMENT', 'CREDIT_NOTE'] as const

/** What a month of an account may end in. */
export type MonthlyKind = Exclude<InvoiceKind, 'CREDIT_NOTE'>

export interface InvoiceLine {
  what: 'plan' | 'overage' | 'late' | 'refund' | 'credit' | 'tax'
  /** Null: of no key. */
  apiKeyId: string | null
  /** Plan id; null: of none. */
  tier: string | null
  description: string
  quantity: number
  /** Decimal in major units, up to six decimals. */
  unitPrice: string
  /** Whole minor units, rounded here and nowhere else. */
  amount: number
}

/** Whom a document is made out to. */
export interface Buyer {
  name: string
  /** Lines. */
  address: readonly string[]
  taxId: string | null
}

/** How much of a key's month a document has counted, and what it charged of it. */
export interface CountedUsage {
  apiKeyId: string
  /** `2026-11`: an earlier one than the document's where calls came late. */
  month: string
  /** Billed units of the month by then. */
  total: number
  /** Of these above the limit and charged by this document; below 0: taken back. */
  charged: number
  /** The largest plan held in the month, which decides about calls above the limit. */
  tier: string
  /** Which document is the month's own of this key; the rest of its calls is charged there too. */
  home: MonthlyKind
}

/** What the lines were reckoned from, as far as it may change later. */
export interface InvoiceBasis {
  plans: readonly Plan[]
  keys: readonly { apiKeyId: string; name: string; prefix: string }[]
  usage: readonly CountedUsage[]
}

/** All that a document says; once it is issued nothing of it changes. */
export interface InvoiceContent {
  id: string
  accountId: string
  kind: InvoiceKind
  /** Without gaps within its kind; null: a draft. */
  number: string | null
  /** `2026-11` */
  month: string
  /** When it was issued, or drafted; RFC 3339. */
  issuedAt: string
  /** ISO 4217 */
  currency: string
  seller: Seller
  buyer: Buyer
  /** The tax, where there is one, is the last of them: together they are the total. */
  lines: readonly InvoiceLine[]
  /** Whole minor units, as the next two. */
  subtotal: number
  tax: { name: string; rate: string; amount: number } | null
  total: number
  basis: InvoiceBasis
  /** Of a statement: what the provider had sent by then for it. */
  providerInvoices: readonly { provider: BillingProvider; id: string; number: string | null }[]
  /** Of a statement: the provider's subscriptions that it is about, `STRIPE:sub_1`. */
  subscriptions: readonly string[]
  /** Of a credit note: what it takes back, null where that was never issued; and why. */
  credits: { id: string; number: string } | null
  reason: string | null
}

const series: Readonly<Record<InvoiceKind, string>> = {
  INVOICE: 'INV',
  USAGE_STATEMENT: 'STM',
  CREDIT_NOTE: 'CRN',
}

/** `INV-000012`: counted for ever, so that a number never comes twice. */
export function invoiceNumber(kind: InvoiceKind, count: number): string {
  return `${series[kind]}-${`${count}`.padStart(6, '0')}`
}

/** Where a document's PDF is read, with the owner's token. */
export function pdfPathOf(invoiceId: string): string {
  return `/invoices/${invoiceId}.pdf`
}
