import { Counter, type Registry } from 'prom-client'

export type MeteringMetrics = ReturnType<typeof createMeteringMetrics>

export function createMeteringMetrics(registry: Registry) {
  const registers = [registry]
  return {
    billedUnits: new Counter({
      name: 'getcomplical_billed_units_total',
      help: 'Units billed, by endpoint and tier of the key that paid. Must equal what the roll-up counts, backlog apart.',
      // Never by key: each would be a series for ever. See getcomplical_busiest_key_units.
      labelNames: ['endpoint', 'tier'],
      registers,
    }),
    failedFields: new Counter({
      name: 'getcomplical_failed_fields_total',
      help: 'Metered root fields that ended in an error, by endpoint; not billed. A sustained share above 1 %: clients or data are broken.',
      labelNames: ['endpoint'],
      registers,
    }),
    refused: new Counter({
      name: 'getcomplical_refused_operations_total',
      help: 'Metered operations refused whole, by code. QUOTA_EXCEEDED and RATE_LIMITED are the customers’ plans at work; UNAVAILABLE above 0: calls could not be written to the spool.',
      labelNames: ['code'],
      registers,
    }),
  }
}
