import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { accessOf, type CallerKind } from '../../src/rules/access.ts'
import { buildSchema } from '../../src/schema/schema.ts'
import type { AccountDoc } from '../../src/store/accounts.ts'
import type { ApiKeyDoc } from '../../src/store/api-keys.ts'
import { guardedYoga } from './guarded-yoga.ts'

const account = { _id: 'acc_1' } as AccountDoc
const apiKey = { _id: 'key_1', accountId: 'acc_1', blockedBecause: null } as ApiKeyDoc
const callers: Record<CallerKind, Caller> = {
  apiKey: { kind: 'apiKey', apiKey, account },
  account: { kind: 'account', account, payer: apiKey },
  admin: { kind: 'admin' },
  newcomer: { kind: 'newcomer', userId: 'new', validUntil: 0 },
}

const schema = buildSchema()
const rootFields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  .filter((type): type is GraphQLObjectType => isObjectType(type))
  .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))

/** The smallest literal that fits. */
function literal(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literal(type.ofType)
  if (isListType(type)) return '[]'
  if (isEnumType(type)) return type.getValues()[0]?.name ?? 'null'
  if (isInputObjectType(type)) return `{${required(Object.values(type.getFields()))}}`
  const byName: Record<string, string> = {
    ...{ Int: '1', Boolean: 'true', Date: '"2026-01-01"', YearMonth: '"2026-01"' },
  }
  return byName[type.name] ?? '"x"'
}

function required(inputs: readonly { name: string; type: GraphQLInputType }[]): string {
  const needed = inputs.filter(({ type }) => isNonNullType(type))
  return needed.map(({ name, type }) => `${name}: ${literal(type)}`).join(', ')
}

function operation(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): string {
  const given = required(field.args as readonly GraphQLArgument[])
  const below = isObjectType(getNamedType(field.type)) ? ' { __typename }' : ''
  return `${type.name.toLowerCase()} { ${field.name}${given && `(${given})`}${below} }`
}

describe.each(
  rootFields.map(({ type, field }) => ({ name: `${type.name}.${field.name}`, type, field })),
)('$name', ({ type, field }) => {
  const access = accessOf(field.extensions)
  const query = operation(type, field)

  test('is UNAUTHENTICATED to nobody', async () => {
    const { status, codes, data } = await guardedYoga().ask(query)
    expect([status, codes, data]).toEqual([401, ['UNAUTHENTICATED'], undefined])
  })

  const others = (Object.keys(callers) as CallerKind[]).filter(
    (kind) => !access?.callers.includes(kind),
  )
  test.each(others)('is FORBIDDEN to %s', async (kind) => {
    const { status, codes, data } = await guardedYoga({ caller: () => callers[kind] }).ask(query)
    expect([status, codes, data]).toEqual([403, ['FORBIDDEN'], undefined])
  })

  if (access && access.units > 0) {
    test('is FORBIDDEN to a bearer token that names no key to pay', async () => {
      const caller = (): Caller => ({ kind: 'account', account, payer: null })
      const { status, codes, text } = await guardedYoga({ caller }).ask(query)
      expect([status, codes]).toEqual([403, ['FORBIDDEN']])
      expect(text).toContain('X-Api-Key-Id')
    })
  }
})

describe('an operation', () => {
  test('is refused whole when one of its fields is, wherever it hides', async () => {
    const { ask } = guardedYoga({ caller: () => callers.admin })
    for (const query of [
      '{ __typename countries { code } }',
      '{ ...F } fragment F on Query { countries { code } }',
      '{ ... on Query { ... { x: countries { code } } } }',
    ]) {
      expect(await ask(query)).toMatchObject({ status: 403, codes: ['FORBIDDEN'] })
    }
  })

  test('is not refused for a field that is skipped', async () => {
    const { ask } = guardedYoga({ caller: () => callers.admin })
    const query = 'query($no: Boolean = false) { __typename countries @include(if: $no) { code } }'
    expect(await ask(query)).toMatchObject({ status: 200, data: { __typename: 'Query' } })
    expect(await ask(query, { no: true })).toMatchObject({ status: 403 })
  })

  test('is open to a token with the admin claim where admins are, and where accounts are', async () => {
    const caller = (): Caller => ({ kind: 'account', account, payer: apiKey, admin: true })
    const { ask } = guardedYoga({ caller })
    expect(await ask('{ countries { code } }')).toMatchObject({ status: 200 })
    const { codes } = await ask('{ accounts { totalCount } }')
    expect(codes).not.toContain('FORBIDDEN')
  })

  test('that only looks at the schema needs nobody, except in production', async () => {
    expect(await guardedYoga().ask('{ __typename }')).toMatchObject({ status: 200 })
    const production = guardedYoga({ production: true })
    expect(await production.ask('{ __typename }')).toMatchObject({
      status: 401,
      codes: ['UNAUTHENTICATED'],
    })
  })
})

describe('production', () => {
  const { ask, send } = guardedYoga({ production: true, caller: () => callers.apiKey })

  test('hides the schema', async () => {
    for (const query of ['{ __schema { description } }', '{ __type(name: "Query") { name } }']) {
      expect((await ask(query)).codes).toEqual(['BAD_USER_INPUT'])
    }
  })

  test('suggests nothing', async () => {
    for (const query of [
      '{ countrie { code } }',
      '{ countries { cod } }',
      '{ obligations(countri: AU) { id } }',
      '{ obligations(country: AUS) { id } }',
    ]) {
      expect((await ask(query)).text).not.toContain('Did you mean')
    }
    const query = 'query($c: CountryCode!) { obligations(country: $c) { id } }'
    expect((await ask(query, { c: 'AUS' })).text).not.toContain('Did you mean')
  })

  test('serves no GraphiQL', async () => {
    const { text } = await send({ method: 'GET', headers: { accept: 'text/html' } })
    expect(text).not.toContain('<html')
  })
})
