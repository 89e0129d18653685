import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { errors, type Provider } from 'oidc-provider'
import type { OidcSettings } from '../../callers/oidc.ts'
import { createIssuerRecordIndexes } from '../../store/issuer-records.ts'
import { ensureIssuerSecrets, publicKeyOf } from './issuer-secrets.ts'
import { continuePage, failedPage, issuerPolicy, type Page } from './pages.ts'
import { continuePath, createProvider } from './provider.ts'
import { createRecords, type RecordTools } from './records.ts'

export interface EmbeddedIssuerOptions extends RecordTools {
  dataDir: string
  /** Where this process is reached on its machine; the issuer is named by it. */
  origin: string
  /** PUBLIC_URL: a further name under which the dashboard may be opened. */
  publicUrl: string
  /** Whether the demo's tokens carry it. */
  demoAdmin: boolean
  adminClaim: { name: string; value: string }
  random: (size: number) => Buffer
}

export interface EmbeddedIssuer {
  /** How its tokens are checked. */
  oidc: OidcSettings
  /** Answers what is below `/issuer`. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
}

export const issuerPath = '/issuer'
const clientId = 'dashboard'
/** Of no host: the same whichever name the API goes by. */
const audience = 'urn:getcomplical:api'
/** The account that `npm start` seeds belongs to it. */
const demoUser = 'demo'

/**
 * An OpenID Connect issuer for the demo on this machine: whoever reaches it may sign in, by one button. So it
 * must never be reached from elsewhere; the front door sees to that.
 */
export async function createEmbeddedIssuer(
  options: EmbeddedIssuerOptions,
): Promise<EmbeddedIssuer> {
  const { db, dataDir, origin, adminClaim, log } = options
  await createIssuerRecordIndexes(db)
  const secrets = ensureIssuerSecrets(dataDir, options.random)
  const issuer = `${origin}${issuerPath}`
  const origins = originsOf(origin, options.publicUrl)
  const extraClaims = options.demoAdmin ? { [adminClaim.name]: adminClaim.value } : {}
  const adapter = createRecords(options)
  const names = { issuer, clientId, audience, origins }
  const provider = createProvider({ ...names, extraClaims, secrets, adapter })
  provider.on('server_error', (_ctx, error) => log.error({ err: error }, 'the issuer failed'))
  // Koa prints what it did not expect where nobody listens.
  const broken: EventEmitter = provider
  broken.on('error', (error) => log.error({ err: error }, 'the issuer broke'))
  const answer = provider.callback()

  return {
    oidc: {
      ...{ issuer, audience, clientId, clientClaim: null, adminClaim },
      keys: { keys: [publicKeyOf(secrets)] },
    },
    async handle(request, response) {
      const path = (request.url ?? '').slice(issuerPath.length)
      if (path.startsWith(continuePath)) {
        await signIn(provider, request, response, origins)
        return
      }
      response.setHeader('Content-Security-Policy', issuerPolicy(origins))
      // As Connect does for what is mounted: its links are made of the difference.
      Object.assign(request, { originalUrl: request.url, url: path })
      await answer(request, response)
    },
  }
}

/** Every name of this machine under which a browser may have opened the dashboard. */
function originsOf(origin: string, publicUrl: string): string[] {
  const { protocol, port } = new URL(origin)
  const suffix = port === '' ? '' : `:${port}`
  const loopback = ['127.0.0.1', 'localhost'].map((name) => `${protocol}//${name}${suffix}`)
  return [...new Set([origin, publicUrl, ...loopback])]
}

/** GET shows the button, POST is the button. */
async function signIn(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  origins: readonly string[],
): Promise<void> {
  try {
    // Its cookie must name the interaction of this very path: nobody else's page can press the button.
    await provider.interactionDetails(request, response)
    if (request.method !== 'POST') {
      send(request, response, continuePage(request.url ?? '', origins))
      return
    }
    const result = { login: { accountId: demoUser } }
    await provider.interactionFinished(request, response, result, {
      mergeWithLastSubmission: false,
    })
  } catch (error) {
    if (!(error instanceof errors.SessionNotFound)) throw error
    const reason = 'This sign-in has ended, or your browser does not keep its cookie.'
    send(request, response, failedPage(reason, 400))
  }
}

function send(request: IncomingMessage, response: ServerResponse, page: Page): void {
  response.writeHead(page.status, {
    ...page.headers,
    'Content-Length': Buffer.byteLength(page.body),
  })
  response.end(request.method === 'HEAD' ? undefined : page.body)
}
