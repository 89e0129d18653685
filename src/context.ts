import type { Db } from 'mongodb'
import type { RandomBytes } from './callers/base62.ts'
import type { Callers } from './callers/callers.ts'
import type { Credentials } from './callers/credentials.ts'
import type { SecretHash } from './callers/secret-hash.ts'
import type { Logger } from './log.ts'
import type { Providers } from './outgoing/providers.ts'
import type { Forecasts } from './resolvers/forecasts.ts'
import type { OwnerKeyLimits } from './rules/owner-keys.ts'
import type { Plans } from './rules/plan.ts'
import type { OutboundAllow } from './rules/public-address.ts'
import type { TaxHistory } from './rules/tax/tax-history.ts'
import type { AccountDoc } from './store/accounts.ts'
import type { AlertDoc } from './store/alerts.ts'
import type { ApiKeyDoc } from './store/api-keys.ts'
import type { BillingNotice } from './store/billing-notices.ts'
import type { Encryption } from './store/encryption.ts'
import type { LiveReader } from './streams/live-reader.ts'
import type { RecordReader } from './streams/record-reader.ts'
import type { RedisClient } from './streams/redis.ts'
import type { TaxDateChanges } from './streams/tax-date-changes.ts'
import type { Invoicing } from './workers/issue-invoices/invoicing.ts'
import type { JobsOnDemand } from './workers/jobs-on-demand.ts'
import type { ReconcileNow } from './workers/reconcile-subscriptions/reconcile-now.ts'

/**
 * Who asks. A bearer token (`account`) may name one of its account's keys to pay for metered fields;
 * the admin key opens admin fields and nothing else. `validUntil` (ms) is the instant from which the
 * credential itself is refused: a token's `exp`, the end of a rotated secret.
 */
export type Caller =
  | { kind: 'anonymous' }
  | { kind: 'apiKey'; apiKey: ApiKeyDoc; account: AccountDoc; validUntil?: number }
  | {
      kind: 'account'
      account: AccountDoc
      payer: ApiKeyDoc | null
      /** The token also carries the admin claim: both kinds of fields are open to it. */
      admin?: true
      validUntil?: number
    }
  | { kind: 'admin'; validUntil?: number }
  /** A good token without an account, where SELF_SIGNUP lets it make one; resolvers alone meet it. */
  | { kind: 'newcomer'; userId: string; validUntil: number }

/** What lives as long as the process. Each part takes from it only what it needs. */
export interface Deps {
  db: Db
  redis: RedisClient
  /** Feeds the `liveUsage` subscriptions of this process. */
  live: LiveReader
  /** Feeds the `alertRaised` subscriptions of this process. */
  alertReader: RecordReader<AlertDoc>
  /** Feeds the `subscriptionChanged` subscriptions of this process. */
  billingReader: RecordReader<BillingNotice>
  /** Notices of billing were written: they stand in the topic `billing-events` at once. */
  publishBilling: () => void
  plans: Plans
  taxHistory: TaxHistory
  /** Of the running month, kept for some minutes. */
  forecasts: Forecasts
  /** Enters changes of tax dates and feeds the `taxDateChanged` subscriptions. */
  taxDateChanges: TaxDateChanges
  callers: Callers
  /** Previews, audits, credits and sets invoices. */
  invoicing: Invoicing
  jobs: JobsOnDemand
  /** Whether whoever has a token and no account may make one. */
  selfSignup: boolean
  ownerKeyLimits: OwnerKeyLimits
  /** Origin under which clients reach this product, without a slash at its end. */
  publicUrl: string
  secretHash: SecretHash
  encryption: Encryption
  /** Payment providers that this server may ask. */
  providers: Providers
  /** Holds subscriptions against what these say. */
  reconcileNow: ReconcileNow
  /** Private hosts that customers' URLs may name all the same. */
  outboundAllow: OutboundAllow
  /** `crypto.randomBytes` */
  random: RandomBytes
  /** ms since the epoch */
  clock: () => number
  log: Logger
}

/**
 * What an entrance (HTTP, WebSocket, REST) knows of a request before anybody is asked. Plugins see it
 * beside `Context`; resolvers have no use for it.
 */
export interface Entrance {
  requestId: string
  /** The client's address, behind trusted proxies. */
  ip: string
  credentials: Credentials
  /** What the usage event names in place of the root field: `GET /api/v1/tax-dates`. */
  endpoint?: string
}

/** What a resolver receives, for HTTP, SSE and WebSocket alike. */
export interface Context {
  deps: Deps
  caller: Caller
  requestId: string
}
