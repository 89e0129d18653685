import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, dataOf, metricOf } from './api.ts'
import { type ApiProcess, startApiProcess } from './api-process.ts'
import { startRedis, type TestDatabase, type TestServer, testDatabase } from './servers.ts'
import { initSocket, openSocket } from './socket.ts'

/**
 * The attacks on GraphQL and WebSocket of the product's promises, against a process of its own. Each must
 * end in an answer with a code of the closed list; after each the event loop must not have stood still for
 * 100 ms, nothing may have been billed, and at the end memory must be where it was.
 */
const codes = [
  ...[
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'BAD_USER_INPUT',
    'NOT_FOUND',
    'QUOTA_EXCEEDED',
    'RATE_LIMITED',
  ],
  ...[
    'KEY_BLOCKED',
    'QUERY_TOO_COMPLEX',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'UNAVAILABLE',
  ],
]

let redis: TestServer
let database: TestDatabase
let api: ApiProcess
let key: string
let used = 0
let before: Memory

interface Memory {
  /** Bytes still referenced, after a full collection. */
  held: number
  rss: number
}

function memory(): Promise<Memory> {
  return new Promise((resolve) => {
    api.child.once('message', (message) => resolve(message as Memory))
    api.child.send('memory')
  })
}

/**
 * Runs the attack and looks how long it held the event loop. Thrice at most: what the attack does, it does
 * each time, while a busy neighbour of the machine does not.
 */
async function attack(run: () => Promise<void>): Promise<void> {
  let held = 0
  let allowed = 0
  for (let attempt = 0; attempt < 3; attempt++) {
    // The gauge starts anew with each reading.
    await metric('nodejs_eventloop_lag_max_seconds')
    const stalls = monitorEventLoopDelay({ resolution: 10 })
    stalls.enable()
    await run()
    held = await metric('nodejs_eventloop_lag_max_seconds')
    stalls.disable()
    // A machine that stalls holds this process as long, which has next to nothing to do.
    allowed = Math.max(0.1, (2 * stalls.max) / 1e9)
    if (held < allowed) return
  }
  expect(held, 'longest hold of the event loop').toBeLessThan(allowed)
}

async function ask(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const answer = (await response.json()) as Omit<Answer, 'status' | 'headers'>
  return { ...answer, status: response.status, headers: response.headers }
}

const metric = (name: string) => metricOf(api.url, name)

/** Units used by the key; itself costs one. */
async function usedNow(): Promise<number> {
  const { extensions } = await ask({ query: '{ countries { code } }' })
  return extensions?.usage?.used ?? Number.NaN
}

beforeAll(async () => {
  ;[redis, database] = await Promise.all([startRedis(), testDatabase()])
  api = await startApiProcess({ REDIS_URL: redis.url, MONGODB_URI: database.uri }, [
    '--expose-gc',
    '--import',
    join(import.meta.dirname, 'memory-hook.mjs'),
  ])
  await api.ready()
  const admin = { 'x-api-key': api.environment.ADMIN_API_KEY ?? '' }
  const account = await ask(
    {
      query:
        'mutation { createAccount(input: { name: "T", email: "t@example.com", userId: "u" }) { id } }',
    },
    admin,
  )
  const { id } = dataOf<{ id: string }>(account, 'createAccount')
  const created = await ask(
    {
      query: `mutation { createApiKey(input: { accountId: "${id}", name: "T", tier: "enterprise" }) { secret } }`,
    },
    admin,
  )
  key = dataOf<{ secret: string }>(created, 'createApiKey').secret
  // Warm code and a heap that has served: what is measured is the attack, not the start.
  const ordinary = (call: number) =>
    `query Q${call} { taxDates(country: AU, year: 2025, first: 200) { edges { node { id dueDate obligation { id rule } } } } }`
  for (let round = 0; round < 200; round++) {
    await Promise.all([1, 2, 3, 4, 5, 6].map((one) => ask({ query: ordinary(round * 6 + one) })))
  }
  used = await usedNow()
  before = await memory()
})

afterEach(async () => {
  expect(api.child.exitCode, 'the process lives').toBeNull()
  const now = await usedNow()
  expect(now, 'units used, one by the question itself').toBe(used + 1)
  used = now
})

afterAll(async () => {
  api.remove()
  await Promise.all([redis.stop(), database.drop()])
})

