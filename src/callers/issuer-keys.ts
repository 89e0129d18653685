import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { Counter, Gauge, type Registry } from 'prom-client'
import { ApiError } from '../errors.ts'
import type { Logger } from '../log.ts'

export interface IssuerKeysOptions {
  /** Exactly as it stands in `iss`. */
  issuer: string
  fetch: typeof fetch
  clock: () => number
  log: Logger
  registry: Registry
}

export interface IssuerKeys {
  /** For jose; throws its JWKSNoMatchingKey, or ApiError UNAVAILABLE while no keys were ever read. */
  keyFor: JWTVerifyGetKey
  /** Of the issuer and its endpoints, as far as they are known. */
  origins(): readonly string[]
  start(): void
  stop(): void
}

const REFRESH_EVERY_MS = 5 * 60_000
/** Until the first set of keys is there. */
const RETRY_EVERY_MS = 5_000
/** An unknown key id fetches only where fewer fetches than this, whatever their cause, lie in the last minute. */
const FETCHES_A_MINUTE = 2
const MINUTE = 60_000
const TIMEOUT_MS = 5_000
const MOST_BYTES = 512_000

/**
 * The issuer's public keys, found through its discovery document (OpenID Connect Discovery 1.0). Once read
 * they are kept until a newer set is read: jose's own remote set drops them after ten minutes, which would
 * turn an outage of the issuer into one of ours. A refresh in the background brings rotations and takes
 * withdrawn keys away; a key id nobody knows brings one fetch, and a flood of them two a minute.
 */
export function createIssuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const { clock, log } = options
  const metrics = metricsOf(options.registry)
  let keys: ReturnType<typeof createLocalJWKSet> | undefined
  let jwksUri: URL | undefined
  let origins: readonly string[] = [new URL(options.issuer).origin]
  let fetches: number[] = []
  let loading: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  function load(): Promise<void> {
    loading ??= readKeys().finally(() => {
      loading = undefined
    })
    return loading
  }

  async function readKeys(): Promise<void> {
    fetches = [...fetches.filter((at) => clock() - at < MINUTE), clock()]
    try {
      if (!jwksUri) {
        const found = await discover(options)
        jwksUri = found.jwksUri
        origins = found.origins
      }
      // jose checks the shape itself and throws on any other.
      const set: unknown = await readJson(jwksUri, options.fetch)
      keys = createLocalJWKSet(set as JSONWebKeySet)
      metrics.fetches.inc({ outcome: 'read' })
      metrics.readAt.set(clock() / 1_000)
    } catch (error) {
      // The address of the keys may have moved: the next try asks the discovery document again.
      jwksUri = undefined
      metrics.fetches.inc({ outcome: 'failed' })
      log.warn({ err: error, issuer: options.issuer }, 'the keys of the token issuer were not read')
      throw error
    }
  }

  function mayFetch(): boolean {
    return fetches.filter((at) => clock() - at < MINUTE).length < FETCHES_A_MINUTE
  }

  const keyFor: JWTVerifyGetKey = async (header, token) => {
    if (!keys && (loading || mayFetch())) await load().catch(() => {})
    if (!keys) {
      throw new ApiError('UNAVAILABLE', 'Tokens cannot be checked right now.', { retryAfter: 5 })
    }
    try {
      return await keys(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(loading || mayFetch())) throw error
      await load().catch(() => {})
      return await keys(header, token)
    }
  }

  function schedule(): void {
    const everyMs = keys ? REFRESH_EVERY_MS : RETRY_EVERY_MS
    timer = setTimeout(refresh, everyMs).unref()
  }

  function refresh(): void {
    load().then(schedule, schedule)
  }

  return {
    keyFor,
    origins: () => origins,
    start: () => {
      if (!timer) refresh()
    },
    stop: () => clearTimeout(timer),
  }
}

/** What a browser asks: Cognito's and Google's have other origins than the issuer itself. */
const endpoints = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'revocation_endpoint',
  'end_session_endpoint',
]

async function discover({
  issuer,
  fetch: fetch_,
}: IssuerKeysOptions): Promise<{ jwksUri: URL; origins: string[] }> {
  const address = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const document = await readJson(address, fetch_)
  // Section 4.3: a document that speaks for another issuer must not be used.
  if (document.issuer !== issuer) throw new Error('the discovery document names another issuer')
  if (typeof document.jwks_uri !== 'string')
    throw new Error('no jwks_uri in the discovery document')
  const uri = new URL(document.jwks_uri)
  if (!isSafeAddress(uri)) throw new Error('the jwks_uri is neither https nor on loopback')
  const named = endpoints.flatMap((name) => URL.parse(String(document[name])) ?? [])
  const origins = [new URL(issuer), ...named].filter(isSafeAddress).map(({ origin }) => origin)
  return { jwksUri: uri, origins: [...new Set(origins)] }
}

/** Plain HTTP proves nothing about who answers, so it is for loopback alone. */
export function isSafeAddress(url: URL): boolean {
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
}

async function readJson(url: URL, fetch_: typeof fetch): Promise<Record<string, unknown>> {
  const response = await fetch_(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: { accept: 'application/json' },
  })
  if (response.status !== 200) throw new Error(`${url.pathname} answered ${response.status}`)
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > MOST_BYTES)
      throw new Error(`${url.pathname} is longer than ${MOST_BYTES} bytes`)
  }
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${url.pathname} is no JSON object`)
  }
  return value as Record<string, unknown>
}

function metricsOf(registry: Registry) {
  return {
    fetches: new Counter({
      name: 'getcomplical_issuer_key_fetches_total',
      help: 'Reads of the token issuer\'s keys. A sustained rate of "failed": tokens signed with new keys are refused.',
      labelNames: ['outcome'] as const,
      registers: [registry],
    }),
    readAt: new Gauge({
      name: 'getcomplical_issuer_keys_read_timestamp_seconds',
      help: 'When the keys in use were read. Older than an hour: withdrawn keys are still trusted.',
      registers: [registry],
    }),
  }
}
