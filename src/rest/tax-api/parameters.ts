import {
  type GraphQLArgument,
  type GraphQLEnumType,
  GraphQLError,
  type GraphQLScalarType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isRequiredArgument,
  isScalarType,
} from 'graphql'
import { BadInput } from '../../rules/bad-input.ts'

/** One parameter of a route: an argument of its field, as a query string spells it. */
export interface RestParameter {
  name: string
  /** Its name in GraphQL. */
  argument: string
  description: string | undefined
  required: boolean
  /** A list: given once for each value. */
  repeatable: boolean
  /** Of one value. */
  type: GraphQLScalarType | GraphQLEnumType
  /** What is taken where it is left out; undefined: nothing. */
  defaultValue: unknown
  /** With list and non-null, as a document declares its variable. */
  declaredType: string
}

/**
 * A field's arguments as parameters: `obligationIds` becomes a repeatable `obligation`, `countries` a
 * repeatable `country`.
 * @throws Error at start, for what a query string cannot hold, and for two parameters of one name
 */
export function parametersOf(args: readonly GraphQLArgument[]): RestParameter[] {
  const parameters = args.map(parameterOf)
  const names = new Set(parameters.map(({ name }) => name))
  if (names.size < args.length) throw new Error(`two parameters share a name: ${[...names]}`)
  return parameters
}

function parameterOf(arg: GraphQLArgument): RestParameter {
  const type = getNamedType(arg.type)
  if (!isScalarType(type) && !isEnumType(type)) throw new Error(`${arg.name} is no plain value`)
  const repeatable = isListType(getNullableType(arg.type))
  return {
    name: nameOf(arg.name, repeatable),
    argument: arg.name,
    description: arg.description ?? undefined,
    required: isRequiredArgument(arg),
    repeatable,
    type,
    defaultValue: arg.default?.value ?? arg.defaultValue,
    declaredType: String(arg.type),
  }
}

function nameOf(argument: string, repeatable: boolean): string {
  const one = repeatable ? argument.replace(/ies$/, 'y').replace(/s$/, '') : argument
  return one.replace(/Id$/, '')
}

/**
 * The field's variables from a query string; what they mean together is left to the field.
 * @throws BadInput unknown, repeated, empty, malformed or missing parameter
 */
export function variablesOf(
  parameters: readonly RestParameter[],
  search: URLSearchParams,
): Record<string, unknown> {
  const known = new Map(parameters.map((parameter) => [parameter.name, parameter]))
  const variables: Record<string, unknown> = {}
  for (const name of new Set(search.keys())) {
    const parameter = known.get(name)
    if (!parameter) throw new BadInput(unknownParameter([...known.keys()]))
    const values = search.getAll(name)
    if (values.length > 1 && !parameter.repeatable) throw new BadInput(`${name} is given twice.`)
    const read = values.map((value) => readValue(parameter, value))
    variables[parameter.argument] = parameter.repeatable ? read : read[0]
  }
  for (const { name, argument, required } of parameters) {
    if (required && !(argument in variables)) throw new BadInput(`${name} is missing.`)
  }
  return variables
}

function unknownParameter(names: readonly string[]): string {
  return names.length > 0
    ? `Unknown parameter; known are ${names.join(', ')}.`
    : 'Unknown parameter; there are none here.'
}

/** As JSON would hold it: the field coerces it once more, as it does every variable. */
function readValue({ name, type }: RestParameter, text: string): unknown {
  if (text === '') throw new BadInput(`${name} is empty.`)
  if (isEnumType(type)) {
    if (type.getValue(text)) return text
    const names = type.getValues().map((value) => value.name)
    throw new BadInput(`${name} must be one of ${names.join(', ')}.`)
  }
  switch (type.name) {
    case 'Int':
    case 'SafeInt':
      if (!/^-?\d{1,9}$/.test(text)) throw new BadInput(`${name} must be a whole number.`)
      return Number(text)
    case 'Boolean':
      if (text !== 'true' && text !== 'false') throw new BadInput(`${name} must be true or false.`)
      return text === 'true'
  }
  try {
    type.coerceInputValue(text)
    return text
  } catch (error) {
    if (error instanceof GraphQLError) throw new BadInput(`${name}: ${error.message}`)
    throw error
  }
}
