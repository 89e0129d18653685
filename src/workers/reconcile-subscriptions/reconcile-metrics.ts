import { Counter, Gauge, type Registry } from 'prom-client'
import { BILLING_PROVIDERS } from '../../rules/billing/fact.ts'

export function createReconcileMetrics(registry: Registry) {
  const registers = [registry]
  const differences = new Counter({
    name: 'getcomplical_reconciliation_differences_total',
    help: 'Subscriptions of which a provider says something else than we do. corrected=yes: events were lost or late, and it is put right; look at the web hooks. corrected=no: somebody must look (the query reconciliations).',
    labelNames: ['provider', 'corrected'] as const,
    registers,
  })
  for (const provider of BILLING_PROVIDERS) {
    for (const corrected of ['yes', 'no']) differences.inc({ provider, corrected }, 0)
  }
  return {
    differences,
    checked: new Counter({
      name: 'getcomplical_reconciliation_checked_total',
      help: 'Subscriptions that were held against what their provider says.',
      labelNames: ['provider'] as const,
      registers,
    }),
    lastSuccess: new Gauge({
      name: 'getcomplical_reconciliation_last_success_timestamp_seconds',
      help: 'When this process last ended a nightly reconcile of a provider. Over all processes more than 26 hours old: lost events stay unnoticed.',
      labelNames: ['provider'] as const,
      registers,
    }),
  }
}
