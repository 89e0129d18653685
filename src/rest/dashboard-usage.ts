import type { Entrance } from '../context.ts'
import { ApiError } from '../errors.ts'
import { BadInput } from '../rules/bad-input.ts'
import type { AskGraphql } from './ask-graphql.ts'
import type { Route } from './router.ts'

/** A usage question as a route: its parameters become the variables of the same name. */
interface Question {
  path: string
  parameters: readonly string[]
  required: readonly string[]
  query: string
}

const usage = 'totalRequests failedRequests endpoints { endpoint totalRequests }'

const questions: readonly Question[] = [
  {
    path: '/dashboard/usage/monthly',
    parameters: ['month'],
    required: [],
    query: `query DashboardMonthly($month: YearMonth) {
      monthlyUsage(month: $month) {
        month totalRequests averagePerDay
        peakDay { date ${usage} }
        endpoints { endpoint totalRequests }
        apiKeys {
          apiKey { id name prefix tier status }
          totalRequests remaining
        }
      }
    }`,
  },
  {
    path: '/dashboard/usage/daily',
    parameters: ['apiKey', 'startDate', 'endDate'],
    required: ['startDate', 'endDate'],
    query: `query DashboardDaily($apiKey: ID, $startDate: Date!, $endDate: Date!) {
      dailyUsage(apiKeyId: $apiKey, startDate: $startDate, endDate: $endDate) { date ${usage} }
    }`,
  },
  {
    path: '/dashboard/usage/realtime',
    parameters: ['apiKey'],
    required: [],
    query: `query DashboardRealtime($apiKey: ID) {
      realtimeUsage(apiKeyId: $apiKey) { hour ${usage} }
    }`,
  },
]

const keysQuery = 'query DashboardKeys { account { apiKeys { id prefix } } }'

/** `GET /dashboard/usage/…`: the usage queries for the owner, answered as GraphQL answers: `{"data": {"monthlyUsage": …}}`. */
export function dashboardUsageRoutes(ask: AskGraphql): Route[] {
  return questions.map((question) => ({
    method: 'GET',
    path: question.path,
    async handle(request) {
      const { kind } = await request.caller()
      if (kind === 'anonymous') throw new ApiError('UNAUTHENTICATED', 'Send a bearer token.')
      if (kind !== 'account') throw new ApiError('FORBIDDEN', 'This needs a bearer token.')
      const variables = variablesOf(question, request.query)
      const named = variables.apiKey
      if (named?.startsWith('gc_')) variables.apiKey = await keyWithPrefix(ask, request, named)
      const { data, headers } = await ask({ query: question.query, variables }, request)
      return { status: 200, headers, body: { data } }
    },
  }))
}

/** @throws BadInput unknown, repeated, empty or missing parameter */
function variablesOf(question: Question, search: URLSearchParams): Record<string, string> {
  const { parameters, required } = question
  const variables: Record<string, string> = {}
  for (const [name, value] of search) {
    if (!parameters.includes(name)) {
      throw new BadInput(`Unknown parameter; known are ${parameters.join(', ')}.`)
    }
    if (name in variables) throw new BadInput(`${name} is given twice.`)
    if (value === '') throw new BadInput(`${name} is empty.`)
    variables[name] = value
  }
  for (const name of required) {
    if (!(name in variables)) throw new BadInput(`${name} is missing.`)
  }
  return variables
}

/**
 * What an owner has at hand of a key is what its secret begins with.
 * @throws ApiError NOT_FOUND, BadInput where several keys of the account begin so
 */
async function keyWithPrefix(ask: AskGraphql, who: Entrance, prefix: string): Promise<string> {
  const { data } = await ask({ query: keysQuery }, who)
  const { apiKeys } = data.account as { apiKeys: { id: string; prefix: string }[] }
  const [match, ...others] = apiKeys.filter((key) => key.prefix === prefix)
  if (!match) throw new ApiError('NOT_FOUND', 'There is no such API key.')
  if (others.length > 0) throw new BadInput('Several keys begin so: name the key by its id.')
  return match.id
}
