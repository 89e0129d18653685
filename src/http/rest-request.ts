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
    body: () => readBody(request, limit),
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

async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const { headers } = request
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
    return Buffer.alloc(0)
  }
  const tooLarge = tooLargeError(limit)
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request) {
      size += (chunk as Buffer).length
      // A chunked body announces no length.
      if (size > limit) throw tooLarge
      chunks.push(chunk as Buffer)
    }
  } catch (error) {
    if (error === tooLarge) throw error
    throw new ApiError('BAD_USER_INPUT', 'The body broke off.')
  }
  return Buffer.concat(chunks, size)
}
