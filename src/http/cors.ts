import type { IncomingHttpHeaders } from 'node:http'

/** Which origins' pages may call us (`ALLOWED_ORIGINS`); empty: our own only. */
export interface Origins {
  /** Headers of an answer to this origin; empty for a foreign or no origin. Never with credentials. */
  corsHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>>
  /** Those of the preflight's answer besides. */
  preflightHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>>
  /** Whether a WebSocket may be opened: browsers send no preflight for it, so that we must look. */
  mayConnect(headers: IncomingHttpHeaders): boolean
}

const exposed = 'RateLimit, RateLimit-Policy, Retry-After, X-Request-Id'

export function createOrigins(allowed: readonly string[]): Origins {
  const origins = new Set(allowed)
  const none = {}
  const vary = origins.size > 0 ? { Vary: 'Origin' } : none

  function corsHeaders({ origin }: IncomingHttpHeaders): Readonly<Record<string, string>> {
    if (origin === undefined || !origins.has(origin)) return vary
    return {
      ...vary,
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Expose-Headers': exposed,
    }
  }

  return {
    corsHeaders,
    preflightHeaders(headers) {
      if (headers.origin === undefined || !origins.has(headers.origin)) return vary
      return {
        ...corsHeaders(headers),
        'Access-Control-Allow-Methods': 'GET, POST',
        'Access-Control-Allow-Headers':
          'Accept, Authorization, Content-Type, Last-Event-ID, X-Api-Key, X-Api-Key-Id, X-Request-Id',
        'Access-Control-Max-Age': '600',
      }
    },
    mayConnect({ origin, host }) {
      if (origin === undefined || origins.has(origin)) return true
      return URL.canParse(origin) && new URL(origin).host === normalHost(origin, host)
    },
  }
}

/** `Host` without the port that the origin's scheme implies, as `URL` prints it. */
function normalHost(origin: string, host: string | undefined): string | null {
  const url = `${new URL(origin).protocol}//${host ?? ''}`
  return URL.canParse(url) ? new URL(url).host : null
}
