import type { Db } from 'mongodb'
import type { Logger } from '../../log.ts'
import { type BillingProvider, providerId } from '../../rules/billing/fact.ts'
import type { ProviderEvent } from '../../rules/billing/provider-event.ts'
import type { Plans } from '../../rules/plan.ts'
import type { BillingFactDoc } from '../../store/billing-facts.ts'
import type { Encryption } from '../../store/encryption.ts'

export interface ApplyTools {
  db: Db
  plans: Plans
  encryption: Encryption
  /** Keyed hash by which a provider's customer is found: `STRIPE:cus_1`. */
  customerHash: (customer: string) => string
  clock: () => number
  log: Logger
  /** Events of real money count; false: those of test modes. */
  live: boolean
  /** Asks Stripe for a subscription; null: no secret key is set. */
  fetchSubscription: ((id: string) => Promise<unknown>) | null
  /** Asks Stripe for a charge, whose customer a dispute does not name; left out or null: nobody can be asked. */
  fetchCharge?: ((id: string) => Promise<unknown>) | null
}

/** One event that is being applied. */
export interface Applying extends ApplyTools {
  provider: BillingProvider
  inboxId: string
  event: ProviderEvent
  now: number
  /** What the provider said about a tie; its fact is null where it could not be asked. Null: not asked. */
  answer: { fact: BillingFactDoc | null } | null
}

/** A provider's customer with the hash by which he is found. */
export function namedCustomer(
  { customerHash, provider }: Pick<Applying, 'customerHash' | 'provider'>,
  id: string,
): { id: string; hash: string } {
  return { id, hash: customerHash(providerId(provider, id)) }
}