function nested(levels: number, open: string, close: string, inside = ''): string {
  return open.repeat(levels) + inside + close.repeat(levels)
}

const repeated = (count: number, one: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => one(at)).join(' ')

const doubling = (levels: number) =>
  `{ countries { ...F0 } } ${repeated(levels, (at) => `fragment F${at} on Country { ...F${at + 1} ...F${at + 1} }`)} fragment F${levels} on Country { code name }`

const aliasDoubling = (levels: number) =>
  `{ __schema { ...F0 } } ${repeated(levels, (at) => `fragment F${at} on __Schema { a${at}: queryType { name } ...F${at + 1} ... { ...F${at + 1} } }`)} fragment F${levels} on __Schema { description }`

const page = (aliases: number, first: string) =>
  `{ ${repeated(aliases, (at) => `a${at}: taxDates(country: AU, year: 2025, first: ${first}) { edges { node { obligation { sources { name url } } } } }`)} }`

const tooComplex = 'QUERY_TOO_COMPLEX'
const badInput = 'BAD_USER_INPUT'

describe('GraphQL', () => {
  test.each([
    ['depth 500', `{ countries ${nested(300, '{ obligations', '}')} }`, tooComplex],
    ['depth 2,000', nested(2_000, '{ a', '}'), tooComplex],
    ['depth 20,000', nested(20_000, '{a', '}'), tooComplex],
    ['nested inline fragments', `{ ${nested(15_000, '...{', '}', 'a')} }`, tooComplex],
    ['inline fragments up to the limit', `{ ${nested(320, '...{', '}', '__typename')} }`, null],
    [
      'nested list literals',
      `{ taxDates(country: ${nested(20_000, '[', ']')}) { totalCount } }`,
      tooComplex,
    ],
    [
      'list literals up to the limit',
      `{ taxDates(country: AU, obligationIds: ${nested(450, '[', ']')}) { totalCount } }`,
      badInput,
    ],
    [
      'nested object literals',
      `{ taxDates(country: ${nested(240, '{a:', '}', '1')}) { totalCount } }`,
      badInput,
    ],
    [
      '20,000 aliases',
      `{ ${repeated(20_000, (at) => `a${at}: __typename`)} }`,
      'PAYLOAD_TOO_LARGE',
    ],
    ['200 aliases', `{ ${repeated(200, (at) => `a${at}: countries { code }`)} }`, tooComplex],
    ['fragment doubling', doubling(60), tooComplex],
    ['aliases in doubling fragments', aliasDoubling(40), tooComplex],
    [
      'a fragment cycle',
      '{ countries { ...A } } fragment A on Country { ...B } fragment B on Country { ...A }',
      badInput,
    ],
    ['a fragment in itself', '{ ...A } fragment A on Query { ...A }', badInput],
    [
      'a chain of 8,000 fragments',
      `{ ...F0 } ${repeated(8_000, (at) => `fragment F${at} on Query { ...F${at + 1} }`)}`,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'a chain of fragments up to the limit',
      `{ ...F0 } ${repeated(120, (at) => `fragment F${at} on Query { ...F${at + 1} }`)} fragment F120 on Query { nothing }`,
      badInput,
    ],
    ['2,000 directives', `{ __typename ${'@skip(if: false) '.repeat(2_000)} }`, tooComplex],
    ['200 unknown directives', `{ __typename ${repeated(200, (at) => `@d${at}`)} }`, tooComplex],
    ['5,000 duplicate fields', `{ ${'__typename '.repeat(5_000)} }`, tooComplex],
    ['950 duplicate unknown fields', `{ ${'nothing '.repeat(950)} }`, tooComplex],
    [
      '300 duplicate fields that differ by their arguments',
      `{ ${repeated(120, (at) => `x: obligations(country: AU, region: "${at}") { id }`)} }`,
      tooComplex,
    ],
    [
      '80 conflicting fields without an alias',
      `{ ${repeated(80, (at) => `obligations(country: AU, region: "${at}") { id }`)} }`,
      badInput,
    ],
    [
      '5,000 variables',
      `query(${repeated(5_000, (at) => `$v${at}: Int`)}) { __typename }`,
      tooComplex,
    ],
    [
      '200 unused variables',
      `query(${repeated(200, (at) => `$v${at}: Int`)}) { __typename }`,
      badInput,
    ],
    [
      'circular introspection',
      `{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }`,
      tooComplex,
    ],
    [
      'deep introspection',
      `{ __schema { types ${nested(200, '{ fields { type', '} }', '{ name }')} } }`,
      tooComplex,
    ],
    ['an expensive page', page(20, '500'), tooComplex],
    [
      'first: 2^31',
      '{ taxDates(country: AU, year: 2025, first: 2147483648) { totalCount } }',
      badInput,
    ],
    [
      'first: 2^31 - 1',
      '{ taxDates(country: AU, year: 2025, first: 2147483647) { totalCount } }',
      badInput,
    ],
    [
      'a negative first',
      '{ taxDates(country: AU, year: 2025, first: -1) { totalCount } }',
      badInput,
    ],
    ['a NaN date', '{ taxDates(country: AU, from: "NaN", to: "NaN") { totalCount } }', badInput],
    [
      'the year 275760',
      '{ taxDates(country: AU, from: "275760-09-13", to: "275760-09-13") { totalCount } }',
      badInput,
    ],
    [
      '100 years',
      '{ taxDates(country: AU, from: "1925-01-01", to: "2025-01-01") { totalCount } }',
      badInput,
    ],
    [
      'a long string',
      `{ obligations(country: AU, region: "${'x'.repeat(90_000)}") { id } }`,
      badInput,
    ],
    ['a long block of comments', `# ${'x'.repeat(90_000)}\n{ nothing }`, badInput],
    ['NUL', '{ obligations(country: AU, region: "\\u0000") { id } }', badInput],
    [
      'an operator of the database',
      '{ dailyUsage(apiKeyId: "{\\"$gt\\":\\"\\"}", startDate: "2026-01-01", endDate: "2026-01-02") { date } }',
      'NOT_FOUND',
    ],
  ] as const)('%s', (_, query, code) =>
    attack(async () => {
      for (const accept of ['application/json', 'application/graphql-response+json']) {
        const { status, errors } = await ask({ query }, { accept })
        expect(status).toBeLessThan(500)
        expect(errors?.map(({ extensions }) => extensions.code) ?? [null]).toContain(code)
        for (const { extensions } of errors ?? []) expect(codes).toContain(extensions.code)
      }
    }),
  )

  test('a cost that only the variables make', () =>
    attack(async () => {
      const query = `query($n: Int) ${page(20, '$n')}`
      expect((await ask({ query, variables: { n: 501 } })).errors?.[0]?.extensions.code).toBe(
        tooComplex,
      )
      const { errors } = await ask({ query, variables: { n: 500 } })
      expect(errors?.[0]?.extensions.code).toBe(tooComplex)
    }))

  test('deep, wide and foreign variables', () =>
    attack(async () => {
      const query =
        'query($ids: [ID!]) { taxDates(country: AU, year: 2025, obligationIds: $ids) { totalCount } }'
      for (const ids of [
        JSON.parse(nested(2_000, '[', ']')),
        Array.from({ length: 20_000 }, () => 1),
        { $gt: '' },
      ]) {
        const { status, errors } = await ask({ query, variables: { ids } })
        expect(status).toBeLessThan(500)
        expect(errors?.[0]?.extensions.code).toBe(badInput)
      }
      const proto = await ask(
        '{"query":"{ __typename }","variables":{"__proto__":{"x":1},"constructor":1}}',
      )
      expect(proto.data).toEqual({ __typename: 'Query' })
    }))

  test('a batch, and bodies nested for the JSON parser', () =>
    attack(async () => {
      expect((await ask([{ query: '{ countries { code } }' }])).errors?.[0]?.extensions.code).toBe(
        badInput,
      )
      const deep = await ask(nested(45_000, '[', ']'))
      expect([deep.status, deep.errors?.[0]?.extensions.code]).toEqual([400, badInput])
    }))

  test('a gzip bomb is refused by its header', () =>
    attack(async () => {
      const answer = await ask('x', { 'content-encoding': 'gzip' })
      expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([
        415,
        'UNSUPPORTED_MEDIA_TYPE',
      ])
    }))

  test('a length that is a lie', () =>
    attack(async () => {
      const answer = await new Promise<string>((resolve) => {
        const { port } = new URL(api.url)
        const socket = connect(Number(port), '127.0.0.1')
        let text = ''
        socket.on('data', (data) => {
          text += data
        })
        socket.on('close', () => resolve(text))
        const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Api-Key: ${key}\r\n`
        // Shorter than what follows: the rest is read as a second request, which is none.
        socket.end(`${head}Content-Length: 5\r\n\r\n{"query":"{ countries { code } }"}`)
      })
      expect(answer).toMatch(/^HTTP\/1\.1 400 /)
      expect(answer).not.toContain('"data"')
    }))

  test('10 MB announced, and a body that never comes, hold nobody up', () =>
    attack(async () => {
      const large = await new Promise<number>((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'content-length': '10000000' }
        const sent = request(`${api.url}/graphql`, { method: 'POST', headers }, (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
          sent.destroy()
        })
        sent.on('error', reject)
        sent.flushHeaders()
      })
      expect(large).toBe(413)
      const { port } = new URL(api.url)
      const stalled = Array.from({ length: 50 }, () => {
        const socket = connect(Number(port), '127.0.0.1')
        socket.on('error', () => {})
        socket.write(
          'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
        )
        return socket
      })
      expect((await ask({ query: '{ __typename }' })).status).toBe(200)
      for (const socket of stalled) socket.destroy()
    }))

  test('many different large documents are not kept', () =>
    attack(async () => {
      for (let round = 0; round < 60; round++) {
        await ask({ query: `{ ${repeated(900, (at) => `a${round}x${at}`)} }` })
        await ask({
          query: `{ countries { ${repeated(450, () => 'code name')} } x${round}: nothing }`,
        })
      }
    }))
})

describe('WebSocket', () => {
  test('a 100 MB frame is cut off when its header announces it', () =>
    attack(async () => {
      const client = await initSocket(`${api.url}/graphql`, { apiKey: key })
      const { socket } = client
      socket.on('error', () => {})
      socket.send(Buffer.alloc(100_000_000), () => {})
      const { code } = await client.closed
      expect([1006, 1009]).toContain(code)
    }))

  test('nonsense closes the socket and nothing else', () =>
    attack(async () => {
      for (const nonsense of [
        '{',
        '[]',
        '{"type":"nothing"}',
        '{"type":"subscribe","id":"1"}',
        '"x"',
      ]) {
        const client = await initSocket(`${api.url}/graphql`, { apiKey: key })
        client.socket.send(nonsense)
        expect((await client.closed).code).toBeGreaterThanOrEqual(4400)
      }
    }))

  test('the same attacks are answered with the same codes', () =>
    attack(async () => {
      const client = await initSocket(`${api.url}/graphql`, { apiKey: key })
      for (const query of [
        doubling(60),
        nested(10_000, '{a', '}'),
        `{ ${repeated(200, (at) => `a${at}: countries { code }`)} }`,
      ]) {
        client.send({ type: 'subscribe', id: 'x', payload: { query } })
        expect(await client.next()).toMatchObject({
          type: 'error',
          payload: [{ extensions: { code: tooComplex } }],
        })
      }
      client.socket.close()
    }))

  test('a reader that stops is cut off, and memory with it', () =>
    attack(async () => {
      const client = await initSocket(`${api.url}/graphql`, { apiKey: key })
      client.socket.pause()
      const query = `{ __schema { types { name description fields { name description args { name } } } } }`
      // Only a few a second are allowed: enough of them fill what the kernel takes.
      for (let id = 0; id < 20; id++) {
        client.send({ type: 'subscribe', id: String(id), payload: { query } })
      }
      for (let ping = 0; ping < 20_000; ping++) {
        client.send({ type: 'ping', payload: { filler: 'x'.repeat(1_000) } })
      }
      client.socket.resume()
      await Promise.race([client.closed, client.next()])
      client.socket.terminate()
    }))

  test('1,000 idle sockets cost next to nothing', () =>
    attack(async () => {
      const clients = await Promise.all(
        Array.from({ length: 1_000 }, () => openSocket(`${api.url}/graphql`)),
      )
      expect((await ask({ query: '{ __typename }' })).status).toBe(200)
      for (const { socket } of clients) socket.terminate()
    }))
})

test('after all of it no more memory is held than before, but for 50 MB', async () => {
  const after = await memory()
  const megabytes = (bytes: number) => Math.round(bytes / 1e6)
  console.log(
    `held ${megabytes(before.held)} -> ${megabytes(after.held)} MB, resident ${megabytes(before.rss)} -> ${megabytes(after.rss)} MB`,
  )
  expect(after.held - before.held).toBeLessThan(50_000_000)
})
