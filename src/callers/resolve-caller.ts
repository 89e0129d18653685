import { hash } from 'node:crypto'
import type { Caller } from '../context.ts'
import { ApiError } from '../errors.ts'
import type { AccountDoc } from '../store/accounts.ts'
import type { ApiKeyDoc } from '../store/api-keys.ts'
import { isWellFormedSecret } from './api-key-secret.ts'
import type { Credentials } from './credentials.ts'
import type { FailedAuthentications } from './failed-authentications.ts'
import { NoAccount } from './no-account.ts'
import { TokenRefused, type TokenVerifier, type VerifiedToken } from './oidc.ts'
import { equalHashes, type SecretHash } from './secret-hash.ts'

/** What one secret opens, as it is cached: the same caller object for every call made with it. */
export interface KnownSecret {
  caller: Extract<Caller, { kind: 'apiKey' }>
  /** ms; from then on this secret is refused. Infinity for a key's current one. */
  endsAt: number
}

type Found<V> = V | null | Promise<V | null>

export interface ResolverTools {
  secretHash: SecretHash
  adminApiKey: string
  /** null: no issuer is set, every token is refused. */
  tokens: TokenVerifier | null
  failures: FailedAuthentications
  secretByHash: (hash: string) => Found<KnownSecret>
  accountByUserId: (userId: string) => Found<AccountDoc>
  keyById: (apiKeyId: string) => Found<ApiKeyDoc>
  isPlan: (tier: string) => boolean
  clock: () => number
}

const anonymous: Caller = { kind: 'anonymous' }
const admin: Caller = { kind: 'admin' }
const MOST_SECRET_CHARACTERS = 1_000

/** Who presents these credentials. An API key that is cached is answered without a promise. */
export function createResolveCaller(
  tools: ResolverTools,
): (credentials: Credentials, ip: string) => Caller | Promise<Caller> {
  const isAdminKey = createAdminKeyCheck(tools.adminApiKey)

  return (credentials, ip) => {
    const secret = only(credentials.apiKeys, 'X-Api-Key')
    const authorization = only(credentials.authorization, 'Authorization')
    const payerId = only(credentials.apiKeyId, 'X-Api-Key-Id')
    if (secret !== undefined && authorization !== undefined) {
      throw new ApiError('BAD_USER_INPUT', 'Send an API key or a bearer token, not both.')
    }
    if (secret !== undefined) {
      if (isWellFormedSecret(secret)) return bySecret(secret, ip, tools)
      if (isAdminKey(secret)) return admin
      throw tools.failures.refusal(ip, 'This is not an API key.')
    }
    if (authorization !== undefined) return byToken(authorization, payerId, ip, tools)
    return anonymous
  }
}

function only(values: readonly string[], name: string): string | undefined {
  if (values.length > 1) throw new ApiError('BAD_USER_INPUT', `Send ${name} once.`)
  return values[0]
}

function createAdminKeyCheck(adminApiKey: string): (text: string) => boolean {
  // It would be looked up among the customers' keys.
  if (isWellFormedSecret(adminApiKey))
    throw new Error('ADMIN_API_KEY must not look like an API key')
  if (adminApiKey.trim() === '') throw new Error('ADMIN_API_KEY must not be blank')
  const expected = hash('sha256', adminApiKey, 'hex')
  // Digests have one length, so that the comparison tells nothing about the key's.
  return (text) =>
    text.length <= MOST_SECRET_CHARACTERS && equalHashes(hash('sha256', text, 'hex'), expected)
}

function bySecret(secret: string, ip: string, tools: ResolverTools): Caller | Promise<Caller> {
  const known = tools.secretByHash(tools.secretHash(secret))
  if (known instanceof Promise) return known.then((found) => judged(found, ip, tools))
  return judged(known, ip, tools)
}

/** Judged on each use, cached or not: a rotated secret ends at its instant, not when the cache does. */
function judged(known: KnownSecret | null, ip: string, tools: ResolverTools): Caller {
  if (!known) throw tools.failures.refusal(ip, 'This API key is not known.')
  const { caller, endsAt } = known
  if (caller.apiKey.revokedAt) throw new ApiError('UNAUTHENTICATED', 'This API key was revoked.')
  if (tools.clock() >= endsAt) {
    throw new ApiError('UNAUTHENTICATED', 'This API key was replaced by a newer secret.')
  }
  if (!tools.isPlan(caller.apiKey.tier)) {
    throw new Error(
      `key ${caller.apiKey._id} is on plan "${caller.apiKey.tier}", which PLANS_FILE lacks`,
    )
  }
  return caller
}

async function byToken(
  authorization: string,
  payerId: string | undefined,
  ip: string,
  tools: ResolverTools,
): Promise<Caller> {
  const { sub, admin: isAdmin, expiresAt } = await verifiedToken(authorization, ip, tools)
  const account = await tools.accountByUserId(sub)
  if (!account) {
    if (isAdmin) return { kind: 'admin', validUntil: expiresAt }
    throw new NoAccount(sub, expiresAt)
  }
  const payer = payerId === undefined ? null : await payerOf(account, payerId, tools)
  return { kind: 'account', account, payer, validUntil: expiresAt, ...(isAdmin && { admin: true }) }
}

async function verifiedToken(
  authorization: string,
  ip: string,
  { tokens, failures }: ResolverTools,
): Promise<VerifiedToken> {
  const token = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1]
  if (token === undefined) throw failures.refusal(ip, 'Authorization must be "Bearer <token>".')
  if (!tokens) throw failures.refusal(ip, 'Bearer tokens are not accepted: no issuer is set.')
  try {
    return await tokens.verify(token)
  } catch (error) {
    if (error instanceof TokenRefused) throw failures.refusal(ip, error.message)
    throw error
  }
}

async function payerOf(
  account: AccountDoc,
  apiKeyId: string,
  tools: ResolverTools,
): Promise<ApiKeyDoc> {
  const apiKey = await tools.keyById(apiKeyId)
  if (apiKey?.accountId !== account._id) {
    throw new ApiError('NOT_FOUND', 'X-Api-Key-Id names no key of this account.')
  }
  // Refused as a revoked key is everywhere, by whichever way it is presented.
  if (apiKey.revokedAt) throw new ApiError('UNAUTHENTICATED', 'The paying API key was revoked.')
  return apiKey
}
