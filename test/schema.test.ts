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

/**
 * What the contract has and a later issue brings. Each entry must still be missing: whoever builds it
 * removes it here. A field of an absent type is not listed, its type is.
 */
const missing: Readonly<Record<string, readonly string[]>> = {
  'billing (issue 6)': [
    'ApiKey.billingStatus',
    'Account.subscription',
    'ApiKey.subscription',
    'BillingProvider',
    'BillingStatus',
    'BillingSubscription',
  ],
}

/** Dangerous in graphql's eyes, yet clients that ask what the contract allows notice neither. */
const harmless: readonly string[] = ['OPTIONAL_ARG_ADDED', 'VALUE_ADDED_TO_ENUM']

function isRefused(type: string): boolean {
  return type in BreakingChangeType || (type in DangerousChangeType && !harmless.includes(type))
}

/** The coordinate of what a change removes: `Query.alerts` or `Alert`. */
function removed({ type, description }: { type: string; description: string }): string | null {
  if (type === 'FIELD_REMOVED') return /^(?:Field )?(\w+\.\w+)/.exec(description)?.[1] ?? null
  if (type === 'TYPE_REMOVED') return /(\w+) was removed/.exec(description)?.[1] ?? null
  return null
}

describe('the contract that clients rely on', () => {
  const changes = findSchemaChanges(buildSchemaOf(read('contract.graphql')), built).map(
    ({ type, description }) => ({ type: String(type), description }),
  )
  const later = Object.values(missing).flat()

  test('nothing of it is broken or endangered, but for what a later issue brings', () => {
    const broken = changes.filter(
      (change) => isRefused(change.type) && !later.includes(removed(change) ?? ''),
    )
    expect(broken).toEqual([])
  })

  test('what is listed as missing is missing still', () => {
    const gone = new Set(changes.map(removed))
    expect(later.filter((coordinate) => !gone.has(coordinate))).toEqual([])
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
