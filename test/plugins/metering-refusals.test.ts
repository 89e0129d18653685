import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startOfMonth, startOfNextMonth } from '../../src/rules/calendar-time.ts'
import { type MeteredYoga, meteredYoga, newKey } from './metered-yoga.ts'

let world: MeteredYoga

beforeAll(async () => {
  world = await meteredYoga()
})

beforeEach(() => world.reset())

afterAll(() => world.stop())

describe('an operation that is refused', () => {
  test('costs nothing, executes nothing and says when to come back: quota', async () => {
    const key = newKey()
    for (let i = 0; i < 2; i++) await world.ask(key, '{ dear { name } }')
    world.executed = 0
    world.spooled = []
    const answer = await world.ask(key, '{ dear { name } }')
    const resetsAt = startOfNextMonth(Date.now())
    const seconds = Math.ceil((resetsAt - Date.now()) / 1_000)
    const window = (resetsAt - startOfMonth(Date.now())) / 1_000
    expect(answer.status).toBe(429)
    expect(answer.data).toBeUndefined()
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'QUOTA_EXCEEDED' })
    expect(answer.extensions?.usage).toMatchObject({ units: 0, used: 8, limit: 10, remaining: 2 })
    expect(Number(answer.headers.get('Retry-After')) - seconds).toBeCloseTo(0, -1)
    expect(answer.headers.get('RateLimit-Policy')).toBe(`"month";q=10;w=${window}`)
    expect(answer.headers.get('RateLimit')).toMatch(/^"month";r=2;t=\d+$/)
    expect([world.executed, world.spooled, await world.counted(key)]).toEqual([0, [], 8])
    // What fits is still served.
    expect((await world.ask(key, '{ a: thing { name } b: thing { name } }')).status).toBe(200)
  })

  test('costs nothing and says when to come back: rate', async () => {
    const key = newKey('slow')
    const answers = await Promise.all([1, 2].map(() => world.ask(key, '{ thing { name } }')))
    const refused = answers.find(({ status }) => status === 429)
    expect(refused?.errors?.[0]?.extensions).toEqual({ code: 'RATE_LIMITED' })
    expect(refused?.headers.get('Retry-After')).toBe('1')
    expect(refused?.extensions?.usage).toMatchObject({ units: 0, used: 1, remaining: 9 })
    expect([world.spooled.length, await world.counted(key)]).toEqual([1, 1])
  })

  test('is refused in the same status over SSE', async () => {
    const key = newKey()
    await world.ask(key, '{ a: dear { name } b: dear { name } }')
    const response = await world.fetch(key, '{ dear { name } }', { accept: 'text/event-stream' })
    expect(response.status).toBe(429)
    expect(await response.text()).toContain('QUOTA_EXCEEDED')
  })

  test('says why where the key is blocked', async () => {
    const key = newKey('tiny', 'a payment failed')
    const answer = await world.ask(key, '{ thing { name } }')
    expect(answer.status).toBe(403)
    expect(answer.errors?.[0]).toMatchObject({
      message: expect.stringContaining('a payment failed'),
      extensions: { code: 'KEY_BLOCKED' },
    })
    expect([world.executed, world.spooled, await world.counted(key)]).toEqual([0, [], 0])
  })

  test('is told nothing of what went wrong on our side: a plan that is gone', async () => {
    const answer = await world.ask(newKey('gone'), '{ thing { name } }')
    expect(answer.status).toBe(500)
    expect(answer.errors?.[0]?.extensions.code).toBe('INTERNAL')
    expect(JSON.stringify(answer)).not.toContain('plan')
  })
})

describe('a spool that cannot be written', () => {
  test('takes the whole answer with it: 503, no data, nothing billed', async () => {
    const key = newKey()
    await world.ask(key, '{ thing { name } }')
    world.spooled = []
    world.spoolIsFull = true
    const answer = await world.ask(key, '{ thing { name } failing { name } free { name } }')
    expect(answer.status).toBe(503)
    expect(answer.headers.get('Retry-After')).toBe('1')
    expect(answer.data).toBeUndefined()
    expect(answer.errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'UNAVAILABLE' }])
    expect(answer.extensions?.usage).toMatchObject({ units: 0, used: 1, remaining: 9 })
    await vi.waitFor(async () => expect(await world.counted(key)).toBe(1))
    expect(world.spooled).toEqual([])
  })

  test('does not concern what costs nothing', async () => {
    world.spoolIsFull = true
    expect((await world.ask(newKey(), '{ free { name } }')).status).toBe(200)
  })
})
