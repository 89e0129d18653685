import { type DocumentNode, GraphQLError, parse } from 'graphql'
import { ApiError } from '../errors.ts'

/**
 * Parses what a client sent, as far as the token limit goes.
 *
 * The tokens are dropped from the result: nothing reads them (errors find their place by offset), and the
 * chain that they form doubles a document and makes it outlive young collections, so that a flood of new
 * documents grew the heap by 200 MB before the next full one.
 * @throws GraphQLError for a syntax error; ApiError QUERY_TOO_COMPLEX
 */
export function parseDocument(source: string, maxTokens: number): DocumentNode {
  try {
    const document = parse(source, { maxTokens })
    dropTokens(document)
    return document
  } catch (error) {
    // graphql has no other sign for this than its message; a test holds the wording.
    if (error instanceof GraphQLError && error.message.includes(`more than ${maxTokens} tokens`)) {
      throw new ApiError('QUERY_TOO_COMPLEX', `The query has more than ${maxTokens} tokens.`)
    }
    throw error
  }
}

/** As deep as the parser itself went, which the token limit bounds. */
function dropTokens(node: object): void {
  for (const [key, value] of Object.entries(node)) {
    if (typeof value !== 'object' || value === null) continue
    if (key === 'loc') Object.assign(value, { startToken: undefined, endToken: undefined })
    else if (Array.isArray(value)) for (const one of value) dropTokens(one)
    else dropTokens(value)
  }
}
