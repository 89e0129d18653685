import {
  type AdapterFactory,
  type ClientMetadata,
  type Configuration,
  errors,
  Provider,
} from 'oidc-provider'
import type { KeptIssuer } from '../kept-files.ts'
import { failedPage, type Page, signOutPage } from './pages.ts'

export interface ProviderOptions {
  /** With the path under which it is mounted. */
  issuer: string
  clientId: string
  /** What access tokens are for: an absolute URI. */
  audience: string
  /** Of the dashboard, by every name under which it may be opened. */
  origins: readonly string[]
  /** What access tokens carry besides; reserved claims stay what they are. */
  extraClaims: Readonly<Record<string, string>>
  secrets: KeptIssuer
  adapter: AdapterFactory
}

/** Paths below each of `origins`, where the browser comes back. */
const callbackPath = '/dashboard/callback'
const signedOutPath = '/dashboard/signed-out'
/** Where the page with the one button stands, below the issuer; the interaction's id follows. */
export const continuePath = '/continue/'

const MINUTE = 60
const DAY = 24 * 60 * MINUTE
const SIGNED_IN_FOR = 14 * DAY

/**
 * oidc-provider for one person and one client: code flow with PKCE, no secret, no consent to ask for; access
 * tokens are JWTs for our API, refresh tokens are good for one use.
 */
export function createProvider(options: ProviderOptions): Provider {
  const { issuer, secrets, audience, origins } = options
  const configuration: Configuration = {
    adapter: options.adapter,
    clients: [dashboardClient(options)],
    responseTypes: ['code'],
    clientAuthMethods: ['none'],
    jwks: { keys: [{ ...secrets.signingKey, alg: 'ES256', use: 'sig' }] },
    cookies: cookiesOf(secrets),
    interactions: { url: (_ctx, { uid }) => `${new URL(issuer).pathname}${continuePath}${uid}` },
    claims: { profile: ['name'], email: ['email'] },
    // The dashboard says who is signed in without another question.
    conformIdTokenClaims: false,
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => personOf(sub) }),
    loadExistingGrant: (ctx) => grantEverything(ctx.oidc, options),
    // For the running of the session, whether or not offline_access was asked for.
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    extraTokenClaims: (_ctx, token) => (token.kind === 'AccessToken' ? options.extraClaims : {}),
    clientBasedCORS: (_ctx, origin) => origins.includes(origin),
    renderError: (ctx, out) => {
      show(ctx, failedPage(out.error_description ?? out.error, ctx.status))
    },
    features: {
      devInteractions: { enabled: false },
      // Every access token is for our API, also of a client that names no resource; claims are in the ID token.
      userinfo: { enabled: false },
      revocation: { enabled: true },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: true, ...resourceRules(audience) },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          const atOnce = ctx.get('Sec-Fetch-Site') === 'same-origin'
          show(ctx, signOutPage(form, origins, atOnce))
        },
      },
    },
    ttl: {
      ...{ AccessToken: 15 * MINUTE, IdToken: 15 * MINUTE, AuthorizationCode: MINUTE },
      ...{ Interaction: 60 * MINUTE, Session: SIGNED_IN_FOR, Grant: SIGNED_IN_FOR },
      RefreshToken: SIGNED_IN_FOR,
    },
  }
  return new Provider(issuer, configuration)
}

function dashboardClient({ clientId, origins }: ProviderOptions): ClientMetadata {
  return {
    client_id: clientId,
    client_name: 'GetComplical dashboard',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: origins.map((origin) => origin + callbackPath),
    post_logout_redirect_uris: origins.map((origin) => origin + signedOutPath),
    id_token_signed_response_alg: 'ES256',
  }
}

/** Named by the key: a browser keeps cookies by host without the port, and two installations may share one. */
function cookiesOf({ cookieKey, signingKey }: KeptIssuer): Configuration['cookies'] {
  const name = (what: string) => `gc_${what}_${signingKey.kid}`
  const names = {
    session: name('session'),
    interaction: name('interaction'),
    resume: name('resume'),
  }
  const rules = { httpOnly: true, sameSite: 'lax' } as const
  return { names, keys: [cookieKey], long: { ...rules, signed: true }, short: rules }
}

function resourceRules(audience: string) {
  return {
    // A browser that says nothing of it means our API.
    defaultResource: () => audience,
    getResourceServerInfo: (_ctx: unknown, resource: string) => {
      if (resource !== audience) throw new errors.InvalidTarget()
      return {
        audience,
        scope: '',
        accessTokenFormat: 'jwt' as const,
        jwt: { sign: { alg: 'ES256' as const } },
      }
    },
  }
}

function personOf(sub: string) {
  return { sub, name: 'Demo', email: 'demo@example.com' }
}

type Oidc = Parameters<NonNullable<Configuration['loadExistingGrant']>>[0]['oidc']

/** The client is ours and the person is the demo: there is nobody to ask. */
async function grantEverything({ provider, session, client }: Oidc, { audience }: ProviderOptions) {
  const accountId = session?.accountId
  if (!client || !accountId) return undefined
  const known = session.grantIdFor(client.clientId)
  const found = known && (await provider.Grant.find(known))
  if (found) return found
  const grant = new provider.Grant({ accountId, clientId: client.clientId })
  grant.addOIDCScope('openid profile email offline_access')
  grant.addResourceScope(audience, '')
  await grant.save()
  return grant
}

function show(
  ctx: { status: number; body: unknown; set(headers: Record<string, string>): void },
  { status, headers, body }: Page,
): void {
  ctx.status = status
  ctx.set({ ...headers })
  ctx.body = body
}
