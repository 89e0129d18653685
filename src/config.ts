import { type BillingConfig, billingConfig } from './billing-config.ts'
import type { Network } from './http/client-address.ts'
import {
  type OidcConfig,
  type OwnIssuerConfig,
  oidcConfig,
  ownIssuerConfig,
} from './oidc-config.ts'
import type { Sender } from './outgoing/mailer.ts'
import { type AnomalyRule, defaultAnomalyRule } from './rules/anomaly.ts'
import type { OwnerKeyLimits } from './rules/owner-keys.ts'
import type { Plans } from './rules/plan.ts'
import type { OutboundAllow } from './rules/public-address.ts'
import type { QueryLimits } from './rules/query-cost.ts'
import type { Settings } from './settings.ts'
import { type Draft, type Environment, readDraft } from './settings-draft.ts'
import type { EncryptionKey } from './store/encryption.ts'

/** What every process knows, whether or not its servers run already. */
export interface BaseConfig {
  production: boolean
  port: number
  host: string
  /** Origin, without a slash at its end. */
  publicUrl: string
  /** Paths of files that can be read; null: plain HTTP. */
  tls: { certFile: string; keyFile: string } | null
  trustProxy: readonly Network[]
  allowedOrigins: readonly string[]
  /** 0: a free port. */
  metricsPort: number
  logLevel: Settings['LOG_LEVEL']
  /** Absolute. */
  dataDir: string
  /** Neither REDIS_URL nor MONGODB_URI is set: this is one machine, and only its own clients may ask. */
  embedded: boolean
  oidc: OidcConfig | null
  /** What the dashboard asks the issuer for, separated by blanks. */
  oidcScopes: string
  /** Set where embedded mode brings an issuer of its own. */
  ownIssuer: OwnIssuerConfig | null
  /** Whether whoever has a token and no account may make one. */
  selfSignup: boolean
  plans: Plans
  limits: Limits
  anomaly: AnomalyRule
  /** What customers' URLs may reach although it is private. */
  outboundAllow: OutboundAllow
  mail: MailConfig
  billing: BillingConfig
}

/** How mails leave. */
export interface MailConfig {
  /** Null: mails are written as files. */
  smtpUrl: string | null
  from: Sender
}

export interface Limits {
  query: QueryLimits
  ownerKeys: OwnerKeyLimits
  bodyBytes: number
  webSocketPayloadBytes: number
  webSocketSubscriptions: number
  executionMs: number
  /** A second and caller. */
  unmeteredOperations: number
}

/** `npm start` itself: a null is what it brings along. */
export interface StartConfig extends BaseConfig {
  redisUrl: string | null
  mongodbUri: string | null
}

export interface WorkerConfig extends BaseConfig {
  redisUrl: string
  mongodbUri: string
  /** Opens `/metrics` from elsewhere than loopback; null: nothing does. */
  adminApiKey: string | null
  /** Newest first: the first encrypts, all decrypt. Empty where no worker of the process needs them. */
  encryptionKeys: readonly EncryptionKey[]
  /** Keys the hashes by which customers of providers are found; null where no worker needs it. */
  apiKeyPepper: Uint8Array | null
}

/** One API process. */
export interface Config extends WorkerConfig {
  adminApiKey: string
  apiKeyPepper: Uint8Array
}

/**
 * `.env` of the working directory under the process's own environment, which wins.
 * The only place that reads `process.env`.
 */
