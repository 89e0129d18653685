import { createSchema, createYoga } from 'graphql-yoga'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { createDocumentCache } from '../../src/plugins/document-cache.ts'
import { parseDocument } from '../../src/plugins/parse-document.ts'
import { useErrors } from '../../src/plugins/use-errors.ts'
import { useLimits } from '../../src/plugins/use-limits.ts'
import { defaultQueryLimits } from '../../src/rules/query-cost.ts'

const schema = createSchema({
  typeDefs: `
    type Query { slow: Int things(first: Int): ThingConnection plain: Int }
    type ThingConnection { edges: [ThingEdge!]! }
    type ThingEdge { node: Int }
  `,
  resolvers: {
    Query: {
      slow: () => new Promise(() => {}),
      things: () => ({ edges: [] }),
      plain: () => 1,
    },
  },
})

const yoga = createYoga({
  schema,
  logging: false,
  maskedErrors: false,
  parserAndValidationCache: false,
  plugins: [
    useErrors(pino({ level: 'silent' })),
    useLimits({
      ...defaultQueryLimits,
      maxCost: 1_000,
      introspection: true,
      executionTimeoutMs: 50,
    }),
  ],
})

async function ask(query: string, variables: Record<string, unknown> = {}) {
  const response = await yoga.fetch('http://localhost/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as {
    data?: Record<string, unknown>
    errors?: { message: string; locations?: object[]; extensions: { code: string } }[]
  }
  return { status: response.status, data, errors, code: errors?.[0]?.extensions.code }
}

describe('limits', () => {
  test('end an execution that takes too long, without data', async () => {
    const { status, data, code } = await ask('{ plain slow }')
    expect([status, data, code]).toEqual([503, undefined, 'UNAVAILABLE'])
  })

  test('of tokens are named as such: graphql words it as we expect', async () => {
    expect(await ask(`{ ${'plain '.repeat(999)} }`)).toMatchObject({ code: 'QUERY_TOO_COMPLEX' })
    expect(await ask(`# ${'x '.repeat(2_000)}\n{ ${'plain '.repeat(500)} }`)).toMatchObject({
      status: 200,
    })
  })

  test('of repeated fields are graphql’s own, named as a limit', async () => {
    const { code, errors } = await ask(`{ ${'plain '.repeat(998)} }`)
    expect([code, errors?.[0]?.message]).toEqual([
      'QUERY_TOO_COMPLEX',
      'The query repeats too many fields to be checked.',
    ])
  })

  test('of cost hold for the variables of each call, also when the document is known', async () => {
    const query = 'query($n: Int) { things(first: $n) { edges { node } } }'
    expect(await ask(query, { n: 100 })).toMatchObject({ status: 200 })
    expect(await ask(query, { n: 500 })).toMatchObject({ status: 400, code: 'QUERY_TOO_COMPLEX' })
    expect(await ask(query, { n: 100 })).toMatchObject({ status: 200 })
  })

  test('refuse the same document again and again, with fresh errors', async () => {
    const query = `{ ${Array.from({ length: 30 }, (_, at) => `a${at}: plain`).join(' ')} }`
    const first = await ask(query)
    expect(first).toMatchObject({ status: 400, code: 'QUERY_TOO_COMPLEX' })
    expect(await ask(query)).toEqual(first)
  })
})

describe('errors of a document', () => {
  test('say where they are, though the tokens are forgotten', async () => {
    const { errors } = await ask('{ plain\n  nothing }')
    expect(errors?.[0]).toMatchObject({ locations: [{ line: 2, column: 3 }] })
    expect(parseDocument('{ a }', 100).loc?.startToken).toBeUndefined()
  })
})

describe('the cache of documents', () => {
  const documentOf = (text: string) => parseDocument(text, 1_000)

  test('gives back what it was given, by its text', () => {
    const cache = createDocumentCache()
    const document = documentOf('{ plain }')
    cache.remember(document)
    expect(cache.get('{ plain }')).toBe(document)
    expect(cache.get('{  plain }')).toBeUndefined()
  })

  test('forgets the least recently used first, by tokens and not by number', () => {
    const cache = createDocumentCache(100)
    const [small, other] = ['{ a }', '{ b }']
    cache.remember(documentOf(small))
    cache.remember(documentOf(other))
    expect(cache.get(small)).toBeDefined()
    cache.remember(documentOf(`{ ${'c '.repeat(93)} }`))
    expect(cache.get(other)).toBeUndefined()
    expect(cache.get(small)).toBeDefined()
    cache.remember(documentOf(`{ ${'d '.repeat(200)} }`))
    expect(cache.get(small)).toBeUndefined()
  })

  test('counts blank space too, which makes keys long without making tokens', () => {
    const cache = createDocumentCache(100)
    cache.remember(documentOf('{ a }'))
    cache.remember(documentOf(`{ b ${' '.repeat(30_000)} }`))
    expect(cache.get('{ a }')).toBeUndefined()
  })
})
