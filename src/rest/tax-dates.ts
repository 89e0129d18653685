import { BadInput } from '../rules/bad-input.ts'
import type { AskGraphql } from './ask-graphql.ts'
import type { Route } from './router.ts'

const query = /* GraphQL */ `
  query RestTaxDates(
    $country: CountryCode!, $year: Int, $from: Date, $to: Date, $region: String, $obligationIds: [ID!],
    $actions: [TaxAction!], $periodEndMonths: [Int!], $first: Int, $after: String
  ) {
    taxDates(
      country: $country, year: $year, from: $from, to: $to, region: $region, obligationIds: $obligationIds,
      actions: $actions, periodEndMonths: $periodEndMonths, first: $first, after: $after
    ) {
      edges {
        node {
          id
          obligation { id country region taxType taxpayer action rule evidence sources { name url } }
          region periodStart periodEnd statutoryDate dueDate payBy payByReason shiftedBy
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`

type Read = (values: readonly string[], name: string) => unknown

const parameters: Readonly<Record<string, { variable: string; read: Read }>> = {
  country: { variable: 'country', read: one },
  year: { variable: 'year', read: integer },
  from: { variable: 'from', read: one },
  to: { variable: 'to', read: one },
  region: { variable: 'region', read: one },
  obligation: { variable: 'obligationIds', read: (values) => values },
  action: { variable: 'actions', read: (values) => values },
  periodEndMonth: {
    variable: 'periodEndMonths',
    read: (values, name) => values.map((value) => integer([value], name)),
  },
  first: { variable: 'first', read: integer },
  after: { variable: 'after', read: one },
}

interface TaxDates {
  edges: { node: object }[]
  pageInfo: { hasNextPage: boolean; endCursor: string | null }
}

/** `GET /api/v1/tax-dates`: the `taxDates` query as plain JSON, metered under the route's own name. */
export function taxDatesRoute(ask: AskGraphql): Route {
  const method = 'GET'
  const path = '/api/v1/tax-dates'
  return {
    method,
    path,
    async handle(request) {
      const variables = variablesOf(request.query)
      const entrance = { ...request, endpoint: `${method} ${path}` }
      const { data, headers } = await ask({ query, variables }, entrance)
      const { edges, pageInfo } = data.taxDates as TaxDates
      const next = pageInfo.hasNextPage ? pageInfo.endCursor : null
      return { status: 200, headers, body: { data: edges.map(({ node }) => node), page: { next } } }
    },
  }
}

/** @throws BadInput unknown, repeated, malformed or missing parameter */
function variablesOf(search: URLSearchParams): Record<string, unknown> {
  const variables: Record<string, unknown> = {}
  for (const name of new Set(search.keys())) {
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined
    if (!parameter) {
      throw new BadInput(`Unknown parameter; known are ${Object.keys(parameters).join(', ')}.`)
    }
    variables[parameter.variable] = parameter.read(search.getAll(name), name)
  }
  if (variables.country === undefined) throw new BadInput('country is missing.')
  return variables
}

function one(values: readonly string[], name: string): string {
  const [value = '', ...others] = values
  if (others.length > 0) throw new BadInput(`${name} is given twice.`)
  return value
}

function integer(values: readonly string[], name: string): number {
  const value = one(values, name)
  if (!/^-?\d{1,9}$/.test(value)) throw new BadInput(`${name} must be a whole number.`)
  return Number(value)
}
