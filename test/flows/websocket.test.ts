import { EventEmitter } from 'node:events'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { WebSocket } from 'ws'
import { createSocketPulse } from '../../src/http/socket-pulse.ts'
import { metricOf, startTestApi, type TestApi } from '../api.ts'
import { initSocket, openSocket } from '../socket.ts'

let api: TestApi
let url: string
let key: string

beforeAll(async () => {
  api = await startTestApi({ ALLOWED_ORIGINS: 'https://app.example.com' })
  url = `${api.url}/graphql`
  key = (await api.seed()).secret
})
afterAll(() => api.end())

const subscribe = (id: string, query: string) => ({ type: 'subscribe', id, payload: { query } })
const openStreams = () => metricOf(api.url, 'getcomplical_live_subscribers')

describe('operations over WebSocket', () => {
  test('queries are answered and metered like over HTTP', async () => {
    const before = (await api.ask('{ countries { code } }', { key })).extensions?.usage?.used ?? 0
    const client = await initSocket(url, { apiKey: key })
    client.send(subscribe('1', '{ a: countries { code } b: countries { code } }'))
    const answer = await client.next()
    expect(answer).toMatchObject({ type: 'next', id: '1' })
    const { extensions } = answer.payload as { extensions: Record<string, unknown> }
    expect(extensions).toEqual({ usage: expect.objectContaining({ units: 2, used: before + 2 }) })
    expect(await client.next()).toEqual({ type: 'complete', id: '1' })
    client.socket.close()
  })

  test.each([
    ['a syntax error', '{', 'BAD_USER_INPUT'],
    ['an unknown field', '{ nothing }', 'BAD_USER_INPUT'],
    ['a query too deep', `${'{ x'.repeat(12)}${'}'.repeat(12)}`, 'QUERY_TOO_COMPLEX'],
    ['too many tokens', `{ ${'a '.repeat(1_001)} }`, 'QUERY_TOO_COMPLEX'],
  ])('%s is an error of that operation, and the socket stays open', async (_, query, code) => {
    const client = await initSocket(url, { apiKey: key })
    client.send(subscribe('1', query))
    expect(await client.next()).toMatchObject({
      type: 'error',
      id: '1',
      payload: [{ extensions: { code } }],
    })
    client.send(subscribe('2', '{ __typename }'))
    expect(await client.next()).toMatchObject({ type: 'next', id: '2' })
    client.socket.close()
  })

  test.each([
    ['without credentials', {}, '{ countries { code } }', 'UNAUTHENTICATED'],
    ['of the wrong kind', null, '{ countries { code } }', 'FORBIDDEN'],
  ])('an operation %s is refused whole', async (_, params, query, code) => {
    const client = await initSocket(url, params ?? { apiKey: api.adminApiKey })
    client.send(subscribe('1', query))
    const answer = await client.next()
    expect(answer).toMatchObject({ type: 'next', payload: { errors: [{ extensions: { code } }] } })
    expect(answer.payload).not.toHaveProperty('data')
    client.socket.close()
  })

  test('a variable that does not fit, and an operation that is not there, are BAD_USER_INPUT', async () => {
    const client = await initSocket(url, { apiKey: key })
    const query = 'query($c: CountryCode!) { obligations(country: $c) { id } }'
    client.send({ type: 'subscribe', id: '1', payload: { query, variables: { c: 'XX' } } })
    const code = 'BAD_USER_INPUT'
    expect(await client.next()).toMatchObject({ payload: { errors: [{ extensions: { code } }] } })
    expect(await client.next()).toMatchObject({ type: 'complete' })
    client.send({ type: 'subscribe', id: '2', payload: { query, operationName: 'Nobody' } })
    expect(JSON.stringify(await client.next())).toContain('"code":"BAD_USER_INPUT"')
    client.socket.close()
  })

  test('a subscription runs until its client completes it', async () => {
    const client = await initSocket(url, { apiKey: key })
    client.send(subscribe('1', 'subscription { liveUsage { monthRequests } }'))
    expect(await client.next()).toMatchObject({ type: 'next', id: '1' })
    expect(await openStreams()).toBe(1)
    client.send({ type: 'complete', id: '1' })
    await vi.waitFor(async () => expect(await openStreams()).toBe(0), 5_000)
    client.socket.close()
  })

  test('a subscription ends with its socket, though nothing is sent any more', async () => {
    const client = await initSocket(url, { apiKey: key })
    client.send(subscribe('1', 'subscription { liveUsage { monthRequests } }'))
    await client.next()
    client.socket.terminate()
    await vi.waitFor(async () => expect(await openStreams()).toBe(0), 5_000)
  })
})

