/**
 * Every code that a client can ever see, and nothing else: GraphQL puts it into `extensions.code`,
 * REST into the `code` of an RFC 9457 problem. `interfaces.md` fixes the list.
 */
export const statusByCode = {
  BAD_USER_INPUT: 400,
  QUERY_TOO_COMPLEX: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  KEY_BLOCKED: 403,
  NOT_FOUND: 404,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  QUOTA_EXCEEDED: 429,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
} as const

export type ErrorCode = keyof typeof statusByCode

export interface ApiErrorOptions {
  /** Whole seconds for `Retry-After`; always set on 429 and on 503 from a full spool. */
  retryAfter?: number
  cause?: unknown
}

/** The one error whose message may reach a client: whatever else is thrown is masked as INTERNAL. */
export class ApiError extends Error {
  readonly code: ErrorCode
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, message: string, options: ApiErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.name = 'ApiError'
    this.code = code
    this.retryAfter = options.retryAfter
  }

  get status(): number {
    return statusByCode[this.code]
  }
}
