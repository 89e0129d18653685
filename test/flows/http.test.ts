import { request as rawRequest } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataOf, startTestApi, type TestApi } from '../api.ts'

let api: TestApi
let key: string

beforeAll(async () => {
  api = await startTestApi({ ALLOWED_ORIGINS: 'https://app.example.com' })
  key = (await api.seed()).secret
})
afterAll(() => api.end())

const post = (body: string, headers: Record<string, string> = {}) =>
  fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key, ...headers },
    body,
  })

/** Sends bytes as they are and returns all that comes back until the connection ends. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(api.port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (data) => {
      answer += data
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as {
    code?: string
    errors?: { extensions: { code: string } }[]
  }
  return body.code ?? body.errors?.[0]?.extensions.code ?? 'none'
}

describe('GraphQL over HTTP', () => {
  test('answers a metered query with what it cost, in the body and in headers', async () => {
    const answer = await api.ask('{ countries { code } }', { key })
    expect(answer.status).toBe(200)
    expect(answer.extensions?.usage?.units).toBe(1)
    expect(answer.headers.get('ratelimit-policy')).toMatch(/^"month";q=100000;w=\d+$/)
    expect(answer.headers.get('ratelimit')).toMatch(/^"month";r=\d+;t=\d+$/)
  })

  test('answers a query by GET, with variables', async () => {
    const query = 'query($c: CountryCode!) { obligations(country: $c) { id } }'
    const search = new URLSearchParams({ query, variables: '{"c":"AU"}' })
    const response = await fetch(`${api.url}/graphql?${search}`, { headers: { 'x-api-key': key } })
    expect(response.status).toBe(200)
    expect(await response.json()).toHaveProperty('data.obligations.0.id')
  })

  test.each([
    ['a syntax error', '{', 400, 200],
    ['an unknown field', '{ nothing }', 400, 200],
    ['an unknown country', '{ obligations(country: XX) { id } }', 400, 200],
    [
      'a wrong date',
      '{ taxDates(country: AU, from: "2025-02-30", to: "2025-03-01") { totalCount } }',
      400,
      200,
    ],
  ])(
    '%s is BAD_USER_INPUT with the status that Accept asks for',
    async (_, query, newer, older) => {
      for (const [accept, status] of [
        ['application/graphql-response+json', newer],
        ['application/json', older],
      ] as const) {
        const response = await post(JSON.stringify({ query }), { accept })
        expect(response.status).toBe(status)
        expect(response.headers.get('content-type')).toContain(accept)
        expect(await codeOf(response)).toBe('BAD_USER_INPUT')
      }
    },
  )

  test.each(['application/json', 'application/graphql-response+json', '*/*'])(
    'what is refused whole has its status whatever Accept says (%s)',
    async (accept) => {
      const headers = { accept }
      const anonymous = await api.ask('{ countries { code } }', { headers })
      expect([anonymous.status, anonymous.errors?.[0]?.extensions.code]).toEqual([
        401,
        'UNAUTHENTICATED',
      ])
      const wrongKind = await api.ask('{ countries { code } }', { key: api.adminApiKey, headers })
      expect([wrongKind.status, wrongKind.errors?.[0]?.extensions.code]).toEqual([403, 'FORBIDDEN'])
      expect(wrongKind.data).toBeUndefined()
    },
  )

  test('a failing field leaves the others, with status 200', async () => {
    const query = '{ bad: taxDates(country: AU, year: 1900) { totalCount } countries { code } }'
    const answer = await api.ask(query, { key })
    expect(answer.status).toBe(200)
    expect(answer.data).toMatchObject({ bad: null, countries: expect.any(Array) })
    expect(answer.errors).toMatchObject([{ path: ['bad'], extensions: { code: 'BAD_USER_INPUT' } }])
    expect(answer.extensions?.usage?.units).toBe(1)
  })

  test.each([
    ['malformed JSON', '{"query":', 400],
    ['a JSON string', '"{ __typename }"', 400],
    ['null', 'null', 400],
    ['a batch', '[{"query":"{ __typename }"}]', 400],
    ['no query', '{"variables":{}}', 400],
    ['an unknown parameter', '{"query":"{ __typename }","apiKey":"x"}', 400],
    ['a query that is no string', '{"query":{"$gt":""}}', 400],
    ['variables that are a list', '{"query":"{ __typename }","variables":[]}', 400],
    ['an operationName that is an object', '{"query":"{ __typename }","operationName":{}}', 400],
  ])('%s is BAD_USER_INPUT with 400, even for application/json', async (_, body, status) => {
    const response = await post(body, { accept: 'application/json' })
    expect(response.status).toBe(status)
    expect(await codeOf(response)).toBe('BAD_USER_INPUT')
  })

  test.each([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/graphql',
    'application/graphql+json',
  ])('a body of %s is refused, so that no other site can send one by a form', async (type) => {
    const response = await post('query=mutation{x}', { 'content-type': type })
    expect(response.status).toBe(415)
    expect(await codeOf(response)).toBe('UNSUPPORTED_MEDIA_TYPE')
  })

  test('a compressed body is refused unread', async () => {
    const response = await post('{"query":"{ __typename }"}', { 'content-encoding': 'gzip' })
    expect([response.status, await codeOf(response)]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
  })

  test('a mutation by GET is refused', async () => {
    const search = new URLSearchParams({ query: 'mutation { revokeApiKey(id: "x") { id } }' })
    const headers = { 'x-api-key': api.adminApiKey }
    const response = await fetch(`${api.url}/graphql?${search}`, { headers })
    expect([response.status, await codeOf(response)]).toEqual([405, 'BAD_USER_INPUT'])
    expect(response.headers.get('allow')).toContain('POST')
  })

  test('other methods are refused', async () => {
    const response = await fetch(`${api.url}/graphql`, { method: 'DELETE' })
    expect([response.status, await codeOf(response)]).toEqual([405, 'BAD_USER_INPUT'])
  })

  test('an Accept that nothing can answer is refused before anything is billed', async () => {
    const before = (await api.ask('{ countries { code } }', { key })).extensions?.usage?.used ?? 0
    const response = await post('{"query":"{ countries { code } }"}', { accept: 'image/png' })
    expect([response.status, await codeOf(response)]).toEqual([406, 'BAD_USER_INPUT'])
    const after = (await api.ask('{ countries { code } }', { key })).extensions?.usage?.used
    expect(after).toBe(before + 1)
  })

  test('GraphiQL comes from this server alone', async () => {
    const response = await fetch(`${api.url}/graphql`, { headers: { accept: 'text/html' } })
    expect(response.status).toBe(200)
    const page = await response.text()
    expect(page).toContain('GraphiQL')
    expect(page).not.toMatch(/<(script|link)[^>]+(src|href)="https?:/)
  })
})

