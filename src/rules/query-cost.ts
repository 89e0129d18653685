import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import { assumedSizeOf } from './assumed-size.ts'

/** What a client may ask in one operation (promises.md, "Limits"). */
export interface QueryLimits {
  maxTokens: number
  maxDepth: number
  maxAliases: number
  maxDirectives: number
  maxCost: number
}

export const defaultQueryLimits: QueryLimits = {
  maxTokens: 1_000,
  maxDepth: 10,
  maxAliases: 25,
  maxDirectives: 50,
  maxCost: 50_000,
}

/** Of one selection set with its fragments expanded. */
export interface QuerySize {
  depth: number
  aliases: number
  directives: number
  cost: number
}

export interface MeasuredQuery extends QuerySize {
  /** Whether `cost` holds for these variables only, because some `first` is one. */
  variable: boolean
}

export interface MeasureOptions {
  schema: GraphQLSchema
  variables?: Readonly<Record<string, unknown>> | undefined
  /** Whether `__schema` and `__type` are answered; then they count neither depth nor cost. */
  introspection: boolean
}

/** Page sizes when `first` is left out, and at most: a larger one is refused by the field itself. */
const defaultFirst = 50
const maxFirst = 500
/** Sums stop here: doubling fragments reach any number, and no limit is near it. */
const ceiling = 1e12

const empty: QuerySize = { depth: 0, aliases: 0, directives: 0, cost: 0 }

/** What a measurement knows while it goes through a document. */
interface Measurement extends MeasureOptions {
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
  /** Sizes of fragments; `empty` while one is being measured, so that a cycle ends. */
  measured: Map<string, QuerySize>
  variable: boolean
}

type Parent = GraphQLCompositeType | undefined

/**
 * Measures the largest operation of a document, fragments expanded, in time linear in the document:
 * each fragment is measured once and its size reused, so that doubling fragments cost us nothing.
 *
 * Runs before validation (which it protects), hence tolerates what validation will refuse: unknown
 * fields count 1, unknown fragments 0, and a fragment cycle counts its inner round as 0.
 *
 * Cost: 1 a field; what is below a connection times its `first`, below another list its `assumedSize`.
 */
export function measureQuery(document: DocumentNode, options: MeasureOptions): MeasuredQuery {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of document.definitions) {
    if (node.kind === 'FragmentDefinition') fragments.set(node.name.value, node)
  }
  const variables = { ...defaultsOf(document), ...options.variables }
  const measurement = { ...options, variables, fragments, measured: new Map(), variable: false }
  let largest = empty
  for (const node of document.definitions) {
    if (node.kind !== 'OperationDefinition') continue
    const onVariables = (node.variableDefinitions ?? []).flatMap((one) => one.directives ?? [])
    const own = (node.directives?.length ?? 0) + onVariables.length
    const root = options.schema.getRootType(node.operation) ?? undefined
    largest = larger(largest, add(empty, sizeOfSet(measurement, node.selectionSet, root), own))
  }
  return { ...largest, variable: measurement.variable }
}

/** Variables left out take their default; of the same name in two operations, the larger. */
function defaultsOf(document: DocumentNode): Record<string, number> {
  // Without a prototype: `$constructor` is a name like any other.
  const defaults: Record<string, number> = Object.create(null)
  for (const node of document.definitions) {
    if (node.kind !== 'OperationDefinition') continue
    for (const { variable, defaultValue } of node.variableDefinitions ?? []) {
      if (defaultValue?.kind !== 'IntValue') continue
      const { value: name } = variable.name
      defaults[name] = Math.max(defaults[name] ?? 0, Number(defaultValue.value))
    }
  }
  return defaults
}

function sizeOfSet(
  measurement: Measurement,
  selectionSet: SelectionSetNode,
  parent: Parent,
): QuerySize {
  let size = empty
  for (const selection of selectionSet.selections) {
    const one = sizeOfSelection(measurement, selection, parent)
    size = add(size, one, selection.directives?.length ?? 0)
  }
  return size
}

function sizeOfSelection(
  measurement: Measurement,
  selection: SelectionNode,
  parent: Parent,
): QuerySize {
  switch (selection.kind) {
    case 'Field':
      return sizeOfField(measurement, selection, parent)
    case 'InlineFragment': {
      const condition = selection.typeCondition?.name.value
      const type = condition ? composite(measurement.schema, condition) : parent
      return sizeOfSet(measurement, selection.selectionSet, type)
    }
    case 'FragmentSpread':
      return sizeOfFragment(measurement, selection.name.value)
  }
}

