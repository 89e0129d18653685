import { Counter, type Registry } from 'prom-client'
import { BILLING_PROVIDERS, type BillingProvider } from '../rules/billing/fact.ts'
import { ProviderError } from './provider-error.ts'

export interface ProviderMetrics {
  /** Runs one call and counts how it ended. */
  counted<T>(provider: BillingProvider, call: () => Promise<T>): Promise<T>
}

const outcomes = ['answered', 'refused', 'unavailable', 'unknown'] as const

export function createProviderMetrics(registry: Registry): ProviderMetrics {
  const calls = new Counter({
    name: 'getcomplical_provider_calls_total',
    help: 'Calls to payment providers by how they ended. unavailable, sustained: the provider is away, limits us, or does not accept our key. refused, sustained: something is set up differently there (prices, meters, products). unknown: an answer was lost; each is asked about before it is repeated.',
    labelNames: ['provider', 'outcome'] as const,
    registers: [registry],
  })
  for (const provider of BILLING_PROVIDERS) {
    for (const outcome of outcomes) calls.inc({ provider, outcome }, 0)
  }
  return {
    async counted(provider, call) {
      try {
        const result = await call()
        calls.inc({ provider, outcome: 'answered' })
        return result
      } catch (error) {
        if (error instanceof ProviderError) calls.inc({ provider, outcome: error.code })
        throw error
      }
    },
  }
}
