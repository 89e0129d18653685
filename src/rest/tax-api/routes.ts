import { type AskGraphql, AskRefused } from '../ask-graphql.ts'
import type { Route } from '../router.ts'
import { inRestWords, type RestParameter, variablesOf } from './parameters.ts'
import type { TaxQuestion } from './questions.ts'

/** Paid by one key: nobody else may be handed it. */
const forOneKey = {
  'Cache-Control': 'private, no-store',
  Vary: 'Authorization, X-Api-Key, X-Api-Key-Id',
}

/** `GET /api/v1/…`: a tax query as plain JSON, metered as that query under the route's own name. */
export function taxApiRoutes(questions: readonly TaxQuestion[], ask: AskGraphql): Route[] {
  return questions.map(({ path, field, parameters, query, shape }) => ({
    method: 'GET',
    path,
    async handle(request) {
      const variables = variablesOf(parameters, request.query)
      const entrance = { ...request, endpoint: `GET ${path}` }
      const { data, headers } = await ask({ query, variables }, entrance).catch((error) => {
        throw inOwnWords(error, parameters)
      })
      const body = shape === 'page' ? pageOf(data[field] as Connection) : { data: data[field] }
      return { status: 200, headers: { ...headers, ...forOneKey }, body }
    },
  }))
}

interface Connection {
  edges: { node: object }[]
  pageInfo: { hasNextPage: boolean; endCursor: string | null }
}

function pageOf({ edges, pageInfo: { hasNextPage, endCursor } }: Connection) {
  return { data: edges.map(({ node }) => node), page: { next: hasNextPage ? endCursor : null } }
}

function inOwnWords(error: unknown, parameters: readonly RestParameter[]): unknown {
  if (!(error instanceof AskRefused) || error.code !== 'BAD_USER_INPUT') return error
  const { code, headers, retryAfter } = error
  const options = { headers, cause: error, ...(retryAfter !== undefined && { retryAfter }) }
  return new AskRefused(code, inRestWords(error.message, parameters), options)
}