function sizeOfFragment(measurement: Measurement, name: string): QuerySize {
  const { schema, fragments, measured } = measurement
  const known = measured.get(name)
  const fragment = fragments.get(name)
  if (known || !fragment) return known ?? empty
  measured.set(name, empty)
  const type = composite(schema, fragment.typeCondition.name.value)
  const inside = sizeOfSet(measurement, fragment.selectionSet, type)
  const size = add(empty, inside, fragment.directives?.length ?? 0)
  measured.set(name, size)
  return size
}

function sizeOfField(measurement: Measurement, node: FieldNode, parent: Parent): QuerySize {
  const name = node.name.value
  const aliases = node.alias ? 1 : 0
  const field = fieldOf(parent, name)
  const type = field && getNamedType(field.type)
  const below = node.selectionSet
    ? sizeOfSet(measurement, node.selectionSet, isCompositeType(type) ? type : undefined)
    : empty
  if (measurement.introspection && (name === '__schema' || name === '__type')) {
    return { ...below, aliases: below.aliases + aliases, depth: 1, cost: 1 }
  }
  return {
    depth: below.depth + 1,
    aliases: below.aliases + aliases,
    directives: below.directives,
    cost: Math.min(1 + below.cost * factorOf(measurement, node, parent, field), ceiling),
  }
}

function factorOf(
  measurement: Measurement,
  node: FieldNode,
  parent: Parent,
  field: GraphQLField<unknown, unknown> | undefined,
): number {
  if (!field) return 1
  if (isConnection(getNamedType(field.type))) {
    const value = node.arguments?.find(({ name }) => name.value === 'first')?.value
    if (value?.kind !== 'Variable') {
      return pageSize(value?.kind === 'IntValue' ? Number(value.value) : undefined)
    }
    measurement.variable = true
    return pageSize(measurement.variables?.[value.name.value])
  }
  // The edges of a connection were already counted by its `first`.
  if (!isListType(getNullableType(field.type)) || isConnection(parent)) return 1
  return assumedSizeOf(field.extensions)
}

/** What of a measured query is too much, in plain words; null when all is within the limits. */
export function excessOf(size: QuerySize, limits: QueryLimits): string | null {
  if (size.depth > limits.maxDepth) {
    return `The query is ${size.depth} levels deep; at most ${limits.maxDepth} are allowed.`
  }
  if (size.aliases > limits.maxAliases) {
    return `The query has more than ${limits.maxAliases} aliases, counted with fragments expanded.`
  }
  if (size.directives > limits.maxDirectives) {
    return `The query has more than ${limits.maxDirectives} directives, counted with fragments expanded.`
  }
  if (size.cost > limits.maxCost) {
    return `The query costs ${size.cost >= ceiling ? 'far more than' : `${size.cost}, above`} ${limits.maxCost}: 1 a field, times \`first\` for connections, times 10 for other lists, fewer for short ones.`
  }
  return null
}

function add(one: QuerySize, other: QuerySize, directives: number): QuerySize {
  return {
    depth: Math.max(one.depth, other.depth),
    aliases: Math.min(one.aliases + other.aliases, ceiling),
    directives: Math.min(one.directives + other.directives + directives, ceiling),
    cost: Math.min(one.cost + other.cost, ceiling),
  }
}

function larger(one: QuerySize, other: QuerySize): QuerySize {
  return {
    depth: Math.max(one.depth, other.depth),
    aliases: Math.max(one.aliases, other.aliases),
    directives: Math.max(one.directives, other.directives),
    cost: Math.max(one.cost, other.cost),
  }
}

function pageSize(first: unknown): number {
  if (typeof first !== 'number' || !Number.isFinite(first)) return defaultFirst
  return Math.min(Math.max(Math.ceil(first), 1), maxFirst)
}

function composite(schema: GraphQLSchema, name: string): Parent {
  const type = schema.getType(name)
  return isCompositeType(type) ? type : undefined
}

function fieldOf(parent: Parent, name: string): GraphQLField<unknown, unknown> | undefined {
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined
}

function isConnection(type: unknown): boolean {
  return isObjectType(type) && type.name.endsWith('Connection') && 'edges' in type.getFields()
}
