import { Counter, type Registry } from 'prom-client'
import { BILLING_PROVIDERS } from '../../rules/billing/fact.ts'

export interface WebhookMetrics {
  received: Counter<'provider' | 'outcome'>
  contradictions: Counter<'provider'>
}

export function createWebhookMetrics(registry: Registry): WebhookMetrics {
  const registers = [registry]
  const received = new Counter({
    name: 'getcomplical_webhooks_total',
    help: 'Web hooks of payment providers by what became of them. refused, sustained: the secrets here are not those of the provider, or somebody forges. failed: they could not be stored; the provider sends them again.',
    labelNames: ['provider', 'outcome'] as const,
    registers,
  })
  const contradictions = new Counter({
    name: 'getcomplical_webhook_contradictions_total',
    help: 'Events that came again, rightly signed, with another body; the first stays. Above 0: a provider is at fault, or a secret is known to somebody else.',
    labelNames: ['provider'] as const,
    registers,
  })
  for (const provider of BILLING_PROVIDERS) {
    contradictions.inc({ provider }, 0)
    for (const outcome of ['stored', 'repeated', 'refused', 'failed']) {
      received.inc({ provider, outcome }, 0)
    }
  }
  return { received, contradictions }
}
