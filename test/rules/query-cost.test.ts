import { buildSchema, getIntrospectionQuery, parse } from 'graphql'
import { describe, expect, test } from 'vitest'
import { assumedSize } from '../../src/rules/assumed-size.ts'
import {
  defaultQueryLimits,
  excessOf,
  type MeasuredQuery,
  measureQuery,
} from '../../src/rules/query-cost.ts'

const schema = buildSchema(`
  type Query { things(first: Int, after: String): ThingConnection list: [Thing!] thing: Thing plain: Int }
  type Thing { id: ID! name: String list: [Thing!] thing: Thing things(first: Int): ThingConnection }
  type ThingConnection { edges: [ThingEdge!]! pageInfo: PageInfo! totalCount: Int! }
  type ThingEdge { cursor: String! node: Thing! }
  type PageInfo { hasNextPage: Boolean! }
`)

function measure(
  query: string,
  variables?: Record<string, unknown>,
  introspection = true,
): MeasuredQuery {
  return measureQuery(parse(query), { schema, variables, introspection })
}

describe('cost', () => {
  test.each([
    ['{ plain }', 1],
    ['{ plain thing { id } }', 3],
    ['{ list { id name } }', 1 + 10 * 2],
    ['{ list { list { id } } }', 1 + 10 * (1 + 10)],
    ['{ things(first: 7) { totalCount } }', 1 + 7],
    ['{ things(first: 7) { edges { node { id } } } }', 1 + 7 * 3],
    ['{ things { totalCount } }', 1 + 50],
    ['{ thing { things(first: 3) { edges { cursor } } } }', 1 + 1 + 3 * 2],
  ])(
    'of %s is %d: 1 a field, times first for connections, times 10 for other lists',
    (query, cost) => {
      expect(measure(query).cost).toBe(cost)
    },
  )

  test('takes a list for as short as its field declares', () => {
    const sized = buildSchema('type Query { list: [Thing!] } type Thing { id: ID! name: String }')
    const list = sized.getQueryType()?.getFields().list
    if (list) list.extensions = assumedSize(2)
    const document = parse('{ list { id name } }')
    expect(measureQuery(document, { schema: sized, introspection: false }).cost).toBe(1 + 2 * 2)
  })

  test('takes first from a variable, and says that it did', () => {
    const query = 'query($n: Int) { things(first: $n) { totalCount } }'
    expect(measure(query, { n: 200 })).toMatchObject({ cost: 201, variable: true })
    expect(measure(query)).toMatchObject({ cost: 51, variable: true })
    expect(measure('{ things(first: 200) { totalCount } }').variable).toBe(false)
  })

  test('takes first from the default of a variable that is left out', () => {
    const query = 'query($n: Int = 300) { things(first: $n) { totalCount } }'
    expect(measure(query).cost).toBe(301)
    expect(measure(query, { other: 1 }).cost).toBe(301)
    expect(measure(query, { n: 4 }).cost).toBe(5)
    expect(measure(query, { n: null }).cost).toBe(51)
    expect(measure(query.replaceAll('$n', '$constructor')).cost).toBe(301)
  })

  test.each([
    [0, 1],
    [-5, 1],
    [501, 500],
    [2_147_483_647, 500],
  ])('counts first: %d as %d, because the field itself refuses it', (first, counted) => {
    expect(measure(`{ things(first: ${first}) { totalCount } }`).cost).toBe(1 + counted)
  })

  test('counts fragments as often as they are spread', () => {
    const query = '{ a: thing { ...F } b: thing { ...F } } fragment F on Thing { id name }'
    expect(measure(query)).toMatchObject({ cost: 6, aliases: 2, depth: 2 })
  })

  test('measures doubling fragments in no time, and stops at a ceiling', () => {
    const doubling = Array.from(
      { length: 60 },
      (_, at) =>
        `fragment F${at} on Thing { a: thing { ...F${at + 1} } b: thing { ...F${at + 1} } }`,
    )
    const query = `{ thing { ...F0 } } ${doubling.join(' ')} fragment F60 on Thing { id }`
    const startedAt = performance.now()
    const size = measure(query)
    expect(performance.now() - startedAt).toBeLessThan(50)
    expect(size.cost).toBe(1e12)
    expect(size.aliases).toBe(1e12)
  })

  test('ends on fragment cycles, unknown fragments, fields and types, which validation refuses later', () => {
    const query = `{ thing { ...A ...Nowhere nothing { x } } ... on Nothing { y } }
      fragment A on Thing { id ...B } fragment B on Thing { name ...A }`
    expect(measure(query).cost).toBe(1 + 1 + 1 + 2 + 1)
  })
})

describe('depth', () => {
  test('counts fields, through fragments of both kinds', () => {
    const query = '{ ... { thing { ...F } } } fragment F on Thing { thing { ... on Thing { id } } }'
    expect(measure(query).depth).toBe(3)
  })

  test('leaves introspection out where it is on, and counts it where it is off', () => {
    const query = getIntrospectionQuery()
    expect(excessOf(measure(query), defaultQueryLimits)).toBeNull()
    expect(measure(query, undefined, false).depth).toBeGreaterThan(defaultQueryLimits.maxDepth)
  })
})

describe('limits', () => {
  const deep = (levels: number) => `${'{thing'.repeat(levels - 1)}{id}${'}'.repeat(levels - 1)}`
  const fields = (count: number, field: (at: number) => string) =>
    `{${Array.from({ length: count }, (_, at) => field(at)).join(' ')}}`

  test.each([
    ['depth 10', deep(10), deep(11), /deep/],
    [
      '25 aliases',
      fields(25, (at) => `a${at}: plain`),
      fields(26, (at) => `a${at}: plain`),
      /alias/,
    ],
    [
      '50 directives',
      fields(50, () => 'plain @skip(if: false)'),
      fields(51, () => 'plain @skip(if: false)'),
      /directives/,
    ],
    [
      'cost 50,000',
      '{ things(first: 500) { edges { node { list { list { id } } } } } }'.replace('500', '440'),
      '{ things(first: 500) { edges { node { list { list { id } } } } } }',
      /costs/,
    ],
  ])('allow %s and no more', (_, allowed, refused, words) => {
    expect(excessOf(measure(allowed), defaultQueryLimits)).toBeNull()
    expect(excessOf(measure(refused), defaultQueryLimits)).toMatch(words)
  })

  test('count directives wherever they stand', () => {
    const query = `query($v: Int @a) @b { ...F @c ... @d { plain @e } } fragment F on Query @f { plain @g }`
    expect(measure(query).directives).toBe(7)
  })

  test('hold for every operation of a document', () => {
    const size = measure(`query Small { plain } query Large ${deep(11)}`)
    expect(excessOf(size, defaultQueryLimits)).toMatch(/deep/)
  })
})
