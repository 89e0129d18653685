import { ApiError } from '../../errors.ts'
import { BadInput } from '../../rules/bad-input.ts'
import type { MonthlyKind } from '../../rules/billing/invoice.ts'
import { startOfMonth } from '../../rules/calendar-time.ts'
import { parseMonth } from '../../rules/usage-period.ts'
import { type InvoiceDoc, invoiceDocOf } from '../../store/invoices.ts'
import { readAccountFacts } from './account-facts.ts'
import type { InvoiceTools } from './issue-account.ts'
import { monthlyContents } from './monthly-contents.ts'

/**
 * What a month of an account would be invoiced with now; nothing is stored.
 * @param kind null: the invoice, where there is none the statement
 * @returns null: there is nothing to invoice
 * @throws BadInput for a month in the future and where it cannot be invoiced, ApiError NOT_FOUND
 */
export async function previewInvoice(
  tools: InvoiceTools,
  { accountId, month, kind }: { accountId: string; month: string; kind: MonthlyKind | null },
): Promise<InvoiceDoc | null> {
  const now = tools.clock()
  const at = parseMonth(month)
  if (at > startOfMonth(now)) throw new BadInput(`${month} lies in the future.`)
  const [facts] = await readAccountFacts(tools, [accountId], at)
  if (!facts) throw new ApiError('NOT_FOUND', 'There is no such account.')
  const { contents, problems } = await monthlyContents(tools, facts)
  const wanted = (one: { kind: MonthlyKind }) => kind === null || one.kind === kind
  const problem = problems.find(wanted)
  if (problem) throw new BadInput(`It cannot be invoiced: ${problem.because}.`)
  const content = contents.find(wanted)
  if (!content) return null
  const draft = { status: 'DRAFT' as const, statusAt: new Date(now), sequence: 0 }
  return invoiceDocOf(content, { ...draft, paidAt: null, file: null, refund: null })
}
