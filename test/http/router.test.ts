import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { ApiError } from '../../src/errors.ts'
import { loggedPath } from '../../src/http/access-log.ts'
import { createRouter, type RestRequest, type Route } from '../../src/rest/router.ts'
import { BadInput } from '../../src/rules/bad-input.ts'

const lines: string[] = []
const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) })

const routes: Route[] = [
  {
    method: 'GET',
    path: '/calendar/:token',
    handle: ({ params }) => ({ status: 200, body: params }),
  },
  { method: 'POST', path: '/calendar/:token', handle: () => ({ status: 201 }) },
  {
    method: 'GET',
    path: '/fails',
    handle({ query }) {
      const how = query.get('how')
      if (how === 'api') throw new ApiError('RATE_LIMITED', 'Slowly.', { retryAfter: 7 })
      if (how === 'input') throw new BadInput('how is wrong')
      throw new Error('mongodb://root:hunter2@db/ is away')
    },
  },
]
const router = createRouter(routes, log)

function answer(method: string, path: string, search = '') {
  const match = router.match(method, path)
  const params = match && 'params' in match ? match.params : {}
  const request = { method, params, query: new URLSearchParams(search), requestId: 'r1' }
  return router.answer(match, request as RestRequest)
}

describe('routes', () => {
  test('match by segment and decode what they name', async () => {
    expect(await answer('GET', '/calendar/a%20b')).toEqual({ status: 200, body: { token: 'a b' } })
    expect(await answer('POST', '/calendar/x')).toEqual({ status: 201 })
    expect(router.match('HEAD', '/calendar/x')).toHaveProperty('route.method', 'GET')
  })

  test.each([
    '/calendar',
    '/calendar/',
    '/calendar/a/b',
    '/calendar/%E0%A4%A',
    '/Calendar/a',
    '//calendar/a',
  ])('%s is none of them', async (path) => {
    expect(await answer('GET', path)).toMatchObject({ status: 404 })
  })

  test('another method is told which are allowed', async () => {
    expect(await answer('DELETE', '/calendar/x')).toMatchObject({
      status: 405,
      headers: { Allow: 'GET, POST' },
    })
  })
})

describe('errors are problems', () => {
  const bodyOf = (body: unknown) => JSON.parse(String(body)) as Record<string, unknown>

  test('with code, status, request id and when to come back', async () => {
    const { status, headers, body } = await answer('GET', '/fails', 'how=api')
    expect([status, headers?.['Retry-After']]).toEqual([429, '7'])
    expect(bodyOf(body)).toEqual({
      type: 'about:blank',
      title: 'Too Many Requests',
      status: 429,
      detail: 'Slowly.',
      code: 'RATE_LIMITED',
      requestId: 'r1',
    })
    expect(bodyOf((await answer('GET', '/fails', 'how=input')).body)).toMatchObject({
      code: 'BAD_USER_INPUT',
      detail: 'how is wrong',
    })
  })

  test('and say nothing of what we did not expect, which is logged with the request id', async () => {
    const { status, body } = await answer('GET', '/fails')
    expect(status).toBe(500)
    expect(bodyOf(body)).toMatchObject({ code: 'INTERNAL', requestId: 'r1' })
    expect(String(body)).not.toContain('mongodb')
    expect(lines.join()).toContain('"requestId":"r1"')
  })
})

test.each([
  ['/calender/secret.ics', '/calender/…'],
  ['/nothing', '/nothing'],
  ['/gc_live_abc', '/…'],
  ['/', '/…'],
])('of %s, which is no route, the log shows %s', (path, shown) => {
  expect(loggedPath(path)).toBe(shown)
})
