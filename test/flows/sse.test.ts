import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { metricOf, startTestApi, type TestApi } from '../api.ts'

let api: TestApi
let key: string

beforeAll(async () => {
  api = await startTestApi()
  key = (await api.seed()).secret
})
afterAll(() => api.end())

const query = 'subscription { liveUsage { monthRequests } }'

async function openStream(secret: string, body: object = { query }) {
  const leaving = new AbortController()
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'x-api-key': secret,
    },
    body: JSON.stringify(body),
    signal: leaving.signal,
  })
  const reader = (response.body ?? new ReadableStream())
    .pipeThrough(new TextDecoderStream())
    .getReader()
  let text = ''
  return {
    response,
    leave: () => leaving.abort(),
    /** Reads until the pattern came; all that was read so far. */
    async until(pattern: RegExp): Promise<string> {
      while (!pattern.test(text)) {
        const { value, done } = await reader.read()
        if (done) throw new Error(`the stream ended after ${text}`)
        text += value
      }
      return text
    },
  }
}

const openStreams = () => metricOf(api.url, 'getcomplical_live_subscribers')

describe('event streams', () => {
  test('send the state at once, and end when the client leaves, though nothing is sent any more', async () => {
    const stream = await openStream(key)
    expect(stream.response.status).toBe(200)
    expect(stream.response.headers.get('content-type')).toContain('text/event-stream')
    await stream.until(/event: next\ndata: \{"data":\{"liveUsage":\{"monthRequests":\d+\}\}\}\n\n/)
    expect(await openStreams()).toBe(1)
    stream.leave()
    await vi.waitFor(async () => expect(await openStreams()).toBe(0), 5_000)
  })

  test('are open to a GET with a query string too', async () => {
    const leaving = new AbortController()
    const search = new URLSearchParams({ query })
    const response = await fetch(`${api.url}/graphql?${search}`, {
      headers: { accept: 'text/event-stream', 'x-api-key': key },
      signal: leaving.signal,
    })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    leaving.abort()
    await vi.waitFor(async () => expect(await openStreams()).toBe(0), 5_000)
  })

  test('of a revoked key end within a second, with the reason as their last message', async () => {
    const { secret, apiKeyId } = await api.seed()
    const stream = await openStream(secret)
    await stream.until(/monthRequests/)
    await api.ask(`mutation { revokeApiKey(id: "${apiKeyId}") { status } }`, {
      key: api.adminApiKey,
    })
    const revokedAt = performance.now()
    const text = await stream.until(/event: complete/)
    expect(performance.now() - revokedAt).toBeLessThan(1_000)
    expect(text).toContain('"code":"UNAUTHENTICATED"')
    await vi.waitFor(async () => expect(await openStreams()).toBe(0), 5_000)
  })

  test('are refused whole with their status', async () => {
    const wrong = await openStream('gc_live_nonsense')
    expect(wrong.response.status).toBe(401)
    expect(await wrong.until(/event: complete/)).toContain('"code":"UNAUTHENTICATED"')
  })

  test('need an Accept that can carry them', async () => {
    const answer = await api.ask(query, { key, headers: { accept: 'application/json' } })
    expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([406, 'BAD_USER_INPUT'])
    expect(await openStreams()).toBe(0)
  })
})

test('a stop ends streams, answers what is under way and closes the port', async () => {
  const other = await startTestApi()
  const { secret } = await other.seed()
  const response = await fetch(`${other.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'x-api-key': secret,
    },
    body: JSON.stringify({ query }),
  })
  const [text] = await Promise.all([response.text(), other.stop()])
  // A stream that was cut at the end of the grace has none.
  expect(text).toMatch(/event: complete\n/)
  await expect(fetch(`${other.url}/livez`)).rejects.toThrow()
  await other.end()
})
