import type { Db } from 'mongodb'
import type { Logger } from './log.ts'
import type { Plans } from './rules/plan.ts'
import type { AccountDoc } from './store/accounts.ts'
import type { ApiKeyDoc } from './store/api-keys.ts'
import type { RedisClient } from './streams/redis.ts'

/**
 * Who asks. A bearer token (`account`) may name one of its account's keys to pay for metered fields;
 * the admin key opens admin fields and nothing else.
 */
export type Caller =
  | { kind: 'anonymous' }
  | { kind: 'apiKey'; apiKey: ApiKeyDoc; account: AccountDoc }
  | { kind: 'account'; account: AccountDoc; payer: ApiKeyDoc | null }
  | { kind: 'admin' }

/** What lives as long as the process. Each part takes from it only what it needs. */
export interface Deps {
  db: Db
  redis: RedisClient
  plans: Plans
  /** ms since the epoch */
  clock: () => number
  log: Logger
}

/** What a resolver receives, for HTTP, SSE and WebSocket alike. */
export interface Context {
  deps: Deps
  caller: Caller
  requestId: string
}
