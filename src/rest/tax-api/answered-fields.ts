import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from 'graphql'

/** Asked by a route of their own; and the dates of a change, which stands inside its date. */
const leftOut: ReadonlySet<string> = new Set(['Country.obligations', 'TaxDateChange.taxDates'])

/** What REST answers of a type: every field but those with a route of their own. */
export function answeredFields(type: GraphQLObjectType): GraphQLField[] {
  return Object.values(type.getFields()).filter(
    (field) => !leftOut.has(`${type.name}.${field.name}`),
  )
}

/**
 * The selection of all that REST answers of a type, at whatever depth; empty for a scalar or an enum.
 * @throws Error at start, where a type contains itself or a field must be given an argument: such a
 *   field has to be left out
 */
export function selectionOf(type: GraphQLOutputType, within: readonly string[] = []): string {
  const named = getNamedType(type)
  if (isLeafType(named)) return ''
  if (!isObjectType(named)) throw new Error(`${named.name} has no fields of its own`)
  if (within.includes(named.name)) throw new Error(`${within.join('.')} contains itself`)
  const fields = answeredFields(named).map((field) => {
    if (field.args.some(isRequiredArgument)) throw new Error(`${field.name} wants arguments`)
    return `${field.name} ${selectionOf(field.type, [...within, named.name])}`
  })
  return `{ ${fields.join(' ')} }`
}
