import type { Entrance } from '../context.ts'
import { ApiError, type ApiErrorOptions, type ErrorCode } from '../errors.ts'

/** One GraphQL operation, and what REST needs of its answer. */
export interface Answer {
  data: Readonly<Record<string, unknown>>
  /** What the answer adds to the HTTP response: the RateLimit headers. */
  headers: Readonly<Record<string, string>>
}

/** An answer with errors: the first one, and what GraphQL adds to the HTTP response all the same. */
export class AskRefused extends ApiError {
  readonly headers: Answer['headers']

  constructor(
    code: ErrorCode,
    message: string,
    { headers, ...options }: ApiErrorOptions & Pick<Answer, 'headers'>,
  ) {
    super(code, message, options)
    this.headers = headers
  }
}

/**
 * Runs a document through the pipeline of `POST /graphql`: caller, limits, access, metering.
 * REST routes ask through this and nothing else, so that they cannot differ (design.md, decision 11).
 * @throws AskRefused with the code of the first error
 */
export type AskGraphql = (
  operation: { query: string; variables?: Record<string, unknown> },
  entrance: Entrance,
) => Promise<Answer>
