import type { Entrance } from '../context.ts'

/** One GraphQL operation, and what REST needs of its answer. */
export interface Answer {
  data: Readonly<Record<string, unknown>>
  /** What the answer adds to the HTTP response: the RateLimit headers. */
  headers: Readonly<Record<string, string>>
}

/**
 * Runs a document through the pipeline of `POST /graphql`: caller, limits, access, metering.
 * REST routes ask through this and nothing else, so that they cannot differ (design.md, decision 11).
 * @throws ApiError with the code of the first error
 */
export type AskGraphql = (
  operation: { query: string; variables?: Record<string, unknown> },
  entrance: Entrance,
) => Promise<Answer>
