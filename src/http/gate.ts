import type { IncomingMessage } from 'node:http'
import { ApiError } from '../errors.ts'
import { type ClientAddress, isLoopback } from './client-address.ts'

export interface GateSettings {
  /** Plain HTTP is refused from anywhere but loopback or a trusted proxy. */
  production: boolean
  /** Embedded mode: `Host` must name this machine, so that no web page reaches it by DNS rebinding. */
  loopbackHostsOnly: boolean
}

const hostPattern = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:\d{1,5})?$/i
/** Percent-encoded or not; the prefix that clients may show (`gc_live_xxxx`) is shorter. */
const secretPattern = /gc_live_[0-9A-Za-z]{36}/
const tokenPattern = /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/
/** Sent twice, Node keeps the first and drops the second silently. */
const singleHeaders = new Set(['authorization', 'host', 'content-length', 'content-type'])

/**
 * What is refused before anybody looks at the path, for HTTP and WebSocket alike; null: come in.
 * Cheap, because every request passes it.
 */
export function createGate({ production, loopbackHostsOnly }: GateSettings) {
  return (request: IncomingMessage, client: ClientAddress): ApiError | null => {
    const host = request.headers.host ?? ''
    // Also keeps nonsense out of the URL that Yoga builds from it.
    if (!hostPattern.test(host)) return new ApiError('BAD_USER_INPUT', 'Host is malformed.')
    if (loopbackHostsOnly && !isLoopbackHost(host)) {
      return new ApiError('FORBIDDEN', 'This server answers to loopback names only.')
    }
    if (production && !client.secure && !client.loopback && !client.proxied) {
      return new ApiError('FORBIDDEN', 'Use HTTPS.')
    }
    const at = request.url?.indexOf('?') ?? -1
    if (at >= 0 && holdsCredential(request.url?.slice(at) ?? '')) {
      return new ApiError(
        'BAD_USER_INPUT',
        'Credentials belong in a header; the one in this URL may now stand in somebody’s logs: rotate it.',
      )
    }
    const repeated = repeatedHeader(request.rawHeaders)
    return repeated ? new ApiError('BAD_USER_INPUT', `${repeated} is sent twice.`) : null
  }
}

function isLoopbackHost(host: string): boolean {
  const name = host
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase()
  return name === 'localhost' || isLoopback(name)
}

function holdsCredential(search: string): boolean {
  if (secretPattern.test(search) || tokenPattern.test(search)) return true
  if (!search.includes('%')) return false
  try {
    const plain = decodeURIComponent(search)
    return secretPattern.test(plain) || tokenPattern.test(plain)
  } catch {
    return false
  }
}

function repeatedHeader(rawHeaders: readonly string[]): string | null {
  let seen = ''
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? ''
    if (!singleHeaders.has(name)) continue
    if (seen.includes(`${name}\n`)) return name
    seen += `${name}\n`
  }
  return null
}
