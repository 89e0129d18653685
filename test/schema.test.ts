import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  BreakingChangeType,
  buildSchema as buildSchemaOf,
  DangerousChangeType,
  findSchemaChanges,
  GraphQLObjectType,
  GraphQLScalarType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql'
import { describe, expect, test } from 'vitest'
import { accessOf } from '../src/rules/access.ts'
import { buildSchema } from '../src/schema/schema.ts'

const root = join(import.meta.dirname, '..')
const read = (name: string) => readFileSync(join(root, name), 'utf8')
const built = buildSchema()

/** Dangerous in graphql's eyes, yet clients that ask what the contract allows notice neither. */
const harmless: readonly string[] = ['OPTIONAL_ARG_ADDED', 'VALUE_ADDED_TO_ENUM']

function isRefused(type: string): boolean {
  return type in BreakingChangeType || (type in DangerousChangeType && !harmless.includes(type))
}

describe('the contract that clients rely on', () => {
  const changes = findSchemaChanges(buildSchemaOf(read('contract.graphql')), built).map(
    ({ type, description }) => ({ type: String(type), description }),
  )

  test('nothing of it is missing, broken or endangered', () => {
    expect(changes.filter(({ type }) => isRefused(type))).toEqual([])
  })

  test('scalars say what specifies them', () => {
    const contract = buildSchemaOf(read('contract.graphql'))
    for (const name of ['Date', 'DateTime', 'YearMonth', 'SafeInt']) {
      const [promised, ours] = [contract.getType(name), built.getType(name)]
      expect(promised).toBeInstanceOf(GraphQLScalarType)
      expect((ours as GraphQLScalarType).specifiedByURL).toBe(
        (promised as GraphQLScalarType).specifiedByURL,
      )
    }
  })
})

describe('every root field', () => {
  const roots = [built.getQueryType(), built.getMutationType(), built.getSubscriptionType()]
  const fields = roots
    .filter((type) => type instanceof GraphQLObjectType)
    .flatMap((type) =>
      Object.values(type.getFields()).map((field) => ({
        name: `${type.name}.${field.name}`,
        field,
      })),
    )

  test('declares who may call it and what it costs', () => {
    const silent = fields.filter(({ field }) => {
      const access = accessOf(field.extensions)
      return !access || access.callers.length === 0 || access.units < 0
    })
    expect(silent.map(({ name }) => name)).toEqual([])
  })

  test('is nullable in queries and mutations, so that one failure takes nothing else with it', () => {
    const strict = fields.filter(
      ({ name, field }) => !name.startsWith('Subscription.') && String(field.type).endsWith('!'),
    )
    expect(strict.map(({ name }) => name)).toEqual([])
  })

  test('costs a unit only where tax data is read', () => {
    const metered = fields.filter(({ field }) => (accessOf(field.extensions)?.units ?? 0) > 0)
    expect(metered.map(({ name }) => name).sort()).toEqual([
      'Query.countries',
      'Query.dueDateFor',
      'Query.obligations',
      'Query.taxDateChanges',
      'Query.taxDates',
      'Query.upcomingTaxDates',
    ])
  })
})

test('schema.graphql is what is built; after a wanted change run `npm run schema`', () => {
  expect(`${printSchema(lexicographicSortSchema(built))}\n`).toBe(read('schema.graphql'))
})
