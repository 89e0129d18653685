import { type Db, MongoError } from 'mongodb'
import { Counter, Gauge, type Registry } from 'prom-client'
import { ApiError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Plans } from '../rules/plan.ts'
import { type AccountDoc, accounts, createAccountIndexes } from '../store/accounts.ts'
import { type ApiKeyDoc, apiKeys, createApiKeyIndexes } from '../store/api-keys.ts'
import { databaseAway } from '../store/database.ts'
import type { CallerChange, CallerResolver } from './credentials.ts'
import { createDatesReadNotes } from './dates-read.ts'
import { createFailedAuthentications } from './failed-authentications.ts'
import { createFreshCache, type FreshCache } from './fresh-cache.ts'
import { createKeyChanges } from './key-changes.ts'
import { createLastUse } from './last-use.ts'
import { createTokenVerifier, type OidcSettings } from './oidc.ts'
import { createResolveCaller, type KnownSecret } from './resolve-caller.ts'
import { createSecretHash, equalHashes } from './secret-hash.ts'

export interface CallersOptions {
  db: Db
  clock: () => number
  /** At least 32 bytes. */
  pepper: Uint8Array
  adminApiKey: string
  /** null: bearer tokens are refused. */
  oidc: OidcSettings | null
  plans: Plans
  log: Logger
  registry: Registry
  fetch?: typeof fetch
}

export interface Callers extends CallerResolver {
  /** Indexes, the watch over changes, the issuer's keys; waits for none of them but the indexes. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Where a browser that signs in has to ask; none where no issuer is set. */
  issuerOrigins(): readonly string[]
  /** Whether changes of keys are seen as they happen; without, calls go on and look up more. */
  watching(): boolean
  /** A metered call was answered for this key at this instant (ms). */
  touched(apiKeyId: string, at: number): void
  /** Whose dates it asked for (rules/tax/dates-read.ts). */
  datesRead(apiKeyId: string, read: readonly string[], at: number): void
  /** After a command of this process: its next call sees the change without waiting for the watch. */
  changed(change: CallerChange): void
}

/**
 * How long a look-up is believed. Watched: a change drops it within milliseconds, and the 30 s bound what a
 * missed event could do. Not watched: 500 ms, so that a revoked key is refused everywhere within a second.
 */
const FRESH_MS = { watched: 30_000, unwatched: 500 } as const
/** With MongoDB away altogether nobody can revoke through us, and a customer's calls go on this long. */
const SURVIVES_OUTAGE_MS = 10 * 60_000
/** Long enough to spare MongoDB a client that repeats a wrong secret, short enough to matter to nobody. */
const UNKNOWN_SECRET_MS = 1_000
const CAPACITY = 50_000
/**
 * A MongoDB that hangs keeps its sockets open, and the driver waits them out; longer than a change of
 * primary, shorter than a caller's patience.
 */
const LOOK_UP_MS = 3_000

/** Everything that decides who asks, as one API process uses it. */
export function createCallers(options: CallersOptions): Callers {
  const { db, clock, log } = options
  const metrics = metricsOf(options.registry, () => changes.live())
  const listeners = new Set<(change: CallerChange) => void>()
  const tell = (change: CallerChange) => {
    for (const listener of listeners) listener(change)
  }
  const caches = createCaches(options, metrics, () => changes.live())
  const changes = createKeyChanges({ db, clock, log, onChange: changed, onBlind: () => tell({}) })
  const lastUse = createLastUse(db, log)
  const datesRead = createDatesReadNotes(db, log)
  const tokens =
    options.oidc && createTokenVerifier(options.oidc, { fetch: globalThis.fetch, ...options })
  const resolveCaller = createResolveCaller({
    secretHash: createSecretHash(options.pepper),
    adminApiKey: options.adminApiKey,
    tokens,
    failures: createFailedAuthentications(clock),
    secretByHash: caches.secrets.get,
    accountByUserId: caches.accounts.get,
    keyById: caches.keys.get,
    isPlan: (tier) => options.plans.has(tier),
    clock,
  })

  function changed(change: CallerChange): void {
    for (const cache of Object.values(caches)) {
      if (change.apiKeyId !== undefined) cache.drop(change.apiKeyId)
      if (change.accountId !== undefined) cache.drop(change.accountId)
      if (change.apiKeyId === undefined && change.accountId === undefined) cache.expireAll()
    }
    tell(change)
  }

  return {
    resolveCaller,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async start() {
      await Promise.all([createAccountIndexes(db), createApiKeyIndexes(db)])
      changes.start()
      lastUse.start()
      datesRead.start()
      tokens?.start()
    },
    async stop() {
      tokens?.stop()
      await changes.stop()
      await Promise.all([lastUse.stop(), datesRead.stop()])
    },
    issuerOrigins: () => tokens?.origins() ?? [],
    watching: changes.live,
    touched: lastUse.touched,
    datesRead: datesRead.note,
    changed,
  }
}