describe('who may connect', () => {
  test('a wrong key closes with 4401, two kinds of credentials with 4400', async () => {
    for (const [payload, expected] of [
      [{ apiKey: 'gc_live_nonsense' }, 4401],
      [{ apiKey: { $gt: '' } }, 4401],
      [{ apiKey: key, authorization: 'Bearer x' }, 4400],
    ] as const) {
      const client = await openSocket(url)
      client.send({ type: 'connection_init', payload })
      expect((await client.closed).code).toBe(expected)
    }
  })

  test('a page of a foreign origin may not, an allowed or our own may, no page at all may', async () => {
    await expect(openSocket(url, { origin: 'https://evil.example' })).rejects.toThrow('403')
    await expect(openSocket(url, { origin: 'null' })).rejects.toThrow('403')
    for (const origin of ['https://app.example.com', api.url]) {
      const client = await initSocket(url, { apiKey: key }, { origin })
      client.socket.close()
    }
  })

  test('other paths and protocols are refused', async () => {
    await expect(openSocket(`${api.url}/other`)).rejects.toThrow('404')
    const old = await openSocket(url, { protocol: 'graphql-ws' }).catch(() => null)
    if (old) expect((await old.closed).code).toBe(4406)
  })

  test('a key in the URL is refused', async () => {
    await expect(openSocket(`${url}?apiKey=${key}`)).rejects.toThrow('400')
  })

  test('a revoked key loses its sockets within a second, with 4401', async () => {
    const { secret, apiKeyId } = await api.seed()
    const clients = await Promise.all([1, 2, 3].map(() => initSocket(url, { apiKey: secret })))
    const other = await initSocket(url, { apiKey: key })
    await api.ask(`mutation { revokeApiKey(id: "${apiKeyId}") { status } }`, {
      key: api.adminApiKey,
    })
    const revokedAt = performance.now()
    const closed = await Promise.all(clients.map((client) => client.closed))
    expect(performance.now() - revokedAt).toBeLessThan(1_000)
    expect(closed.map(({ code }) => code)).toEqual([4401, 4401, 4401])
    other.send(subscribe('1', '{ __typename }'))
    expect(await other.next()).toMatchObject({ type: 'next' })
    other.socket.close()
  })
})

