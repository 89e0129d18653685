import { randomUUID } from 'node:crypto'
import type { Registry } from 'prom-client'
import { lastInvoiceableMonth } from '../../rules/billing/due-months.ts'
import { monthName } from '../../rules/calendar-time.ts'
import { parseMonth } from '../../rules/usage-period.ts'
import { contentOf, type InvoiceDoc, invoiceFiles } from '../../store/invoices.ts'
import { doRun } from '../job-run.ts'
import { auditInvoice } from './audit-invoice.ts'
import { creditInvoice } from './credit-invoice.ts'
import { creditRefunds } from './credit-refunds.ts'
import { createInvoicingMetrics } from './invoicing-metrics.ts'
import { ISSUE_JOB } from './issue-job.ts'
import { createMonthInvoicing, type MonthInvoiced, type MonthTools } from './issue-month.ts'
import { previewInvoice } from './preview-invoice.ts'
import { settleStatements } from './settle-statements.ts'

/** What an API process does about invoices beside reading them. */
export type Invoicing = ReturnType<typeof createInvoicing>

export interface Triggered extends MonthInvoiced {
  /** Statements that were found paid at their provider. */
  paid: number
  /** Credit notes over what providers gave back. */
  creditNotes: number
}

/** A run that is not renewed for so long was left by a process that died. */
const LEASE_MS = 30_000

export function createInvoicing(options: Omit<MonthTools, 'metrics'> & { registry: Registry }) {
  const { db, clock, render } = options
  const tools: MonthTools = { ...options, metrics: createInvoicingMetrics(options.registry) }
  const issueMonth = createMonthInvoicing(tools)
  const owner = randomUUID()

  /** Whatever a worker does at the same time: each document is issued by one of the two. */
  async function trigger(month: string): Promise<MonthInvoiced> {
    const issued: MonthInvoiced[] = []
    const issue = async () => {
      const result = await issueMonth(month)
      issued.push(result)
      return { ...result, onDemand: true }
    }
    const run = { id: `${ISSUE_JOB}:${month}`, owner, leaseMs: LEASE_MS }
    // As a run, so that no worker does it all again. An operator is never told to stop.
    if (parseMonth(month) <= lastInvoiceableMonth(clock())) await doRun(db, run, () => false, issue)
    return issued[0] ?? (await issueMonth(month))
  }

  return {
    /**
     * Invoices a month on demand, and settles what providers were paid or gave back.
     * @param month `2026-11`; null: the last complete one
     * @throws BadInput for a month in the future or of no calendar
     */
    async trigger(month: string | null): Promise<Triggered> {
      const result = await trigger(month ?? monthName(lastInvoiceableMonth(clock())))
      const paid = await settleStatements(db)
      return { ...result, paid, creditNotes: (await creditRefunds(tools)).length }
    },
    preview: (wanted: Parameters<typeof previewInvoice>[1]) => previewInvoice(tools, wanted),
    audit: (id: string, accountId: string | null) => auditInvoice(db, id, accountId),
    credit: (credit: Parameters<typeof creditInvoice>[1]) => creditInvoice(tools, credit),
    /** As it was issued; of a draft as it stands. */
    async pdfOf(invoice: InvoiceDoc): Promise<Uint8Array> {
      if (invoice.status === 'DRAFT') return await render(contentOf(invoice))
      const file = await invoiceFiles(db).findOne({ _id: invoice._id })
      if (!file) throw new Error(`the PDF of ${invoice._id} is gone`)
      return file.pdf.buffer
    },
  }
}
