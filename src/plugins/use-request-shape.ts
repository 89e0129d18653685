import { GraphQLError } from 'graphql'
import type { GraphQLParams, Plugin } from 'graphql-yoga'
import { ApiError } from '../errors.ts'

const parameters: ReadonlySet<string> = new Set([
  'query',
  'variables',
  'operationName',
  'extensions',
])

const acceptable =
  /\*\/\*|application\/(\*|json|graphql-response\+json)|text\/(\*|event-stream)|multipart\/(\*|mixed)/i

/**
 * Reads a request as GraphQL over HTTP: JSON by POST, or a query string by GET, one operation, known
 * parameters only. Replaces Yoga's parsers, of which form-urlencoded, multipart and text would execute
 * what another site's form sends, without the preflight that JSON demands.
 */
export function useRequestShape(): Plugin {
  return {
    onRequestParse({ request, setRequestParser }) {
      const accept = request.headers.get('accept')
      if (accept !== null && !acceptable.test(accept)) {
        // Now, and not when the answer is there: it would have been billed.
        throw new GraphQLError('Accept names nothing that this can answer in.', {
          extensions: { http: { status: 406 } },
        })
      }
      if (request.method === 'GET') {
        setRequestParser((got) => parseQueryString(got.url))
        return
      }
      if (request.method !== 'POST') return // Yoga answers 405
      const mediaType = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
      if (mediaType !== 'application/json') {
        throw new ApiError('UNSUPPORTED_MEDIA_TYPE', 'Send application/json.')
      }
      setRequestParser(parseBody)
    },
  }
}

async function parseBody(request: Request): Promise<GraphQLParams> {
  let text: string
  try {
    text = await request.text()
  } catch {
    throw malformed('The body broke off.')
  }
  const declared = Number(request.headers.get('content-length'))
  if (Buffer.byteLength(text) !== declared) {
    throw malformed('The body is not as long as Content-Length says, or not UTF-8.')
  }
  return shaped(parseJson(text, 'The body'))
}

function parseQueryString(url: string): GraphQLParams {
  const at = url.indexOf('?')
  const search = new URLSearchParams(at < 0 ? '' : url.slice(at + 1))
  const params: Record<string, unknown> = {}
  for (const [name, value] of search) {
    if (name in params) throw malformed(`${name} is given twice.`)
    const json = name === 'variables' || name === 'extensions'
    params[name] = json && value !== '' ? parseJson(value, name) : value
  }
  return shaped(params)
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed(`${what} is not valid JSON.`)
  }
}

function shaped(body: unknown): GraphQLParams {
  if (Array.isArray(body))
    throw malformed('Send one operation a request; batches are not accepted.')
  if (typeof body !== 'object' || body === null) throw malformed('Send a JSON object.')
  for (const name of Object.keys(body)) {
    // Not echoed: a credential sent under a wrong name would end in the client's logs.
    if (!parameters.has(name)) {
      throw malformed('Only query, variables, operationName and extensions are known.')
    }
  }
  const { query, variables, operationName, extensions } = body as Record<string, unknown>
  if (typeof query !== 'string' || query === '') throw malformed('query must be a string.')
  if (!isObjectOrNothing(variables)) throw malformed('variables must be an object.')
  if (!isObjectOrNothing(extensions)) throw malformed('extensions must be an object.')
  if (typeof operationName !== 'string' && operationName !== null && operationName !== undefined) {
    throw malformed('operationName must be a string.')
  }
  return {
    query,
    ...(variables && { variables }),
    ...(operationName && { operationName }),
  }
}

function isObjectOrNothing(value: unknown): value is Record<string, unknown> | null | undefined {
  return value === null || (typeof value === 'object' ? !Array.isArray(value) : value === undefined)
}

/** 400 whatever `Accept` says: this is not yet GraphQL over HTTP (its section 6.4.1). */
function malformed(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { http: { status: 400 } } })
}