describe('limits of a socket', () => {
  test('without connection_init it is closed after five seconds', async () => {
    const client = await openSocket(url)
    expect((await client.closed).code).toBe(4408)
  })

  test('an operation before connection_init closes it', async () => {
    const client = await openSocket(url)
    client.send(subscribe('1', '{ __typename }'))
    expect((await client.closed).code).toBe(4401)
  })

  test('a frame above 64 KiB closes it with 1009', async () => {
    const client = await initSocket(url, { apiKey: key })
    client.send(subscribe('1', `# ${'x'.repeat(70_000)}\n{ __typename }`))
    expect((await client.closed).code).toBe(1009)
  })

  test('the 21st subscription at a time is refused; it and the others leave queries alone', async () => {
    const { secret } = await api.seed()
    const client = await initSocket(url, { apiKey: secret })
    for (let id = 1; id <= 20; id++) {
      client.send(subscribe(String(id), 'subscription { liveUsage { monthRequests } }'))
      expect(await client.next()).toMatchObject({ type: 'next', id: String(id) })
    }
    client.send(subscribe('21', 'subscription { liveUsage { monthRequests } }'))
    expect(await client.next()).toMatchObject({
      type: 'error',
      id: '21',
      payload: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }],
    })
    // A metered one, because those without a cost have a limit of their own, 20 a second.
    client.send(subscribe('22', '{ countries { code } }'))
    expect(await client.next()).toMatchObject({ type: 'next', id: '22' })
    client.send({ type: 'complete', id: '7' })
    await vi.waitFor(async () => {
      // Refused for their rate at first: twenty were just opened.
      const id = crypto.randomUUID()
      client.send(subscribe(id, 'subscription { liveUsage { dayRequests } }'))
      let answer = await client.next()
      while (answer.id !== id) answer = await client.next()
      expect(answer).toMatchObject({ type: 'next', payload: { data: expect.anything() } })
    })
    client.socket.close()
  })

  test('sixty queries sent without waiting are all answered', async () => {
    const { secret } = await api.seed()
    const client = await initSocket(url, { apiKey: secret })
    for (let id = 1; id <= 60; id++) client.send(subscribe(String(id), '{ countries { code } }'))
    const answered = new Set<string | undefined>()
    while (answered.size < 60) {
      const message = await client.next()
      expect(['next', 'complete']).toContain(message.type)
      answered.add(message.id)
    }
    client.socket.close()
  })

  test('5,000 operations in one burst are refused without harm', async () => {
    const { secret } = await api.seed()
    const client = await initSocket(url, { apiKey: secret })
    const codes = new Map<string, number>()
    for (let id = 0; id < 5_000; id++) {
      client.send(subscribe(String(id), 'subscription { liveUsage { monthRequests } }'))
    }
    const refused = /"code":"(\w+)"/
    for (let answered = 0; answered < 5_000; ) {
      const message = await client.next()
      if (message.type === 'complete') continue
      const code = refused.exec(JSON.stringify(message.payload))?.[1] ?? 'open'
      codes.set(code, (codes.get(code) ?? 0) + 1)
      answered += 1
    }
    expect(codes.get('open')).toBeLessThanOrEqual(20)
    expect([...codes.keys()].sort()).toEqual(['QUERY_TOO_COMPLEX', 'open'])
    client.socket.close()
  })

  test('a reader that stops is cut off, while others are served', async () => {
    const slow = await initSocket(url, { apiKey: key })
    const other = await initSocket(url, { apiKey: key })
    expect(await metricOf(api.url, 'getcomplical_open_sockets')).toBe(2)
    slow.socket.pause()
    const filler = 'x'.repeat(10_000)
    for (let ping = 0; ping < 3_000; ping++) slow.send({ type: 'ping', payload: { filler } })
    other.send({ type: 'ping' })
    expect(await other.next()).toMatchObject({ type: 'pong' })
    await vi.waitFor(
      async () => expect(await metricOf(api.url, 'getcomplical_open_sockets')).toBe(1),
      { timeout: 25_000, interval: 200 },
    )
    slow.socket.terminate()
    other.socket.close()
  })

  test('a client that is gone without a word is noticed by its missing pong', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    let now = 0
    const pulse = createSocketPulse({ clock: () => now })
    const terminate = vi.fn()
    const gone = Object.assign(new EventEmitter(), { bufferedAmount: 0, ping: vi.fn(), terminate })
    const there = Object.assign(new EventEmitter(), {
      bufferedAmount: 0,
      ping: () => there.emit('pong'),
      terminate: vi.fn(),
    })
    for (const socket of [gone, there]) pulse.add(socket as unknown as WebSocket)
    for (; now < 100_000; now += 1_000) vi.advanceTimersByTime(1_000)
    expect(gone.ping).toHaveBeenCalledOnce()
    expect(terminate).toHaveBeenCalled()
    expect(there.terminate).not.toHaveBeenCalled()
    pulse.stop()
    vi.useRealTimers()
  })
})
