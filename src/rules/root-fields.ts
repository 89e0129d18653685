import type {
  FragmentDefinitionNode,
  GraphQLObjectType,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'

/** One root response key: the unit that access is checked for and that is metered (design.md, 5). */
export interface RootField {
  responseKey: string
  fieldName: string
}

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

/**
 * The root response keys that executing the operation will produce, in order: fragments followed,
 * `@skip` and `@include` applied, the same response key twice is one. Equal by construction to what
 * graphql-js collects; `test/rules/root-fields.test.ts` holds the two against each other.
 *
 * @param operation validated against the schema
 * @param variables coerced, defaults applied
 */
export function rootFields(
  operation: OperationDefinitionNode,
  fragments: Fragments,
  variables: Readonly<Record<string, unknown>>,
  rootType: GraphQLObjectType,
): RootField[] {
  const found: RootField[] = []
  const keys = new Set<string>()
  const visited = new Set<string>()

  function collect(selectionSet: SelectionSetNode): void {
    for (const selection of selectionSet.selections) {
      if (!isIncluded(selection, variables)) continue
      switch (selection.kind) {
        case 'Field': {
          const responseKey = selection.alias?.value ?? selection.name.value
          if (keys.has(responseKey)) break
          keys.add(responseKey)
          found.push({ responseKey, fieldName: selection.name.value })
          break
        }
        case 'InlineFragment':
          if (applies(selection.typeCondition?.name.value, rootType)) {
            collect(selection.selectionSet)
          }
          break
        case 'FragmentSpread': {
          const name = selection.name.value
          const fragment = fragments.get(name)
          if (visited.has(name) || !fragment) break
          visited.add(name)
          if (applies(fragment.typeCondition.name.value, rootType)) collect(fragment.selectionSet)
          break
        }
      }
    }
  }

  collect(operation.selectionSet)
  return found
}

/** `@skip` wins over `@include`, as in the specification (3.13.1 and 3.13.2). */
function isIncluded(
  selection: SelectionNode,
  variables: Readonly<Record<string, unknown>>,
): boolean {
  if (!selection.directives?.length) return true
  return (
    condition(selection, 'skip', variables) !== true &&
    condition(selection, 'include', variables) !== false
  )
}

function condition(
  selection: SelectionNode,
  directive: 'skip' | 'include',
  variables: Readonly<Record<string, unknown>>,
): unknown {
  const node = selection.directives?.find(({ name }) => name.value === directive)
  const value = node?.arguments?.find(({ name }) => name.value === 'if')?.value
  if (value?.kind === 'BooleanValue') return value.value
  return value?.kind === 'Variable' ? variables[value.name.value] : undefined
}

function applies(typeCondition: string | undefined, rootType: GraphQLObjectType): boolean {
  return (
    typeCondition === undefined ||
    typeCondition === rootType.name ||
    rootType.getInterfaces().some(({ name }) => name === typeCondition)
  )
}
