import type { Db } from 'mongodb'
import type { Logger } from '../../log.ts'
import type { Providers } from '../../outgoing/providers.ts'
import type { Plans } from '../../rules/plan.ts'
import type { Encryption } from '../../store/encryption.ts'
import type { ChargeMetrics } from './charge-metrics.ts'

/** What charging needs, from the day that is closed to the provider's answer. */
export interface ChargeTools {
  db: Db
  plans: Plans
  encryption: Encryption
  providers: Providers
  /** ms since the epoch */
  clock: () => number
  log: Logger
  metrics: ChargeMetrics
}
