import { Counter, Gauge, type Registry } from 'prom-client'
import { BILLING_PROVIDERS } from '../../rules/billing/fact.ts'

const outcomes = ['acknowledged', 'refused', 'unavailable', 'unknown', 'next_invoice'] as const

export type ChargeMetrics = ReturnType<typeof createChargeMetrics>

export function createChargeMetrics(registry: Registry) {
  const registers = [registry]
  const charges = new Counter({
    name: 'getcomplical_usage_charges_total',
    help: 'Charges of calls above the limit by how a try ended. refused: the provider takes them in no way, and they go on our own invoice; sustained, its meters, products or prices are set up differently. unknown: each is asked about or protected by its identifier. next_invoice: left to an invoice of ours without asking.',
    labelNames: ['provider', 'outcome'] as const,
    registers,
  })
  for (const provider of BILLING_PROVIDERS) {
    for (const outcome of outcomes) charges.inc({ provider, outcome }, 0)
  }
  return {
    charges,
    units: new Counter({
      name: 'getcomplical_usage_charged_units_total',
      help: 'Calls above the limit that a provider has acknowledged.',
      labelNames: ['provider'] as const,
      registers,
    }),
    doubles: new Counter({
      name: 'getcomplical_usage_charge_excess_total',
      help: 'Charges of which a provider has more than it was to get. Anything above 0: a customer pays too much; the log names the charge.',
      registers,
    }),
    oldestPending: new Gauge({
      name: 'getcomplical_usage_charge_oldest_seconds',
      help: 'Age of the oldest charge that is not settled; 0 without one. Above a day: a provider is away or its key is missing. After 34 days it goes on an invoice of ours.',
      registers,
    }),
    lastDay: new Gauge({
      name: 'getcomplical_usage_charge_last_day_timestamp_seconds',
      help: 'Start of the last day whose calls this process has looked at for charges.',
      registers,
    }),
  }
}
