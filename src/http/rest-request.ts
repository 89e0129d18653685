import type { IncomingMessage } from 'node:http'
import type { CallerResolver } from '../callers/credentials.ts'
import type { Entrance } from '../context.ts'
import { ApiError } from '../errors.ts'
import type { RestRequest, RouteMatch } from '../rest/router.ts'

const defaultMaxBodyBytes = 100_000

/**
 * What a REST handler sees of a Node request.
 * @throws ApiError PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE: by the headers, on every route, so that
 * none has to remember it
 */
export function restRequest(
  request: IncomingMessage,
  match: RouteMatch | null,
  entrance: Entrance,
  callers: CallerResolver,
  loopback: boolean,
): RestRequest {
  const url = request.url ?? '/'
  const at = url.indexOf('?')
  const limit = match?.route.maxBodyBytes ?? defaultMaxBodyBytes
  refuseByHeaders(request, limit)
  return {
    ...entrance,
    method: request.method ?? 'GET',
    params: match?.params ?? {},
    query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)),
    header(name) {
      const value = request.headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
    headerLines: (name) => request.headersDistinct[name] ?? [],
    bodyIsHere: () => request.complete,
    body: (cut) => readBody(request, limit, cut),
    caller: async () => callers.resolveCaller(entrance.credentials, entrance.ip),
    loopback,
  }
}

/** Before a byte is read; Node's parser holds the body to the length that it announces. */
function refuseByHeaders({ headers }: IncomingMessage, limit: number): void {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw new ApiError('UNSUPPORTED_MEDIA_TYPE', 'Content-Encoding is not supported.')
  }
  if (Number(headers['content-length'] ?? 0) > limit) throw tooLargeError(limit)
}

function tooLargeError(limit: number): ApiError {
  return new ApiError('PAYLOAD_TOO_LARGE', `The body may have at most ${limit} bytes.`)
}

/**
 * By events and not by iterating, which would close the socket on the way out, so that the client would never
 * read why. What comes after the end of our interest flows by unread until the server's own time for a request
 * is over.
 */
function readBody(request: IncomingMessage, limit: number, cut?: AbortSignal): Promise<Buffer> {
  const { headers } = request
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
    return Promise.resolve(Buffer.alloc(0))
  }
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const chunks: Buffer[] = []
  let size = 0
  const onData = (chunk: Buffer) => {
    size += chunk.length
    chunks.push(chunk)
    // A chunked body announces no length.
    if (size > limit) reject(tooLargeError(limit))
  }
  const onEnd = () => resolve(Buffer.concat(chunks, size))
  const onBreak = () => reject(new ApiError('BAD_USER_INPUT', 'The body broke off.'))
  const onCut = () => reject(cut?.reason)
  const endings = { end: onEnd, error: onBreak, close: onBreak } as const
  for (const [event, listener] of Object.entries(endings)) request.on(event, listener)
  cut?.addEventListener('abort', onCut)
  request.on('data', onData)
  if (cut?.aborted) onCut()
  return promise.finally(() => {
    cut?.removeEventListener('abort', onCut)
    request.off('data', onData)
    for (const [event, listener] of Object.entries(endings)) request.off(event, listener)
    request.resume()
  })
}
