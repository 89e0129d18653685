import { GraphQLError } from 'graphql'
import { MongoNetworkError, MongoServerError } from 'mongodb'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import type { Caller, Deps } from '../../src/context.ts'
import { ApiError } from '../../src/errors.ts'
import { createLog } from '../../src/log.ts'
import { clientError } from '../../src/plugins/client-error.ts'
import { BadInput } from '../../src/rules/bad-input.ts'
import type { AccountDoc } from '../../src/store/accounts.ts'
import type { ApiKeyDoc } from '../../src/store/api-keys.ts'
import { guardedYoga } from './guarded-yoga.ts'

const caller = (): Caller => ({
  kind: 'apiKey',
  apiKey: { _id: 'key_1' } as ApiKeyDoc,
  account: { _id: 'acc_1' } as AccountDoc,
})

/** A pipeline whose resolvers of tax data throw. */
function failing(error: unknown) {
  const lines: string[] = []
  const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) })
  const taxHistory = {
    current(): never {
      throw error
    },
  } as unknown as Deps['taxHistory']
  return { ...guardedYoga({ caller, log, taxHistory }), lines }
}

describe('what a resolver throws', () => {
  test('without meaning it for clients is INTERNAL, and is logged with the request id', async () => {
    const { ask, lines } = failing(new Error('connect mongodb://root:hunter2@10.0.0.1:27017'))
    const { status, codes, text, data } = await ask('{ countries { code } }')
    expect([status, codes, data]).toEqual([200, ['INTERNAL'], { countries: null }])
    expect(text).not.toMatch(/mongodb|hunter2|10\.0\.0\.1|stack|node_modules/)
    expect(text).toContain('"requestId":"r1"')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('"requestId":"r1"')
  })

  test.each([
    [new ApiError('NOT_FOUND', 'There is no such key.'), 'NOT_FOUND', 'There is no such key.'],
    [new BadInput('year is too early'), 'BAD_USER_INPUT', 'year is too early'],
    ['a string', 'INTERNAL', 'Something went wrong'],
    [null, 'INTERNAL', 'Something went wrong'],
    [
      new GraphQLError('made by a library', { extensions: { code: 'SECRET_CODE' } }),
      'INTERNAL',
      'Something',
    ],
    [
      new GraphQLError('wrapped', { originalError: new ApiError('FORBIDDEN', 'No.') }),
      'FORBIDDEN',
      'No.',
    ],
    [new MongoNetworkError('connect 10.0.0.1'), 'UNAVAILABLE', 'The database does not answer'],
    [new MongoServerError({ code: 10_107 }), 'UNAVAILABLE', 'The database does not answer'],
    [new MongoServerError({ code: 11_000 }), 'INTERNAL', 'Something went wrong'],
    [
      Object.assign(new Error('This socket has been ended'), { code: 'EPIPE' }),
      'UNAVAILABLE',
      'The database does not answer',
    ],
    [
      new DOMException('The operation timed out', 'TimeoutError'),
      'INTERNAL',
      'Something went wrong',
    ],
  ])('%s is shown as %s', async (error, code, message) => {
    const { status, codes, text, data } = await failing(error).ask(
      '{ countries { code } __typename }',
    )
    expect([status, codes]).toEqual([200, [code]])
    expect(data).toEqual({ countries: null, __typename: 'Query' })
    expect(text).toContain(message)
    expect(text).not.toMatch(/SECRET_CODE|10\.0\.0\.1/)
  })
})

describe('what refuses an operation whole', () => {
  test.each([
    [new ApiError('UNAUTHENTICATED', 'x'), 401],
    [new ApiError('KEY_BLOCKED', 'x'), 403],
    [new ApiError('RATE_LIMITED', 'x', { retryAfter: 3 }), 429],
    [new ApiError('UNAVAILABLE', 'x', { retryAfter: 3 }), 503],
    [new ApiError('BAD_USER_INPUT', 'two keys'), 400],
    [new Error('unexpected'), 500],
  ])('%s has its status whatever Accept says, and no data', async (error, status) => {
    const pipeline = guardedYoga({
      caller: () => {
        throw error
      },
    })
    for (const accept of ['application/json', 'application/graphql-response+json', '*/*']) {
      const shown = await pipeline.ask('{ countries { code } }', {}, accept)
      expect(shown.status).toBe(status)
      expect(shown.text).not.toContain('"data"')
      expect(shown.text).not.toContain('"http"')
      const seconds = error instanceof ApiError ? error.retryAfter : undefined
      expect(shown.headers.get('retry-after')).toBe(seconds === undefined ? null : String(seconds))
    }
  })
})

test('masking twice changes nothing', () => {
  const log = pino({ level: 'silent' })
  const once = clientError(new ApiError('NOT_FOUND', 'x'), 'r1', log)
  expect(clientError(once, 'r2', log)).toBe(once)
})

test('what is wrong by type but comes from our own resolvers is INTERNAL', async () => {
  const wrong = {
    countries: new Map([['AU', { country: { code: 'NOWHERE', name: 'x', obligations: [] } }]]),
  }
  const taxHistory = { current: () => wrong } as unknown as Deps['taxHistory']
  const { ask } = guardedYoga({ caller, taxHistory })
  const { codes } = await ask('{ countries { code } }')
  expect(codes).toEqual(['INTERNAL'])
})

test('a variable with a default that is given as null for a required argument is the client’s', async () => {
  const { ask } = guardedYoga({ caller })
  const query = 'query($c: CountryCode = AU) { obligations(country: $c) { id } }'
  const { codes } = await ask(query, { c: null })
  expect(codes).toEqual(['BAD_USER_INPUT'])
})

test('logs keep no credential that stands in an error', () => {
  const written: string[] = []
  const log = createLog('error', 'test')
  const stream = Object.getOwnPropertySymbols(log).find(
    (one) => String(one) === 'Symbol(pino.stream)',
  )
  Object.assign(log, { [stream as symbol]: { write: (line: string) => void written.push(line) } })
  const secret = `gc_live_${'a1B2c3'.repeat(6)}`
  log.error({ err: new Error(`mongodb://root:hunter2@db refused ${secret}, Bearer abc.def`) }, 'x')
  expect(written.join()).toContain('refused')
  expect(written.join()).not.toMatch(/hunter2|gc_live_|abc\.def/)
})
