import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { MongoClient } from 'mongodb'
import { z } from 'zod'
import type { Network } from './http/client-address.ts'
import type { Sender } from './outgoing/mailer.ts'
import { checkedEmail } from './rules/account-input.ts'
import { defaultAnomalyRule } from './rules/anomaly.ts'
import { defaultOwnerKeyLimits } from './rules/owner-keys.ts'
import { parseAllowed } from './rules/public-address.ts'
import { defaultQueryLimits } from './rules/query-cost.ts'
import { billingSettings } from './settings-billing.ts'
import type { EncryptionKey } from './store/encryption.ts'
import { parseClusterUrl } from './streams/redis.ts'

const port = z.string().regex(/^\d+$/, 'is not a port').transform(Number).pipe(z.int().max(65_535))
const positive = z
  .string()
  .regex(/^\d{1,15}$/, 'is not a whole number')
  .transform(Number)
const limit = (fallback: number) => positive.pipe(z.int().min(1)).default(fallback)

const host = z.string().regex(/^[A-Za-z0-9.:_-]+$/, 'is neither an IP address nor a host name')

const origin = z.string().transform((text, context) => {
  const url = URL.parse(text)
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin
  context.addIssue(`"${text}" is not an origin such as https://example.com`)
  return z.NEVER
})

const list = z.string().transform((text) => text.split(',').map((one) => one.trim()))

const network = z.string().transform((text, context): Network => {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  const most = version === 6 ? 128 : 32
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity
  if (version !== 0 && prefix <= most && more.length === 0) {
    return { address, prefix, family: version === 6 ? 'ipv6' : 'ipv4' }
  }
  context.addIssue(`"${text}" is not a network such as 10.0.0.0/8`)
  return z.NEVER
})

/** Judges the text with `check`, which throws with the reason. */
const accepted = (check: (text: string) => unknown) =>
  z.string().superRefine((text, context) => {
    try {
      check(text)
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : String(error))
    }
  })

const redisUrl = accepted((text) => {
  if (text.startsWith('redis+cluster://')) return parseClusterUrl(text)
  if (/^rediss?:$/.test(URL.parse(text)?.protocol ?? '')) return text
  throw new Error('is not of the form redis://…, rediss://… or redis+cluster://host:port,host:port')
})

/** The driver's own judgement; it connects only when asked to. */
const mongodbUri = accepted((text) => new MongoClient(text))

/** Whether nothing of what goes there leaves this machine. */
export function isLoopbackUrl(text: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(URL.parse(text)?.hostname ?? '')
}

const issuer = accepted((text) => {
  const protocol = URL.parse(text)?.protocol
  if (protocol === 'https:' || (protocol === 'http:' && isLoopbackUrl(text))) return
  throw new Error('is not an https: URL (http: is accepted on loopback only)')
})

/** Travels in a header, so no blanks and no comma (it joins repeated headers); long enough that nobody guesses it. */
const adminApiKey = z
  .string()
  .regex(/^[\x21-\x2b\x2d-\x7e]{16,}$/, 'needs at least 16 characters, no blanks, no commas')

function bytesOfBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64')
  const canonical = bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '')
  return canonical && bytes.length === 32 ? bytes : null
}

const pepper = z.string().transform((text, context) => {
  const bytes = bytesOfBase64(text)
  if (bytes) return bytes
  context.addIssue('is not the base64 of 32 bytes')
  return z.NEVER
})

const encryptionKeys = list.transform((entries, context): EncryptionKey[] => {
  const keys = entries.flatMap((entry) => {
    const [id = '', text = '', ...more] = entry.split(':')
    const key = bytesOfBase64(text)
    return /^[A-Za-z0-9_-]{1,32}$/.test(id) && key && more.length === 0 ? [{ id, key }] : []
  })
  const distinct = new Set(keys.map(({ id }) => id)).size
  // The message shows nothing of the value: it is a secret.
  if (keys.length !== entries.length) context.addIssue('is not id:base64,… with 32 bytes each')
  else if (distinct !== keys.length) context.addIssue('names an id twice')
  return keys
})

/** nodemailer's own form, options in its query included. Shows nothing of it: it may hold a password. */
const smtpUrl = accepted((text) => {
  const url = URL.parse(text)
  if (url && /^smtps?:$/.test(url.protocol) && url.hostname) return
  throw new Error('is not of the form smtp://user:password@host:587 or smtps://…')
})

