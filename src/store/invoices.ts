import { hash } from 'node:crypto'
import { Binary, type Collection, type Db } from 'mongodb'
import type { InvoiceContent, InvoiceKind } from '../rules/billing/invoice.ts'
import type { InvoiceStatus } from '../rules/billing/invoice-status.ts'

/**
 * A document that an account was sent, or its draft. What it says never changes once it is issued: every write
 * to an issued one touches the fields below `status` alone.
 */
export interface InvoiceDoc extends Omit<InvoiceContent, 'id' | 'issuedAt'> {
  _id: string
  /** When it was issued, or drafted. */
  createdAt: Date
  /** Counted up over the documents of an account in the order in which they were issued; 0: a draft. */
  sequence: number
  /** SHA-256 of all that it says, base64url; null: a draft. */
  contentHash: string | null
  /** The PDF as issued; null: a draft. */
  file: { sha256: string; bytes: number } | null
  /** Of a credit note over a provider's refund: `STRIPE:ch_1`. */
  refund: string | null
  status: InvoiceStatus
  /** Since when. */
  statusAt: Date
  /** Why it is VOID or UNCOLLECTIBLE, as an operator said; null otherwise. */
  because: string | null
  paidAt: Date | null
  /** Given back by credit notes, whole minor units. */
  credited: number
}

/** A PDF, as it was issued. Only ever inserted. */
export interface InvoiceFileDoc {
  /** Of its invoice. */
  _id: string
  pdf: Binary
  /** Hex. */
  sha256: string
}

/** A document that could not be issued, until it was. */
export interface InvoiceProblemDoc {
  /** `<accountId>:2026-11:INVOICE` */
  _id: string
  accountId: string
  month: string
  kind: InvoiceKind
  /** Plain words, for an operator. */
  because: string
  since: Date
}

export function invoices(db: Db): Collection<InvoiceDoc> {
  return db.collection('invoices')
}

export function invoiceFiles(db: Db): Collection<InvoiceFileDoc> {
  return db.collection('invoiceFiles')
}

export function invoiceProblems(db: Db): Collection<InvoiceProblemDoc> {
  return db.collection('invoiceProblems')
}

/** Idempotent; called at start by every process. */
export async function createInvoiceIndexes(db: Db): Promise<void> {
  await invoices(db).createIndex({ accountId: 1, createdAt: -1, _id: -1 })
  await invoices(db).createIndex({ accountId: 1, month: 1, kind: 1 })
  await invoices(db).createIndex({ kind: 1, status: 1 })
  await invoices(db).createIndex(
    { number: 1 },
    { unique: true, partialFilterExpression: { number: { $type: 'string' } } },
  )
  await invoiceProblems(db).createIndex({ since: 1 })
  // Transactions need not make them then.
  await invoiceFiles(db).createIndex({ sha256: 1 })
}

/**
 * The id of a document follows from what makes it one, so that a second one of it cannot be stored: account,
 * month and kind; or the invoice or refund and how much of it was given back before.
 */
export function invoiceId(...parts: readonly (string | number)[]): string {
  return `inv_${hash('sha256', JSON.stringify(parts), 'hex').slice(0, 24)}`
}

/** What a stored document says, in one order whatever is read: the hash is made from it. */
export function contentOf(doc: InvoiceDoc): InvoiceContent {
  const { _id, createdAt, accountId, kind, number, month, currency, seller, buyer, lines } = doc
  const { subtotal, tax, total, basis, providerInvoices, subscriptions, credits, reason } = doc
  return {
    ...{ id: _id, accountId, kind, number, month, issuedAt: createdAt.toISOString(), currency },
    ...{ seller, buyer, lines, subtotal, tax, total, basis },
    ...{ providerInvoices, subscriptions, credits, reason },
  }
}

export function contentHashOf(content: InvoiceContent): string {
  return hash('sha256', JSON.stringify(content), 'base64url')
}

/** As it is stored; without a PDF it is a draft. */
export function invoiceDocOf(
  content: InvoiceContent,
  more: Pick<InvoiceDoc, 'sequence' | 'status' | 'statusAt' | 'paidAt' | 'file' | 'refund'>,
): InvoiceDoc {
  // Fields that are undefined would come back as null, and change the hash.
  const { id, issuedAt, ...said } = JSON.parse(JSON.stringify(content)) as InvoiceContent
  const doc = { _id: id, createdAt: new Date(issuedAt), ...said, contentHash: null, ...more }
  const whole: InvoiceDoc = { ...doc, because: null, credited: 0 }
  return more.file ? { ...whole, contentHash: contentHashOf(contentOf(whole)) } : whole
}

export function invoiceFileOf(invoiceId: string, pdf: Uint8Array): InvoiceFileDoc {
  return { _id: invoiceId, pdf: new Binary(pdf), sha256: hash('sha256', pdf) }
}
