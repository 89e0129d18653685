import type { Credentials } from '../callers/credentials.ts'
import type { Caller, Entrance } from '../context.ts'
import type { Logger } from '../log.ts'
import { problem, problemOf, type RestAnswer } from './problem.ts'

export interface RestRequest extends Entrance {
  method: string
  /** Decoded parts of the path that the route names with a colon. */
  params: Readonly<Record<string, string>>
  query: URLSearchParams
  /** By lower-case name; a repeated header is joined with commas. */
  header(name: string): string | undefined
  /** Each line of a header by itself, by lower-case name: where a second one must not hide behind a comma. */
  headerLines(name: string): readonly string[]
  /**
   * The raw bytes, read once, at most the route's `maxBodyBytes`.
   * @param cut aborted: nothing more is read, and what was read is forgotten
   * @throws ApiError PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE (Content-Encoding), BAD_USER_INPUT; the reason of `cut`
   */
  body(cut?: AbortSignal): Promise<Buffer>
  /** Whether all of the body has come already; of one that is long and unread it never has. */
  bodyIsHere(): boolean
  credentials: Credentials
  /** @throws ApiError as `CallerResolver.resolveCaller` */
  caller(): Promise<Caller>
  /** The connection comes from this machine, and no proxy forwarded it. */
  loopback: boolean
}

export interface Route {
  method: 'GET' | 'POST'
  /**
   * Segments that begin with a colon match any one segment: `/calendar/:token`. A last `*` matches all that
   * is left, as it was sent.
   */
  path: string
  /** 100 kB where left out. */
  maxBodyBytes?: number
  /** Throws ApiError or BadInput for what the client shall see. */
  handle(request: RestRequest): RestAnswer | Promise<RestAnswer>
}

export interface RouteMatch {
  route: Route
  params: Record<string, string>
}

export interface Router {
  /** What the path means; a list of allowed methods when only the method is wrong; null: no such path. */
  match(method: string, path: string): RouteMatch | { allow: string[] } | null
  answer(match: ReturnType<Router['match']>, request: RestRequest): Promise<RestAnswer>
}

export function createRouter(routes: readonly Route[], log: Logger): Router {
  const known = routes.map((route) => ({ route, segments: route.path.split('/') }))

  return {
    match(method, path) {
      const segments = path.split('/')
      const allow: string[] = []
      for (const { route, segments: pattern } of known) {
        const params = paramsOf(pattern, segments)
        if (!params) continue
        if (route.method === method || (route.method === 'GET' && method === 'HEAD')) {
          return { route, params }
        }
        allow.push(route.method)
      }
      return allow.length > 0 ? { allow } : null
    },
    async answer(match, request) {
      const { requestId } = request
      if (match === null) return problem('NOT_FOUND', 404, 'There is nothing here.', requestId)
      if ('allow' in match) {
        const allow = match.allow.join(', ')
        const detail = `Only ${allow} is answered here.`
        return problem('BAD_USER_INPUT', 405, detail, requestId, { Allow: allow })
      }
      try {
        return await match.route.handle(request)
      } catch (error) {
        return problemOf(error, requestId, log)
      }
    },
  }
}

function paramsOf(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | null {
  const open = pattern.at(-1) === '*'
  if (open ? segments.length < pattern.length : pattern.length !== segments.length) return null
  const params: Record<string, string> = {}
  for (const [at, part] of pattern.entries()) {
    if (part === '*') return { ...params, '*': segments.slice(at).join('/') }
    const segment = segments[at] ?? ''
    if (!part.startsWith(':')) {
      if (part !== segment) return null
      continue
    }
    const value = decoded(segment)
    if (!value) return null
    params[part.slice(1)] = value
  }
  return params
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}
