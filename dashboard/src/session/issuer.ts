import * as oidc from 'openid-client'
import type { Settings } from '../settings.ts'

/** What is remembered while the browser is at the issuer; never a token. */
interface Pending {
  state: string
  nonce: string
  verifier: string
  /** Path to come back to. */
  returnTo: string
  /** Asked without showing anything. */
  silent: boolean
}

export interface Issuer {
  /** Leaves this page; it comes back to the callback's path. */
  leaveToSignIn(returnTo: string, how: { silent: boolean }): Promise<never>
  /** What the callback's address brought. */
  finish(address: URL): Promise<Finished>
  /** @throws SessionEnded where the issuer refuses, another error where it does not answer */
  renew(tokens: Tokens): Promise<Tokens>
  /** Ends the tokens, then the session at the issuer; leaves this page. */
  leaveToSignOut(tokens: Tokens): Promise<never>
}

export interface Tokens {
  access: string
  refresh: string | null
  /** Of the latest sign-in. */
  id: string
  /** ms since the epoch */
  expiresAt: number
  person: { name: string; email: string | null }
}

export type Finished =
  | { outcome: 'signed-in'; tokens: Tokens; returnTo: string }
  /** A silent try that needs a person after all, or an address of an earlier try. */
  | { outcome: 'ask-again'; returnTo: string }

export const callbackPath = '/dashboard/callback'
export const signedOutPath = '/dashboard/signed-out'
const homePath = '/dashboard/'
const pendingName = 'getcomplical.sign-in'

/** The issuer gives no further token without being asked anew. */
export class SessionEnded extends Error {
  override readonly name = 'SessionEnded'
}

/** OpenID Connect errors that only say: not without a person (Core, 3.1.2.6). */
const needsPerson = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]

/**
 * The code flow with PKCE of one issuer. Tokens stay in this page's memory; a reload asks the issuer anew.
 * @throws Error where the issuer does not answer
 */
export async function connectIssuer(settings: Settings, issuer: string, clientId: string) {
  const { demo } = settings
  // Plain HTTP is the demo's: the server accepts it on loopback alone.
  const execute = issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : []
  const config = await oidc.discovery(new URL(issuer), clientId, undefined, oidc.None(), {
    execute,
  })
  const redirectUri = location.origin + callbackPath
  const scope = scopesFor(settings.scopes, config.serverMetadata().scopes_supported)

  async function leaveToSignIn(returnTo: string, { silent }: { silent: boolean }): Promise<never> {
    const pending: Pending = {
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
      ...{ returnTo, silent },
    }
    sessionStorage.setItem(pendingName, JSON.stringify(pending))
    const parameters = await authorizationParameters(pending, settings.audience)
    const where = { redirect_uri: redirectUri, scope }
    return await leave(oidc.buildAuthorizationUrl(config, { ...parameters, ...where }))
  }

  async function finish(address: URL): Promise<Finished> {
    const pending = takePending()
    if (!pending) return { outcome: 'ask-again', returnTo: homePath }
    const { state, nonce, verifier, returnTo, silent } = pending
    const answered = address.searchParams.get('state')
    if (answered !== null && answered !== state) return { outcome: 'ask-again', returnTo }
    const error = address.searchParams.get('error') ?? ''
    if (silent && needsPerson.includes(error)) return { outcome: 'ask-again', returnTo }
    const response = await oidc.authorizationCodeGrant(config, address, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    })
    return { outcome: 'signed-in', tokens: tokensOf(response, null), returnTo }
  }

  return {
    leaveToSignIn,
    finish,
    async renew(tokens) {
      if (tokens.refresh === null) throw new SessionEnded()
      try {
        return tokensOf(await oidc.refreshTokenGrant(config, tokens.refresh), tokens)
      } catch (error) {
        // The issuer's own refusal; a connection that failed may come back.
        if (error instanceof oidc.ResponseBodyError) throw new SessionEnded()
        throw error
      }
    },
    async leaveToSignOut({ refresh, id }) {
      if (refresh !== null) await oidc.tokenRevocation(config, refresh).catch(() => {})
      const home = location.origin + signedOutPath
      if (!config.serverMetadata().end_session_endpoint) return await leave(new URL(home))
      return await leave(
        oidc.buildEndSessionUrl(config, {
          post_logout_redirect_uri: home,
          // Our own server refuses tokens in addresses; it knows the client by its id.
          ...(!demo && { id_token_hint: id }),
        }),
      )
    },
  } satisfies Issuer
}

async function authorizationParameters(
  { state, nonce, verifier, silent }: Pending,
  audience: string | null,
): Promise<Record<string, string>> {
  return {
    ...{ state, nonce, code_challenge_method: 'S256' },
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    // Auth0 gives tokens for the API only so; the others pass over it.
    ...(audience !== null && { audience }),
    ...(silent && { prompt: 'none' }),
  }
}

/** offline_access is an error to some issuers that give refresh tokens without it. */
function scopesFor(wanted: string, supported: readonly string[] | undefined): string {
  const scopes = wanted.split(' ').filter((scope) => scope !== '')
  const kept = scopes.filter((scope) => scope !== 'offline_access' || supported?.includes(scope))
  return kept.join(' ')
}

type TokenResponse = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers

/** @param before an issuer that does not rotate leaves out what has not changed */
function tokensOf(response: TokenResponse, before: Tokens | null): Tokens {
  const claims = response.claims()
  return {
    access: response.access_token,
    refresh: response.refresh_token ?? before?.refresh ?? null,
    id: response.id_token ?? before?.id ?? '',
    expiresAt: Date.now() + (response.expiresIn() ?? 300) * 1_000,
    person: claims ? personOf(claims) : (before?.person ?? { name: '', email: null }),
  }
}

function personOf(claims: oidc.IDToken): Tokens['person'] {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)
  const email = text(claims.email)
  return { name: text(claims.name) ?? email ?? claims.sub, email }
}

function takePending(): Pending | null {
  const text = sessionStorage.getItem(pendingName)
  sessionStorage.removeItem(pendingName)
  return text === null ? null : (JSON.parse(text) as Pending)
}

/**
 * Nothing after it runs: the page goes, and its place in the history is taken. A page that leaves by itself and
 * could be gone back to would leave again: nobody would get behind it.
 */
function leave(to: URL): Promise<never> {
  location.replace(to)
  return new Promise(() => {})
}