const sender = z
  .string()
  .trim()
  .transform((text, context): Sender => {
    const [, name, address] = /^(?:([^<>"\p{Cc}]*)<([^<>]+)>|[^<>]+)$/u.exec(text) ?? []
    try {
      return { name: name?.trim() ?? '', address: checkedEmail(address ?? text) }
    } catch {
      context.addIssue(`"${text}" is not an address such as alerts@example.com or Name <…>`)
      return z.NEVER
    }
  })

const allowed = z.string().transform((text, context) => {
  const entry = parseAllowed(text)
  if (entry !== null) return entry
  context.addIssue(`"${text}" is not of the form host:port`)
  return z.NEVER
})

/** RFC 6749, 3.3; without openid there is no ID token, and nobody is signed in. */
const scopes = z
  .string()
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/, 'is no list of scopes')
  .refine((text) => text.split(' ').includes('openid'), 'lacks openid')

const flag = z.enum(['0', '1'], 'is neither 0 nor 1').default('0')

const adminClaim = z.string().transform((text, context) => {
  const at = text.indexOf('=')
  if (at > 0 && at < text.length - 1) return { name: text.slice(0, at), value: text.slice(at + 1) }
  context.addIssue('is not of the form name=value')
  return z.NEVER
})

/** Every setting by itself, as text from the environment; interfaces.md says what each one means. */
export const settings = z.object({
  PORT: port.default(4000),
  HOST: host.default('127.0.0.1'),
  PUBLIC_URL: origin.optional(),
  TLS_CERT_FILE: z.string().optional(),
  TLS_KEY_FILE: z.string().optional(),
  TRUST_PROXY: list.pipe(z.array(network)).default([]),
  ALLOWED_ORIGINS: list.pipe(z.array(origin)).default([]),
  METRICS_PORT: port.default(0),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  NODE_ENV: z.enum(['production', 'development', 'test']).default('development'),
  DATA_DIR: z
    .string()
    .default('.data')
    .transform((path) => resolve(path)),
  REDIS_URL: redisUrl.optional(),
  MONGODB_URI: mongodbUri.optional(),
  ADMIN_API_KEY: adminApiKey.optional(),
  API_KEY_PEPPER: pepper.optional(),
  ENCRYPTION_KEYS: encryptionKeys.optional(),
  OIDC_ISSUER: issuer.optional(),
  OIDC_AUDIENCE: z.string().optional(),
  OIDC_CLIENT_ID: z.string().optional(),
  OIDC_CLIENT_CLAIM: z.string().optional(),
  OIDC_SCOPES: scopes.default('openid profile email offline_access'),
  OIDC_ADMIN_CLAIM: adminClaim.optional(),
  DEMO_ADMIN: flag,
  SELF_SIGNUP: flag,
  SMTP_URL: smtpUrl.optional(),
  MAIL_FROM: sender.default({ name: 'GetComplical', address: 'alerts@getcomplical.invalid' }),
  OUTBOUND_ALLOW: list.pipe(z.array(allowed)).default([]),
  PLANS_FILE: z.string().optional(),
  ...billingSettings,
  STRIPE_API_BASE: origin.optional(),
  PADDLE_API_BASE: origin.optional(),
  LIMIT_TOKENS: limit(defaultQueryLimits.maxTokens),
  LIMIT_DEPTH: limit(defaultQueryLimits.maxDepth),
  LIMIT_ALIASES: limit(defaultQueryLimits.maxAliases),
  LIMIT_DIRECTIVES: limit(defaultQueryLimits.maxDirectives),
  LIMIT_COST: limit(defaultQueryLimits.maxCost),
  LIMIT_BODY_BYTES: limit(100_000),
  LIMIT_WS_PAYLOAD_BYTES: limit(65_536),
  LIMIT_WS_SUBSCRIPTIONS: limit(20),
  LIMIT_EXECUTION_MS: limit(10_000),
  LIMIT_UNMETERED_PER_SECOND: limit(20),
  ANOMALY_FACTOR: limit(defaultAnomalyRule.factor),
  ANOMALY_LEAST_DAYS: limit(defaultAnomalyRule.leastDaysUsed),
  ANOMALY_LEAST_AVERAGE: limit(defaultAnomalyRule.leastAverage),
  LIMIT_LIVE_KEYS: limit(defaultOwnerKeyLimits.live),
  LIMIT_KEYS_PER_MONTH: limit(defaultOwnerKeyLimits.perMonth),
  LIMIT_UNPRICED_KEYS_PER_MONTH: limit(defaultOwnerKeyLimits.unpricedPerMonth),
})

export type Settings = z.infer<typeof settings>
