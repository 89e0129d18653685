import { ApiError } from '../../errors.ts'
import { acceptedEncoding } from '../../rules/dashboard/accepted-encoding.ts'
import { contentPolicy, framePolicy } from '../../rules/dashboard/content-policy.ts'
import { type DashboardFile, noncePlaceholder } from '../../rules/dashboard/manifest.ts'
import { isKnownTag } from '../entity-tag.ts'
import type { RestAnswer } from '../problem.ts'
import type { RestRequest, Route } from '../router.ts'
import { createDashboardBuild, type DashboardBuild } from './dashboard-build.ts'
import { missingPage } from './missing-page.ts'

/** What the app has to know before anybody is signed in. */
export interface DashboardConfig {
  /** Null: nobody can sign in. */
  issuer: string | null
  clientId: string | null
  /** Separated by blanks. */
  scopes: string
  audience: string | null
  /** The issuer is the demo's, in this process. */
  demo: boolean
  selfSignup: boolean
  production: boolean
  version: string
}

export interface DashboardRoutesOptions {
  /** Of the finished build. */
  folder: string
  config: DashboardConfig
  /** Where the app signs in, as far as is known by now. */
  issuerOrigins: () => readonly string[]
  random: (size: number) => Buffer
}

/**
 * The dashboard below `/dashboard/`: files of the build, its settings, and the one page for every other path,
 * because the app itself knows what they mean. After the routes of `/dashboard/usage`, which stand before.
 */
export function dashboardRoutes(options: DashboardRoutesOptions): Route[] {
  const current = createDashboardBuild(options.folder)
  return [
    {
      method: 'GET',
      path: '/dashboard',
      handle: () => ({ status: 308, headers: { Location: '/dashboard/' } }),
    },
    {
      method: 'GET',
      path: '/dashboard/config.json',
      handle: () => ({
        status: 200,
        headers: { 'Cache-Control': 'no-store' },
        body: options.config,
      }),
    },
    {
      method: 'GET',
      path: '/dashboard/*',
      async handle(request) {
        const path = request.params['*'] ?? ''
        const build = await current()
        if (!build) return missingPage()
        const file = build.files.get(path)
        if (file && path !== 'index.html') return await fileAnswer(build, path, file, request)
        if (path !== 'index.html' && !isClientRoute(path)) {
          throw new ApiError('NOT_FOUND', 'There is nothing here.')
        }
        return pageAnswer(build, options)
      },
    },
  ]
}

/** Not a file that is missing, nor a question about usage that is misspelt. */
function isClientRoute(path: string): boolean {
  return /^[\w/-]*$/.test(path) && !/^(assets|usage)(\/|$)/.test(path)
}

function pageAnswer(
  { indexPage }: DashboardBuild,
  { random, issuerOrigins }: DashboardRoutesOptions,
): RestAnswer {
  const nonce = random(16).toString('base64')
  return {
    status: 200,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      // Its nonce is good for one answer, and it names the files of one build.
      'Cache-Control': 'no-cache',
      'Content-Security-Policy': contentPolicy(nonce, issuerOrigins()),
    },
    body: indexPage.replaceAll(noncePlaceholder, nonce),
  }
}

async function fileAnswer(
  build: DashboardBuild,
  path: string,
  { type, hash, compressed }: DashboardFile,
  request: RestRequest,
): Promise<RestAnswer> {
  const encoding = compressed
    ? acceptedEncoding(request.header('accept-encoding'))
    : ('identity' as const)
  const encoded = encoding !== 'identity'
  const tag = `"${hash}${encoded ? `-${encoding}` : ''}"`
  const headers = {
    ETag: tag,
    // The name of an asset holds the hash of its content: it never changes.
    'Cache-Control': path.startsWith('assets/')
      ? 'public, max-age=31536000, immutable'
      : 'no-cache',
    ...(compressed && { Vary: 'Accept-Encoding' }),
    ...(path.endsWith('.html') && framed),
  }
  if (isKnownTag(request.header('if-none-match'), tag)) return { status: 304, headers }
  return {
    status: 200,
    headers: {
      ...headers,
      'Content-Type': type,
      ...(encoded && { 'Content-Encoding': encoding }),
    },
    body: await build.read(path, encoding),
  }
}

/** Of a page beside the app's own: one that the app shows in a frame. */
const framed = {
  'Content-Security-Policy': framePolicy(),
  'X-Frame-Options': 'SAMEORIGIN',
}
