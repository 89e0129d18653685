import type { ClientSession, Db } from 'mongodb'
import { type InvoiceContent, pdfPathOf } from '../rules/billing/invoice.ts'
import { amountText } from '../rules/billing/money.ts'
import { writeBillingMail } from './billing-mail.ts'
import { type BillingNoticeType, type NewBillingNotice, writeNotices } from './billing-notices.ts'
import { isDuplicateKey } from './database.ts'
import type { Encryption } from './encryption.ts'
import { raiseAccountVersion } from './invoice-accounts.ts'
import { takeInvoiceCount } from './invoice-numbers.ts'
import {
  type InvoiceDoc,
  invoiceDocOf,
  invoiceFileOf,
  invoiceFiles,
  invoiceProblems,
  invoices,
} from './invoices.ts'

export interface IssueTools {
  db: Db
  encryption: Pick<Encryption, 'encrypt'>
}

/** A document that is ready to be issued. */
export interface ReadyInvoice {
  /** With its number. */
  content: InvoiceContent
  /** What the number counts. */
  count: number
  pdf: Uint8Array
  /** Of the account's, as it was when this was reckoned. */
  version: number
  status: Pick<InvoiceDoc, 'status' | 'paidAt'>
  /** Of a credit note over a provider's refund. */
  refund: string | null
  /** What else moves with it, in the same transaction. */
  alongside?: (session: ClientSession) => Promise<void>
}

/** A document of MongoDB holds 16 MB. */
const MOST_BYTES = 15_000_000

/**
 * Issues a document: its number, itself, its PDF, the notice and the mail, all or nothing. A draft of the same id
 * becomes it.
 * @returns null where it was issued before
 * @throws ReckonedBefore where something was issued since it was reckoned, RangeError where the PDF is too large, and
 *   what MongoDB throws: whether it was issued is then told by trying again
 */
export async function issueInvoice(
  tools: IssueTools,
  ready: ReadyInvoice,
): Promise<InvoiceDoc | null> {
  const { db } = tools
  const { content, pdf, refund, status, version } = ready
  if (pdf.length > MOST_BYTES) throw new RangeError('its PDF is too large')
  const { _id, ...file } = invoiceFileOf(content.id, pdf)
  const doc = invoiceDocOf(content, {
    ...{ ...status, refund, sequence: version + 1, statusAt: new Date(content.issuedAt) },
    file: { sha256: file.sha256, bytes: pdf.length },
  })
  // Without a transaction first: a double insert would abort it.
  if (await isIssued(db, _id)) return null
  try {
    await db.client.withSession((session) =>
      session.withTransaction(() => writeInvoice(tools, ready, doc, { _id, ...file }, session)),
    )
    return doc
  } catch (error) {
    if (isDuplicateKey(error) && (await isIssued(db, _id))) return null
    throw error
  }
}

async function isIssued(db: Db, _id: string): Promise<boolean> {
  const issued = { _id, status: { $ne: 'DRAFT' as const } }
  return (await invoices(db).findOne(issued, { projection: { _id: 1 } })) !== null
}

async function writeInvoice(
  { db, encryption }: IssueTools,
  { content, count, version, alongside }: ReadyInvoice,
  doc: InvoiceDoc,
  file: ReturnType<typeof invoiceFileOf>,
  session: ClientSession,
): Promise<void> {
  const { accountId, kind, month } = content
  await raiseAccountVersion(db, { accountId, version }, session)
  await takeInvoiceCount(db, { kind, count }, session)
  const { _id, ...said } = doc
  // An issued one matches no draft: the insert then collides with it.
  await invoices(db).replaceOne({ _id, status: 'DRAFT' }, said, { upsert: true, session })
  await invoiceFiles(db).insertOne(file, { session })
  await invoiceProblems(db).deleteOne({ _id: `${accountId}:${month}:${kind}` }, { session })
  const issued = noticeOfInvoice('invoice-issued', doc, doc.createdAt)
  await writeNotices(db, accountId, [issued], session)
  await writeBillingMail(db, encryption, issued, session)
  await alongside?.(session)
}

/** What the topic and a mail say of a document. */
export type InvoiceNoticeData = {
  invoiceId: string
  kind: InvoiceContent['kind']
  number: string
  month: string
  total: { amount: string; currency: string }
  /** Path on this server, for the owner's token. */
  pdfUrl: string
  /** Of a credit note: what it takes back. */
  credits: string | null
}

export function noticeOfInvoice(
  type: Extract<BillingNoticeType, 'invoice-issued' | 'invoice-paid'>,
  { _id: invoiceId, accountId, kind, number, month, total, currency, credits }: InvoiceDoc,
  at: Date,
): NewBillingNotice {
  const data: InvoiceNoticeData = {
    ...{ invoiceId, kind, number: number ?? '', month },
    total: { amount: amountText(total, currency), currency },
    pdfUrl: pdfPathOf(invoiceId),
    credits: credits?.number ?? null,
  }
  const what = type === 'invoice-issued' ? 'issued' : 'paid'
  return { _id: `${invoiceId}:${what}`, accountId, apiKeyId: null, type, at, data }
}

/** Replaces the draft of its id; one that was issued meanwhile stays. */
export async function saveDraft(db: Db, content: InvoiceContent, now: Date): Promise<boolean> {
  const empty = { sequence: 0, file: null, refund: null, paidAt: null }
  const { _id, ...doc } = invoiceDocOf(content, { status: 'DRAFT', statusAt: now, ...empty })
  try {
    await invoices(db).replaceOne({ _id, status: 'DRAFT' }, doc, { upsert: true })
    return true
  } catch (error) {
    if (isDuplicateKey(error)) return false
    throw error
  }
}
