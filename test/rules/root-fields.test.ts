import fc from 'fast-check'
import {
  executeSync,
  type FragmentDefinitionNode,
  GraphQLInt,
  GraphQLObjectType,
  GraphQLSchema,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  parse,
} from 'graphql'
import { describe, expect, test } from 'vitest'
import { type RootField, rootFields } from '../../src/rules/root-fields.ts'

const names = ['a', 'b', 'c']
const resolved: string[] = []
const queryType = new GraphQLObjectType({
  name: 'Query',
  fields: Object.fromEntries(
    names.map((name) => [
      name,
      {
        type: GraphQLInt,
        resolve(_source, _args, _context, { path }) {
          resolved.push(String(path.key))
          return 1
        },
      },
    ]),
  ),
})
const schema = new GraphQLSchema({ query: queryType })

function collect(source: string, variables: Record<string, unknown> = {}): RootField[] {
  const document = parse(source)
  const fragments = new Map<string, FragmentDefinitionNode>()
  let operation: OperationDefinitionNode | undefined
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
    if (node.kind === Kind.OPERATION_DEFINITION) operation = node
  }
  if (!operation) throw new Error('no operation')
  const values = getVariableValues(schema, operation.variableDefinitions ?? [], variables)
  return rootFields(operation, fragments, values.variableValues?.coerced ?? {}, queryType)
}

describe('root response keys', () => {
  test('are counted once each, aliases one by one, in order', () => {
    expect(collect('{ b a x: a a }')).toEqual([
      { responseKey: 'b', fieldName: 'b' },
      { responseKey: 'a', fieldName: 'a' },
      { responseKey: 'x', fieldName: 'a' },
    ])
  })

  test('follow fragments of both kinds and leave out those on other types', () => {
    const source = '{ ...F ... on Query { b } ... { c } ...F } fragment F on Query { a }'
    expect(collect(source).map(({ responseKey }) => responseKey)).toEqual(['a', 'b', 'c'])
  })

  test('apply @skip and @include, from literals, variables and their defaults', () => {
    const source = `query($yes: Boolean = true, $no: Boolean!) {
      a @skip(if: $yes) b @include(if: $yes) c @include(if: $no) x: c @skip(if: false) @include(if: true)
    }`
    const keys = collect(source, { no: false }).map(({ responseKey }) => responseKey)
    expect(keys).toEqual(['b', 'x'])
  })

  test('are exactly what graphql executes, for any selection', () => {
    const condition = fc.constantFrom('true', 'false', '$t', '$f', '$d')
    const directives = fc
      .tuple(fc.option(condition), fc.option(condition))
      .map(
        ([skip, include]) =>
          `${skip ? ` @skip(if: ${skip})` : ''}${include ? ` @include(if: ${include})` : ''}`,
      )
    const field = fc
      .tuple(fc.option(fc.constantFrom('x', 'y')), fc.constantFrom(...names), directives)
      .map(([alias, name, rest]) => `${alias ? `${alias}${name}: ` : ''}${name}${rest}`)
    const spread = fc
      .tuple(fc.constantFrom('F', 'G', 'H'), directives)
      .map(([name, rest]) => `...${name}${rest}`)
    const { set } = fc.letrec<{ set: string; selection: string; inline: string }>((tie) => ({
      set: fc.array(tie('selection'), { minLength: 1, maxLength: 4 }).map((all) => all.join(' ')),
      inline: fc
        .tuple(fc.constantFrom('', ' on Query'), directives, tie('set'))
        .map(([on, rest, inside]) => `...${on}${rest} { ${inside} }`),
      selection: fc.oneof({ maxDepth: 3 }, field, spread, tie('inline')),
    }))
    // G and H hold no spreads of fragments before them, so that there are no cycles.
    const withoutSpreads = (text: string, allowed: string) =>
      text.replace(/\.\.\.([FGH])\b/g, (whole, name) =>
        allowed.includes(name) ? whole : '__typename',
      )
    const property = fc.property(set, set, set, set, (root, f, g, h) => {
      const source = `query($t: Boolean!, $f: Boolean!, $d: Boolean = true) { ${root} }
        fragment F on Query { ${withoutSpreads(f, 'GH')} }
        fragment G on Query { ${withoutSpreads(g, 'H')} }
        fragment H on Query { ${withoutSpreads(h, '')} }`
      const variableValues = { t: true, f: false }
      resolved.length = 0
      const { data } = executeSync({ schema, document: parse(source), variableValues })
      const keys = collect(source, variableValues).map(({ responseKey }) => responseKey)
      expect(keys).toEqual(Object.keys(data ?? {}))
      expect(keys.filter((key) => key !== '__typename')).toEqual(resolved)
    })
    fc.assert(property, { numRuns: 2_000 })
  })
})
