import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
} from 'graphql'
import { selectionOf } from './answered-fields.ts'
import { parametersOf, type RestParameter } from './parameters.ts'

/** Each route is one root field. A path is a promise, so none is made up from a field's name. */
const fieldByPath: Readonly<Record<string, string>> = {
  '/api/v1/tax-dates': 'taxDates',
  '/api/v1/upcoming-tax-dates': 'upcomingTaxDates',
  '/api/v1/obligations': 'obligations',
  '/api/v1/countries': 'countries',
  '/api/v1/due-date': 'dueDateFor',
  '/api/v1/tax-date-changes': 'taxDateChanges',
}

/** A root field as a route: all that answering it and describing it need. */
export interface TaxQuestion {
  path: string
  field: string
  description: string | undefined
  parameters: readonly RestParameter[]
  /** The document to ask. */
  query: string
  /** `page`: a connection, answered as its nodes and the cursor of the next page. */
  shape: 'page' | 'list' | 'one'
  /** Of the answer, or of each of its items. */
  type: GraphQLObjectType
}

/** @throws Error at start, for a field that cannot be a route */
export function taxQuestions(schema: GraphQLSchema): TaxQuestion[] {
  const fields = schema.getQueryType()?.getFields() ?? {}
  return Object.entries(fieldByPath).map(([path, name]) => {
    const field = fields[name]
    if (!field) throw new Error(`${path} has no field ${name} to ask`)
    return questionOf(path, field)
  })
}

function questionOf(path: string, field: GraphQLField): TaxQuestion {
  const parameters = parametersOf(field.args)
  const { shape, type } = shapeOf(field.type)
  const selection = selectionOf(type)
  return {
    path,
    field: field.name,
    description: field.description ?? undefined,
    parameters,
    query: documentOf(field.name, parameters, shape === 'page' ? onPages(selection) : selection),
    shape,
    type,
  }
}

function shapeOf(output: GraphQLOutputType): Pick<TaxQuestion, 'shape' | 'type'> {
  const type = getNamedType(output)
  if (!isObjectType(type)) throw new Error(`${type.name} is no object`)
  if (isListType(getNullableType(output))) return { shape: 'list', type }
  const edge = getNamedType(type.getFields().edges?.type)
  const node = isObjectType(edge) ? getNamedType(edge.getFields().node?.type) : undefined
  return isObjectType(node) ? { shape: 'page', type: node } : { shape: 'one', type }
}

function onPages(selection: string): string {
  return `{ edges { node ${selection} } pageInfo { hasNextPage endCursor } }`
}

function documentOf(field: string, parameters: readonly RestParameter[], selection: string) {
  const list = (items: string[]) => (items.length > 0 ? `(${items.join(', ')})` : '')
  const variables = parameters.map(({ argument, declaredType }) => `$${argument}: ${declaredType}`)
  const args = parameters.map(({ argument }) => `${argument}: $${argument}`)
  return `query Rest${list(variables)} { ${field}${list(args)} ${selection} }`
}