describe('bodies', () => {
  test('more than 100 kB are refused by Content-Length', async () => {
    const response = await post(
      JSON.stringify({ query: `# ${'x'.repeat(100_000)}\n{ __typename }` }),
    )
    expect([response.status, await codeOf(response)]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  })

  test('REST routes refuse them too, also those that read no body', async () => {
    for (const [headers, body, status, code] of [
      [{}, 'x'.repeat(100_001), 413, 'PAYLOAD_TOO_LARGE'],
      [{ 'content-encoding': 'gzip' }, 'x', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ] as const) {
      const response = await fetch(`${api.url}/admin/trigger-aggregation`, {
        method: 'POST',
        headers: { ...headers, 'x-api-key': api.adminApiKey },
        body,
      })
      expect([response.status, await codeOf(response)]).toEqual([status, code])
    }
  })

  test('a chunked body is refused with 411', async () => {
    const status = await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
      const request = rawRequest(`${api.url}/graphql`, { method: 'POST', headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      request.on('error', reject)
      request.end('{"query":"{ __typename }"}')
    })
    expect(status).toBe(411)
  })

  test('bytes that are no UTF-8 are refused', async () => {
    const body = Buffer.concat([
      Buffer.from('{"query":"{ __typename # '),
      Buffer.from([0xff, 0xfe, 0x22, 0x7d]),
    ])
    const response = await fetch(`${api.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect([response.status, await codeOf(response)]).toEqual([400, 'BAD_USER_INPUT'])
  })

  test('what is not HTTP gets 400 and nothing else', async () => {
    expect(await raw('NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*"code":"BAD_USER_INPUT"/s)
  })

  test('what Node itself refuses is a problem with its request id', async () => {
    for (const text of ['NONSENSE\r\n\r\n', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n']) {
      const [head = '', body = ''] = (await raw(text)).split('\r\n\r\n')
      expect(head).toMatch(/^content-type: application\/problem\+json/im)
      const problem = JSON.parse(body) as Record<string, unknown>
      expect(problem).toMatchObject({ status: 400, code: 'BAD_USER_INPUT' })
      expect(problem.detail).toBeTruthy()
      expect(head.toLowerCase()).toContain(`x-request-id: ${problem.requestId}`)
    }
  })

  test('an endless header gets 431', async () => {
    const answer = await raw(
      `GET / HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: ${'x'.repeat(100_000)}\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 431 .*"code":"BAD_USER_INPUT"/s)
  })
})

describe('credentials', () => {
  test('two keys are refused', async () => {
    const answer = await api.ask('{ countries { code } }', {
      headers: { 'x-api-key': `${key}, ${key}` },
    })
    expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT'])
    expect(answer.data).toBeUndefined()
  })

  test('two Authorization headers are refused, although Node shows one', async () => {
    const twice = 'Authorization: Bearer a\r\n'.repeat(2)
    const answer = await raw(
      `GET /livez HTTP/1.1\r\nHost: localhost\r\n${twice}Connection: close\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*"code":"BAD_USER_INPUT"/s)
  })

  test('a key in the query string is refused on every path, however it is encoded', async () => {
    const encoded = [...key].map((one) => `%${one.charCodeAt(0).toString(16)}`).join('')
    for (const path of [
      `/graphql?apiKey=${key}`,
      `/api/v1/tax-dates?key=${encoded}`,
      `/?x=${key}`,
    ]) {
      const response = await fetch(`${api.url}${path}`)
      expect([response.status, await codeOf(response)]).toEqual([400, 'BAD_USER_INPUT'])
    }
  })
})

describe('REST', () => {
  test('tax dates are those of the same query, page by page, metered under their own name', async () => {
    const query = `{ taxDates(country: AU, year: 2025, region: "AU-VIC", first: 500) {
      edges { node { id dueDate obligation { id action } } } } }`
    const graphql = await api.ask(query, { key })
    const { edges } = dataOf<{ edges: { node: { id: string } }[] }>(graphql, 'taxDates')
    const ids: string[] = []
    let after = ''
    do {
      const search = `country=AU&year=2025&region=AU-VIC&first=20${after}`
      const response = await fetch(`${api.url}/api/v1/tax-dates?${search}`, {
        headers: { 'x-api-key': key },
      })
      expect(response.status).toBe(200)
      expect(response.headers.get('ratelimit')).toMatch(/^"month"/)
      const { data, page } = (await response.json()) as {
        data: { id: string; obligation: { id: string } }[]
        page: { next: string | null }
      }
      ids.push(...data.map(({ id }) => id))
      after = page.next === null ? '' : `&after=${page.next}`
    } while (after)
    expect(ids).toEqual(edges.map(({ node }) => node.id))
    expect(ids.length).toBeGreaterThan(40)
  })

  test('a refusal says where the month stands, as GraphQL does, and when to come back', async () => {
    const { secret } = await api.seed('free')
    const headers = { 'x-api-key': secret }
    const path = `${api.url}/api/v1/tax-dates?country=AU&year=2025`
    const calls = Array.from({ length: 40 }, () => fetch(path, { headers }))
    const refused = (await Promise.all(calls)).filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(0)
    for (const response of refused) {
      expect(response.headers.get('retry-after')).toBe('1')
      expect(response.headers.get('ratelimit-policy')).toMatch(/^"month";q=1000;/)
      expect(await codeOf(response)).toBe('RATE_LIMITED')
    }
  })

  test('repeated parameters filter', async () => {
    const search = 'country=AU&year=2025&action=PAY&action=FILE&periodEndMonth=6&first=500'
    const response = await fetch(`${api.url}/api/v1/tax-dates?${search}`, {
      headers: { 'x-api-key': key },
    })
    const { data } = (await response.json()) as {
      data: { periodEnd: string; obligation: { action: string } }[]
    }
    expect(data.length).toBeGreaterThan(0)
    for (const { periodEnd, obligation } of data) {
      expect(periodEnd.slice(5, 7)).toBe('06')
      expect(['PAY', 'FILE']).toContain(obligation.action)
    }
  })

  test.each([
    ['no country', 'year=2025'],
    ['an unknown country', 'country=XX&year=2025'],
    ['a year of words', 'country=AU&year=soon'],
    ['a parameter twice', 'country=AU&country=NZ&year=2025'],
    ['an unknown parameter', 'country=AU&year=2025&limit=5'],
    ['first above 500', 'country=AU&year=2025&first=501'],
    ['first of 2^31', 'country=AU&year=2025&first=2147483648'],
    ['a negative first', 'country=AU&year=2025&first=-1'],
    ['year and range', 'country=AU&year=2025&from=2025-01-01&to=2025-02-01'],
    ['a range of 100 years', 'country=AU&from=1925-01-01&to=2025-01-01'],
    ['the year 275760', 'country=AU&from=275760-09-13&to=275760-09-14'],
    ['a foreign cursor', 'country=AU&year=2025&after=eyJpZCI6MX0'],
  ])('%s is a problem with BAD_USER_INPUT', async (_, search) => {
    const response = await fetch(`${api.url}/api/v1/tax-dates?${search}`, {
      headers: { 'x-api-key': key, 'x-request-id': 'my-request-1' },
    })
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(await response.json()).toMatchObject({
      code: 'BAD_USER_INPUT',
      requestId: 'my-request-1',
    })
  })

  test('without a key it is 401, with the admin key 403', async () => {
    const path = `${api.url}/api/v1/tax-dates?country=AU&year=2025`
    const anonymous = await fetch(path)
    expect([anonymous.status, await codeOf(anonymous)]).toEqual([401, 'UNAUTHENTICATED'])
    const admin = await fetch(path, { headers: { 'x-api-key': api.adminApiKey } })
    expect([admin.status, await codeOf(admin)]).toEqual([403, 'FORBIDDEN'])
  })

  test('unknown paths are 404, wrong methods 405 with what is allowed', async () => {
    const unknown = await fetch(`${api.url}/nothing/here`)
    expect([unknown.status, await codeOf(unknown)]).toEqual([404, 'NOT_FOUND'])
    const wrong = await fetch(`${api.url}/api/v1/tax-dates`, { method: 'POST' })
    expect([wrong.status, await codeOf(wrong)]).toEqual([405, 'BAD_USER_INPUT'])
    expect(wrong.headers.get('allow')).toBe('GET')
  })

  test('the start page says what this is, HEAD sends no body', async () => {
    const page = await fetch(`${api.url}/`)
    expect(await page.text()).toContain('GetComplical')
    const head = await fetch(`${api.url}/`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })
})

describe('health', () => {
  test('livez and readyz are open', async () => {
    expect((await fetch(`${api.url}/livez`)).status).toBe(200)
    expect((await fetch(`${api.url}/readyz`)).status).toBe(200)
  })

  test('metrics are for this machine, or for the admin key when somebody forwarded the request', async () => {
    const near = await fetch(`${api.url}/metrics`)
    expect(await near.text()).toContain('# HELP getcomplical_')
    const headers = { 'x-forwarded-for': '203.0.113.9' }
    const forwarded = await fetch(`${api.url}/metrics`, { headers })
    expect([forwarded.status, await codeOf(forwarded)]).toEqual([403, 'FORBIDDEN'])
    const admin = { ...headers, 'x-api-key': api.adminApiKey }
    expect((await fetch(`${api.url}/metrics`, { headers: admin })).status).toBe(200)
  })
})

describe('the front door', () => {
  test('gives every answer a request id, and takes over a sane one', async () => {
    const own = await fetch(`${api.url}/livez`, { headers: { 'x-request-id': 'abc-123' } })
    expect(own.headers.get('x-request-id')).toBe('abc-123')
    const insane = await fetch(`${api.url}/livez`, { headers: { 'x-request-id': 'a b<c>' } })
    expect(insane.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('lets the pages of allowed origins call, never with credentials', async () => {
    const origin = 'https://app.example.com'
    const preflight = await fetch(`${api.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('X-Api-Key')
    const answer = await api.ask('{ __typename }', { headers: { origin } })
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    const foreign = await api.ask('{ __typename }', { headers: { origin: 'https://evil.example' } })
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
    expect(foreign.headers.get('vary')).toBe('Origin')
  })

  test('a Host that is none is refused before anything builds a URL of it', async () => {
    const answer = await raw(
      'GET /graphql?query={x} HTTP/1.1\r\nHost: [::1\r\nConnection: close\r\n\r\n',
    )
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*"code":"BAD_USER_INPUT"/s)
    expect(answer).not.toContain('node_modules')
  })
})
