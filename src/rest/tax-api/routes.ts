import type { GraphQLSchema } from 'graphql'
import { type AskGraphql, AskRefused } from '../ask-graphql.ts'
import type { OpenApiOptions } from '../openapi/document.ts'
import { openApiRoute } from '../openapi/route.ts'
import type { Route } from '../router.ts'
import { variablesOf } from './parameters.ts'
import { type TaxQuestion, taxQuestions } from './questions.ts'
import { inRestWords, type RestWords, restWordsOf } from './rest-words.ts'

/** Paid by one key: nobody else may be handed it. */
const forOneKey = {
  'Cache-Control': 'private, no-store',
  Vary: 'Authorization, X-Api-Key, X-Api-Key-Id',
}

export interface TaxApiOptions extends Omit<OpenApiOptions, 'questions'> {
  /** The same that `ask` asks. */
  schema: GraphQLSchema
}

/** The tax queries as plain JSON under `/api/v1`, and their description. */
export function taxApiRoutes(ask: AskGraphql, { schema, ...about }: TaxApiOptions): Route[] {
  const questions = taxQuestions(schema)
  const words = restWordsOf(questions)
  const answers = questions.map((question) => answerRoute(question, ask, words))
  return [...answers, openApiRoute({ questions, ...about })]
}

/** One query, metered as in GraphQL, but under the route's own name. */
function answerRoute(question: TaxQuestion, ask: AskGraphql, words: RestWords): Route {
  const { path, field, parameters, query, shape } = question
  const method = 'GET'
  return {
    method,
    path,
    async handle(request) {
      const variables = variablesOf(parameters, request.query)
      const entrance = { ...request, endpoint: `${method} ${path}` }
      const { data, headers } = await ask({ query, variables }, entrance).catch((error) => {
        throw inOwnWords(error, words)
      })
      const body = shape === 'page' ? pageOf(data[field] as Connection) : { data: data[field] }
      return { status: 200, headers: { ...headers, ...forOneKey }, body }
    },
  }
}

interface Connection {
  edges: { node: object }[]
  pageInfo: { hasNextPage: boolean; endCursor: string | null }
}

function pageOf({ edges, pageInfo: { hasNextPage, endCursor } }: Connection) {
  return { data: edges.map(({ node }) => node), page: { next: hasNextPage ? endCursor : null } }
}

function inOwnWords(error: unknown, words: RestWords): unknown {
  if (!(error instanceof AskRefused) || error.code !== 'BAD_USER_INPUT') return error
  const { code, headers, retryAfter } = error
  const options = { headers, cause: error, ...(retryAfter !== undefined && { retryAfter }) }
  return new AskRefused(code, inRestWords(error.message, words), options)
}