export function loadEnvironment(): Environment {
  try {
    process.loadEnvFile()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  return process.env
}

/** @throws ConfigError */
export function readConfig(environment: Environment): Config {
  const draft = readDraft(environment)
  const { REDIS_URL, MONGODB_URI, ADMIN_API_KEY, API_KEY_PEPPER, ENCRYPTION_KEYS } = draft.values
  if (!REDIS_URL || !MONGODB_URI || !ADMIN_API_KEY || !API_KEY_PEPPER || !ENCRYPTION_KEYS) {
    draft.demand(['REDIS_URL', 'MONGODB_URI', 'ADMIN_API_KEY', 'API_KEY_PEPPER', 'ENCRYPTION_KEYS'])
    throw draft.error()
  }
  return {
    ...baseConfig(draft),
    redisUrl: REDIS_URL,
    mongodbUri: MONGODB_URI,
    adminApiKey: ADMIN_API_KEY,
    apiKeyPepper: API_KEY_PEPPER,
    encryptionKeys: ENCRYPTION_KEYS,
  }
}

/** Of these a worker process may need none, or both. */
export type WorkerSecret = 'ENCRYPTION_KEYS' | 'API_KEY_PEPPER'

/**
 * @param needed what the workers of this process cannot do without
 * @throws ConfigError
 */
export function readWorkerConfig(
  environment: Environment,
  needed: readonly WorkerSecret[] = ['ENCRYPTION_KEYS', 'API_KEY_PEPPER'],
): WorkerConfig {
  const draft = readDraft(environment)
  const { REDIS_URL, MONGODB_URI, ADMIN_API_KEY, API_KEY_PEPPER } = draft.values
  const { ENCRYPTION_KEYS = [] } = draft.values
  draft.demand([...needed])
  if (!REDIS_URL || !MONGODB_URI) {
    draft.demand(['REDIS_URL', 'MONGODB_URI'])
    throw draft.error()
  }
  return {
    ...baseConfig(draft),
    redisUrl: REDIS_URL,
    mongodbUri: MONGODB_URI,
    adminApiKey: ADMIN_API_KEY ?? null,
    encryptionKeys: ENCRYPTION_KEYS,
    apiKeyPepper: API_KEY_PEPPER ?? null,
  }
}

/**
 * Before anything runs. With an external MongoDB the secrets must be set: made here, they would differ
 * on each machine that shares it.
 * @throws ConfigError
 */
export function readStartConfig(environment: Environment): StartConfig {
  const draft = readDraft(environment, { embeddedServers: false })
  const { REDIS_URL = null, MONGODB_URI = null } = draft.values
  if (MONGODB_URI) draft.demand(['ADMIN_API_KEY', 'API_KEY_PEPPER', 'ENCRYPTION_KEYS'])
  return { ...baseConfig(draft), redisUrl: REDIS_URL, mongodbUri: MONGODB_URI }
}

/** @throws ConfigError */
function baseConfig(draft: Draft): BaseConfig {
  const { settings: values, embedded, plans } = draft.finish()
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = values
  const tls = certFile && keyFile ? { certFile, keyFile } : null
  return {
    production: values.NODE_ENV === 'production',
    port: values.PORT,
    host: values.HOST,
    publicUrl: values.PUBLIC_URL ?? localOrigin(values.HOST, values.PORT, tls !== null),
    tls,
    trustProxy: values.TRUST_PROXY,
    allowedOrigins: values.ALLOWED_ORIGINS,
    metricsPort: values.METRICS_PORT,
    logLevel: values.LOG_LEVEL,
    dataDir: values.DATA_DIR,
    oidc: values.OIDC_ISSUER ? oidcConfig(values, values.OIDC_ISSUER) : null,
    oidcScopes: values.OIDC_SCOPES,
    ownIssuer: embedded && !values.OIDC_ISSUER ? ownIssuerConfig(values) : null,
    selfSignup: values.SELF_SIGNUP === '1',
    embedded,
    plans,
    anomaly: {
      ...defaultAnomalyRule,
      factor: values.ANOMALY_FACTOR,
      leastDaysUsed: values.ANOMALY_LEAST_DAYS,
      leastAverage: values.ANOMALY_LEAST_AVERAGE,
    },
    limits: limitsOf(values),
    outboundAllow: new Set(values.OUTBOUND_ALLOW),
    mail: { smtpUrl: values.SMTP_URL ?? null, from: values.MAIL_FROM },
    billing: billingConfig(values),
  }
}

/** Where a browser on this machine finds it: the "any address" is none that it could open. */
export function localOrigin(host: string, port: number, tls: boolean): string {
  const named = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host
  return `${tls ? 'https' : 'http'}://${named.includes(':') ? `[${named}]` : named}:${port}`
}

function limitsOf(values: Settings): Limits {
  return {
    query: {
      maxTokens: values.LIMIT_TOKENS,
      maxDepth: values.LIMIT_DEPTH,
      maxAliases: values.LIMIT_ALIASES,
      maxDirectives: values.LIMIT_DIRECTIVES,
      maxCost: values.LIMIT_COST,
    },
    ownerKeys: {
      live: values.LIMIT_LIVE_KEYS,
      perMonth: values.LIMIT_KEYS_PER_MONTH,
      unpricedPerMonth: values.LIMIT_UNPRICED_KEYS_PER_MONTH,
    },
    bodyBytes: values.LIMIT_BODY_BYTES,
    webSocketPayloadBytes: values.LIMIT_WS_PAYLOAD_BYTES,
    webSocketSubscriptions: values.LIMIT_WS_SUBSCRIPTIONS,
    executionMs: values.LIMIT_EXECUTION_MS,
    unmeteredOperations: values.LIMIT_UNMETERED_PER_SECOND,
  }
}
