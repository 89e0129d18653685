import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { startOfNextMonth } from '../../src/rules/calendar-time.ts'
import { account, type MeteredYoga, meteredYoga, newKey } from './metered-yoga.ts'

let world: MeteredYoga

beforeAll(async () => {
  world = await meteredYoga()
})

beforeEach(() => world.reset())

afterAll(() => world.stop())

describe('what a metered operation costs', () => {
  const cases: [name: string, query: string, units: number, variables?: object][] = [
    ['one root field', '{ thing { name } }', 1],
    ['nested fields cost nothing', '{ thing { name things x: name y: things } }', 1],
    ['every alias', '{ a: thing { name } b: thing { name } thing { name } }', 3],
    ['the same response key twice is one', '{ thing { name } thing { things } }', 1],
    ['a fragment', '{ ...f } fragment f on Query { a: thing { name } b: nothing { name } }', 2],
    ['a fragment spread twice', '{ ...f ...f } fragment f on Query { a: thing { name } }', 1],
    ['an inline fragment', '{ ... { a: thing { name } } ... on Query { b: thing { name } } }', 2],
    ['@skip', '{ a: thing { name } b: thing @skip(if: true) { name } }', 1],
    ['@include', '{ a: thing { name } ... @include(if: false) { b: thing { name } } }', 1],
    [
      '@skip and @include by variable',
      'query ($no: Boolean! = false, $yes: Boolean!) { a: thing @include(if: $no) { name } b: thing @skip(if: $yes) { name } c: thing @include(if: $yes) { name } }',
      1,
      { yes: true },
    ],
    ['what is free beside it', '{ free { name } __typename thing { name } }', 1],
    ['null that is an answer', '{ nothing { name } }', 1],
    ['a field of four units', '{ dear { name } }', 4],
    [
      'response keys that objects inherit',
      '{ __proto__: thing { name } constructor: thing { name } }',
      2,
    ],
  ]

  test.each(cases)('%s', async (_name, query, units, variables) => {
    const key = newKey()
    const answer = await world.ask(key, query, { ...(variables && { variables }) })
    expect(answer.errors).toBeUndefined()
    expect(answer.extensions?.usage).toEqual({
      units,
      used: units,
      limit: 10,
      remaining: 10 - units,
      resetsAt: new Date(startOfNextMonth(Date.now())).toISOString(),
    })
    expect(world.spooled.reduce((sum, event) => sum + event.units, 0)).toBe(units)
    expect(await world.counted(key)).toBe(units)
  })

  test('is spooled as one event an endpoint, with the key, the account and the tier', async () => {
    const key = newKey()
    const before = Date.now()
    await world.ask(
      key,
      '{ a: thing { name } b: thing { name } c: nothing { name } d: failing { name } }',
    )
    expect(world.spooled.map(({ at: _, ...event }) => event)).toEqual([
      {
        apiKeyId: key._id,
        accountId: 'acc_1',
        tier: 'tiny',
        endpoint: 'thing',
        units: 2,
        failed: 0,
      },
      {
        apiKeyId: key._id,
        accountId: 'acc_1',
        tier: 'tiny',
        endpoint: 'nothing',
        units: 1,
        failed: 0,
      },
      {
        apiKeyId: key._id,
        accountId: 'acc_1',
        tier: 'tiny',
        endpoint: 'failing',
        units: 0,
        failed: 1,
      },
    ])
    for (const { at } of world.spooled) expect(at).toBeGreaterThanOrEqual(before)
  })

  test('is spooled under the route where a REST route asked', async () => {
    await world.ask(newKey(), '{ thing { name } }', { endpoint: 'GET /api/v1/tax-dates' })
    expect(world.totals()).toEqual({ 'GET /api/v1/tax-dates': [1, 0] })
  })

  test('is nothing for what is free, and nothing is said of it', async () => {
    const key = newKey()
    const answer = await world.ask(key, '{ free { name } }')
    expect(answer.data).toEqual({ free: { name: 'thing' } })
    expect(answer.extensions).toBeUndefined()
    expect(answer.headers.get('RateLimit')).toBeNull()
    expect(world.spooled).toEqual([])
  })

  test('is paid by the key that a bearer token names', async () => {
    const payer = newKey()
    const caller: Caller = { kind: 'account', account, payer }
    const answer = await world.ask(payer, '{ thing { name } }', { caller })
    expect(answer.extensions?.usage.used).toBe(1)
    expect(world.spooled[0]?.apiKeyId).toBe(payer._id)
  })
})

describe('a metered operation that fails', () => {
  test('costs nothing for the field that ends in an error, and bills its neighbours', async () => {
    const key = newKey()
    const answer = await world.ask(
      key,
      '{ failing { name } thing { name } x: thing { brokenForGood } }',
    )
    expect(answer.data).toEqual({ failing: null, thing: { name: 'thing' }, x: null })
    expect(answer.extensions?.usage).toMatchObject({ units: 1, used: 1, remaining: 9 })
    expect(world.totals()).toEqual({ failing: [0, 1], thing: [1, 1] })
    await vi.waitFor(async () => expect(await world.counted(key)).toBe(1))
  })

  test('bills a field that was answered although something deeper failed', async () => {
    const answer = await world.ask(newKey(), '{ thing { name broken } }')
    expect(answer.errors?.[0]?.path).toEqual(['thing', 'broken'])
    expect(answer.extensions?.usage.units).toBe(1)
    expect(world.totals()).toEqual({ thing: [1, 0] })
  })

  test('costs nothing when it runs out of time, and counts as failed', async () => {
    const key = newKey()
    const answer = await world.ask(key, '{ slow { name } thing { name } }')
    expect(answer.errors?.[0]?.extensions.code).toBe('UNAVAILABLE')
    expect(answer.data).toBeUndefined()
    expect(answer.extensions?.usage).toMatchObject({ units: 0, used: 0 })
    expect(world.totals()).toEqual({ slow: [0, 1], thing: [0, 1] })
    await vi.waitFor(async () => expect(await world.counted(key)).toBe(0))
  })

  test.each([
    ['syntax', '{ thing {', {}],
    ['validation', '{ thing { unknown } }', {}],
    ['a variable', 'query ($n: Int!) { thing(first: $n) { name } }', { variables: { n: 'x' } }],
    ['access', '{ dear { name } }', { caller: { kind: 'admin' } as Caller }],
    [
      'no payer',
      '{ thing { name } }',
      { caller: { kind: 'account', account, payer: null } as Caller },
    ],
  ])('costs and counts nothing: %s', async (_name, query, asked) => {
    const key = newKey('slow')
    for (let i = 0; i < 3; i++) {
      const answer = await world.ask(key, query, asked)
      expect(answer.errors?.[0]?.extensions.code).not.toBe('RATE_LIMITED')
      expect(answer.extensions).toBeUndefined()
    }
    expect(world.spooled).toEqual([])
    expect(await world.counted(key)).toBe(0)
  })
})
