import type { Registry } from 'prom-client'
import { createPaddleClient, type PaddleClient } from './paddle-client.ts'
import type { ProviderAccess } from './provider-access.ts'
import { createProviderHttp, type ProviderHttpOptions } from './provider-http.ts'
import { createProviderMetrics } from './provider-metrics.ts'
import { createStripeClient, type StripeClient } from './stripe-client.ts'

/** Those that may be asked: null where no key is set. */
export interface Providers {
  STRIPE: StripeClient | null
  PADDLE: PaddleClient | null
}

export interface ProvidersOptions extends ProviderHttpOptions {
  stripe: ProviderAccess | null
  paddle: ProviderAccess | null
  registry: Registry
  /** For one call altogether; 10 s where left out. */
  timeoutMs?: number
}

/** One a process: all its parts share the metrics. */
export function createProviders({
  stripe,
  paddle,
  registry,
  ...options
}: ProvidersOptions): Providers {
  const { timeoutMs } = options
  const ask = createProviderHttp(options)
  const metrics = createProviderMetrics(registry)
  const tools = { ask, metrics, ...(timeoutMs !== undefined && { timeoutMs }) }
  return {
    STRIPE: stripe && createStripeClient({ access: stripe, ...tools }),
    PADDLE: paddle && createPaddleClient({ access: paddle, ...tools }),
  }
}
