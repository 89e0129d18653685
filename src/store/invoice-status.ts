import type { ClientSession, Db } from 'mongodb'
import { type InvoiceEvent, statusAfter, statusesBefore } from '../rules/billing/invoice-status.ts'
import { writeNotices } from './billing-notices.ts'
import { type InvoiceDoc, invoices } from './invoices.ts'
import { noticeOfInvoice } from './issue-invoice.ts'

/**
 * Moves an issued document's status, once: with the notice that it is paid, in one transaction.
 * @param when since when it holds; of a payment when it was made
 * @returns null where the document is in no status from which this leads on
 */
export async function moveInvoice(
  db: Db,
  { id, event, when, because = null }: InvoiceMove,
  session: ClientSession,
): Promise<InvoiceDoc | null> {
  const status = statusAfter('OPEN', event)
  if (!status) throw new Error(`${event} leads nowhere`)
  const paid = event === 'pay' ? { paidAt: when } : {}
  const moved = await invoices(db).findOneAndUpdate(
    { _id: id, status: { $in: statusesBefore(event) } },
    { $set: { status, statusAt: when, because, ...paid } },
    { session, returnDocument: 'after' },
  )
  if (moved && event === 'pay') {
    await writeNotices(db, moved.accountId, [noticeOfInvoice('invoice-paid', moved, when)], session)
  }
  return moved
}

export interface InvoiceMove {
  id: string
  event: InvoiceEvent
  when: Date
  /** Plain words of an operator. */
  because?: string | null
}
