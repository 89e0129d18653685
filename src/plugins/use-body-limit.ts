import { GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { ApiError } from '../errors.ts'

/**
 * Refuses a body by its headers, before a byte of it is read. Yoga's own limit wraps every body in a
 * TransformStream and a second Request, about half of its cost a call (design.md, "Traps"); Node's
 * parser already holds a body to the length it declared.
 */
export function useBodyLimit(maxBytes: number): Plugin {
  return {
    onRequestParse({ request }) {
      if (request.method !== 'POST') return
      const encoding = request.headers.get('content-encoding')
      if (encoding && encoding !== 'identity') {
        throw new ApiError('UNSUPPORTED_MEDIA_TYPE', 'Content-Encoding is not supported.')
      }
      const length = request.headers.get('content-length')
      if (length === null) {
        throw new GraphQLError('Send Content-Length; chunked bodies are not accepted.', {
          extensions: { http: { status: 411 } },
        })
      }
      if (!/^\d{1,15}$/.test(length)) {
        throw new GraphQLError('Content-Length is not a number.', {
          extensions: { http: { status: 400 } },
        })
      }
      if (Number(length) > maxBytes) {
        throw new ApiError('PAYLOAD_TOO_LARGE', `The body may have at most ${maxBytes} bytes.`)
      }
    },
  }
}
