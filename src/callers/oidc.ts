import {
  createLocalJWKSet,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
} from 'jose'
import type { Registry } from 'prom-client'
import type { Logger } from '../log.ts'
import { createIssuerKeys, type IssuerKeys, isSafeAddress } from './issuer-keys.ts'

export interface OidcSettings {
  /** https, or http on loopback; exactly as it stands in `iss`. */
  issuer: string
  /** What `aud` must hold, where `clientClaim` is not set. */
  audience: string | null
  clientId: string | null
  /** Checked against `clientId` in place of `aud`: Cognito's access tokens carry `client_id` and no `aud`. */
  clientClaim: string | null
  /** A token with this claim may use admin fields. */
  adminClaim: { name: string; value: string } | null
  /** Its public keys, where they are known; else they are found through its discovery document. */
  keys?: JSONWebKeySet
}

export interface VerifiedToken {
  sub: string
  admin: boolean
  /** ms */
  expiresAt: number
}

export interface TokenVerifier {
  /** @throws TokenRefused, or ApiError UNAVAILABLE while the issuer's keys were never read */
  verify(token: string): Promise<VerifiedToken>
  /** Where a browser that signs in has to ask: the issuer's origin, and what its discovery document names. */
  origins(): readonly string[]
  start(): void
  stop(): void
}

/** The message may be shown: it names the check that failed and nothing of the token. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
}

/** What the issuers we know sign with. PS256 is left out on purpose: with RS256 it shares a key type. */
const algorithms = ['RS256', 'ES256', 'EdDSA']
/** RFC 9068 names access tokens `at+jwt`; most issuers write `JWT`, Cognito nothing. */
const headerTypes = ['jwt', 'at+jwt', 'application/at+jwt']
/** A key that comes with the token proves nothing; jose ignores these, we refuse who tries. */
const embeddedKeys = ['jwk', 'jku', 'x5u', 'x5c']
/** Claims that only ID tokens carry (OpenID Connect Core 3.1.3.6, 3.3.2.11). */
const idTokenClaims = ['at_hash', 'c_hash']
const MOST_CHARACTERS = 16_000

/**
 * Checks access tokens of one issuer. What it pins: issuer, audience (or client), the algorithms, and that
 * `exp` and `sub` are there at all, which jose does not demand by itself.
 * @throws where the settings would accept somebody else's tokens
 */
export function createTokenVerifier(
  settings: OidcSettings,
  tools: { fetch: typeof fetch; clock: () => number; log: Logger; registry: Registry },
): TokenVerifier {
  checkSettings(settings)
  const keys = settings.keys
    ? fixedKeys(settings.issuer, settings.keys)
    : createIssuerKeys({ issuer: settings.issuer, ...tools })

  async function verify(token: string): Promise<VerifiedToken> {
    checkHeader(token)
    try {
      const { payload } = await jwtVerify(token, keys.keyFor, {
        issuer: settings.issuer,
        ...(settings.clientClaim === null && { audience: settings.audience ?? [] }),
        algorithms,
        requiredClaims: ['exp', 'sub'],
        currentDate: new Date(tools.clock()),
      })
      return verified(payload, settings)
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new TokenRefused('The token has expired.')
      if (error instanceof errors.JOSEError) throw new TokenRefused('The token is not valid.')
      throw error
    }
  }
  return { verify, origins: keys.origins, start: keys.start, stop: keys.stop }
}

/** Of an issuer in this process: nothing is fetched, and they change with a restart alone. */
function fixedKeys(issuer: string, set: JSONWebKeySet): IssuerKeys {
  const origins = [new URL(issuer).origin]
  return {
    keyFor: createLocalJWKSet(set),
    origins: () => origins,
    start: () => {},
    stop: () => {},
  }
}

function checkSettings(settings: OidcSettings): void {
  if (!isSafeAddress(new URL(settings.issuer))) {
    throw new Error('OIDC_ISSUER must be https, or http on loopback')
  }
  const checked = settings.clientClaim === null ? settings.audience : settings.clientId
  if (!checked) {
    throw new Error('OIDC_ISSUER needs OIDC_AUDIENCE, or OIDC_CLIENT_CLAIM with OIDC_CLIENT_ID')
  }
}

function checkHeader(token: string): void {
  if (token.length > MOST_CHARACTERS) throw new TokenRefused('The token is too long.')
  let header: Readonly<Record<string, unknown>>
  try {
    header = { ...decodeProtectedHeader(token) }
  } catch {
    throw new TokenRefused('The token is not valid.')
  }
  const { typ } = header
  if (typ !== undefined && !headerTypes.includes(String(typ).toLowerCase())) {
    throw new TokenRefused('The token is of a type that is no access token.')
  }
  if (embeddedKeys.some((name) => name in header)) {
    throw new TokenRefused('The token brings its own key.')
  }
}

function verified(payload: JWTPayload, settings: OidcSettings): VerifiedToken {
  const { sub, exp, token_use: use } = payload
  if (typeof sub !== 'string' || sub === '' || exp === undefined) {
    throw new TokenRefused('The token is not valid.')
  }
  const notAccess =
    (use !== undefined && use !== 'access') || idTokenClaims.some((name) => name in payload)
  if (notAccess) throw new TokenRefused('The token is no access token.')
  if (settings.clientClaim !== null && payload[settings.clientClaim] !== settings.clientId) {
    throw new TokenRefused('The token was given to another client.')
  }
  return { sub, admin: isAdmin(payload, settings), expiresAt: exp * 1_000 }
}

/** The claim itself, or one element of it: Cognito's groups are a list. */
function isAdmin(payload: JWTPayload, { adminClaim }: OidcSettings): boolean {
  if (!adminClaim || !Object.hasOwn(payload, adminClaim.name)) return false
  const claim = payload[adminClaim.name]
  const values: unknown[] = Array.isArray(claim) ? claim : [claim]
  return values.some((value) => typeof value !== 'object' && String(value) === adminClaim.value)
}