interface Caches {
  /** by hash */
  secrets: FreshCache<KnownSecret>
  /** by the token's `sub` */
  accounts: FreshCache<AccountDoc>
  /** by id: the keys that bearer tokens name as payers */
  keys: FreshCache<ApiKeyDoc>
}

function createCaches(
  { db, clock }: CallersOptions,
  metrics: ReturnType<typeof metricsOf>,
  watched: () => boolean,
): Caches {
  const cacheOf = <V>(
    kind: string,
    find: (key: string) => Promise<V | null>,
    tagsOf: (value: V) => string[],
    absentFor: number,
  ) =>
    createFreshCache<V>({
      load: async (key) => {
        try {
          const value = await within(LOOK_UP_MS, find(key))
          metrics.lookUps.inc({ kind, outcome: value === null ? 'absent' : 'found' })
          return value
        } catch (cause) {
          metrics.lookUps.inc({ kind, outcome: 'failed' })
          if (!(cause instanceof MongoError) && !databaseAway(cause)) throw cause
          const message = 'Credentials cannot be checked right now.'
          throw new ApiError('UNAVAILABLE', message, { retryAfter: 1, cause })
        }
      },
      tagsOf,
      freshFor: () => (watched() ? FRESH_MS.watched : FRESH_MS.unwatched),
      absentFor,
      survivesOutage: SURVIVES_OUTAGE_MS,
      capacity: CAPACITY,
      clock,
    })
  return {
    secrets: cacheOf(
      'secret',
      (hash) => findSecret(db, hash),
      ({ caller }) => [caller.apiKey._id, caller.account._id],
      UNKNOWN_SECRET_MS,
    ),
    // An account may be created a moment after its owner's first try: "absent" is not remembered.
    accounts: cacheOf(
      'account',
      (userId) => accounts(db).findOne({ userId }),
      (found) => [found._id],
      0,
    ),
    keys: cacheOf(
      'key',
      (_id) => apiKeys(db).findOne({ _id }),
      (found) => [found._id],
      0,
    ),
  }
}

/** @throws ApiError UNAVAILABLE after so many ms */
async function within<V>(ms: number, work: Promise<V>): Promise<V> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const message = 'Credentials cannot be checked right now.'
  const error = () => new ApiError('UNAVAILABLE', message, { retryAfter: 1 })
  const timer = setTimeout(() => reject(error()), ms)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

async function findSecret(db: Db, hash: string): Promise<KnownSecret | null> {
  const apiKey = await apiKeys(db).findOne({ 'secrets.hash': hash })
  const secret = apiKey?.secrets.find((one) => equalHashes(one.hash, hash))
  if (!apiKey || !secret) return null
  const account = await accounts(db).findOne({ _id: apiKey.accountId })
  if (!account) throw new Error(`key ${apiKey._id} belongs to no account`)
  const endsAt = secret.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY
  return {
    caller: { kind: 'apiKey', apiKey, account, ...(secret.expiresAt && { validUntil: endsAt }) },
    endsAt,
  }
}

function metricsOf(registry: Registry, watched: () => boolean) {
  new Gauge({
    name: 'getcomplical_key_changes_watched',
    help: '1 while changes of keys and accounts are seen as they happen. A sustained 0: every key is looked up twice a second.',
    registers: [registry],
    collect() {
      this.set(watched() ? 1 : 0)
    },
  })
  return {
    lookUps: new Counter({
      name: 'getcomplical_caller_lookups_total',
      help: 'Look-ups of callers in MongoDB. A sustained rate near that of calls: the cache is too small or changes are not seen; "failed": MongoDB is away and cached callers go on for ten minutes.',
      labelNames: ['kind', 'outcome'] as const,
      registers: [registry],
    }),
  }
}
