import type { RenderInvoice } from '../../documents/invoice-pdf.ts'
import { type InvoiceContent, invoiceNumber } from '../../rules/billing/invoice.ts'
import { nextInvoiceCount } from '../../store/invoice-numbers.ts'
import type { InvoiceDoc } from '../../store/invoices.ts'
import { type IssueTools, issueInvoice, type ReadyInvoice } from '../../store/issue-invoice.ts'

export interface IssueContentTools extends IssueTools {
  render: RenderInvoice
}

/**
 * Gives a document the next number, sets its PDF, and issues it.
 * @returns null where it was issued before
 * @throws ReckonedBefore where it must be reckoned anew: the number or the account moved meanwhile; RangeError where
 *   its PDF is too large
 */
export async function issueContent(
  tools: IssueContentTools,
  content: InvoiceContent,
  ready: Omit<ReadyInvoice, 'content' | 'count' | 'pdf'>,
): Promise<InvoiceDoc | null> {
  const { kind } = content
  const count = await nextInvoiceCount(tools.db, kind)
  const numbered = { ...content, number: invoiceNumber(kind, count) }
  const pdf = await tools.render(numbered)
  return await issueInvoice(tools, { ...ready, content: numbered, count, pdf })
}
