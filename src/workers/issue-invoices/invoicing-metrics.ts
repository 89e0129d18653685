import { Counter, Gauge, type Registry } from 'prom-client'
import { INVOICE_KINDS } from '../../rules/billing/invoice.ts'

export interface InvoicingMetrics {
  issued: Counter<'kind'>
  runs: Counter<'outcome'>
  notIssued: Gauge
  overdue: Gauge
  seconds: Gauge
}

export function createInvoicingMetrics(registry: Registry): InvoicingMetrics {
  const registers = [registry]
  const metrics = {
    issued: new Counter({
      name: 'getcomplical_invoices_issued_total',
      help: 'Documents issued by this process. Credit notes that rise without anybody asking for them: somebody gives much back at a provider.',
      labelNames: ['kind'] as const,
      registers,
    }),
    runs: new Counter({
      name: 'getcomplical_invoicing_runs_total',
      help: 'Months invoiced, by outcome. failure: it broke off and is tried again; sustained, MongoDB is away or refuses. problems: done, but for accounts that cannot be invoiced.',
      labelNames: ['outcome'] as const,
      registers,
    }),
    notIssued: new Gauge({
      name: 'getcomplical_invoices_not_issued',
      help: 'Documents that could not be issued and are not yet. Above 0: a price list lacks a currency, or PLANS_FILE a plan; the log and POST /admin/trigger-invoicing say which. Mend it, restart, trigger that month again.',
      registers,
    }),
    overdue: new Gauge({
      name: 'getcomplical_invoicing_overdue_seconds',
      help: 'For how long the oldest month that is due waits to be invoiced. Growing above an hour: its run fails again and again, and the log says why.',
      registers,
    }),
    seconds: new Gauge({
      name: 'getcomplical_invoicing_duration_seconds',
      help: 'How long the last run over all accounts took. It grows with the documents issued; each takes its PDF and a transaction.',
      registers,
    }),
  }
  // There before they first count: whoever watches sees an increase, and none where a series begins.
  for (const kind of INVOICE_KINDS) metrics.issued.inc({ kind }, 0)
  for (const outcome of ['success', 'problems', 'failure']) metrics.runs.inc({ outcome }, 0)
  return metrics
}
