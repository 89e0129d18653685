import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createGate } from '../../src/http/gate.ts'

const near = { ip: '127.0.0.1', secure: false, loopback: true, proxied: false }
const far = { ip: '203.0.113.7', secure: false, loopback: false, proxied: false }
const key = `gc_live_${'a1B2c3'.repeat(6)}`

function request(host: string, url = '/', rawHeaders: string[] = []): IncomingMessage {
  return { headers: { host }, url, rawHeaders: ['Host', host, ...rawHeaders] } as IncomingMessage
}

const open = createGate({ production: false, loopbackHostsOnly: false })
const embedded = createGate({ production: false, loopbackHostsOnly: true })
const production = createGate({ production: true, loopbackHostsOnly: false })

describe('Host', () => {
  test.each(['localhost', 'LOCALHOST:4000', '127.0.0.1:4000', '127.1.2.3', '[::1]:4000', '[::1]'])(
    '%s names this machine',
    (host) => {
      expect(embedded(request(host), near)).toBeNull()
    },
  )

  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    '[::2]',
    '10.0.0.1',
    '0.0.0.0',
  ])('%s does not, and is refused in embedded mode', (host) => {
    expect(embedded(request(host), near)?.code).toBe('FORBIDDEN')
    expect(open(request(host), near)).toBeNull()
  })

  test.each(['', '[::1', 'a b', 'a/b', 'user@host', 'host:99999999', 'höst'])(
    '%j is none at all',
    (host) => {
      expect(open(request(host), near)?.code).toBe('BAD_USER_INPUT')
    },
  )
})

describe('production', () => {
  test('refuses plain HTTP from anywhere but loopback and trusted proxies', () => {
    expect(production(request('api.example.com'), far)?.code).toBe('FORBIDDEN')
    expect(production(request('api.example.com'), { ...far, secure: true })).toBeNull()
    expect(production(request('api.example.com'), { ...far, proxied: true })).toBeNull()
    expect(production(request('localhost'), near)).toBeNull()
    expect(open(request('api.example.com'), far)).toBeNull()
  })
})

describe('credentials in the URL', () => {
  const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJl'
  test.each([
    `/graphql?apiKey=${key}`,
    `/?x=${encodeURIComponent(`"${key}"`)}`,
    `/?${[...key].map((one) => `%${one.charCodeAt(0).toString(16)}`).join('')}`,
    `/dashboard/usage/daily?access_token=${jwt}`,
  ])('are refused: %s', (url) => {
    expect(open(request('localhost', url), near)?.code).toBe('BAD_USER_INPUT')
  })

  test.each(['/dashboard/usage/daily?apiKey=gc_live_a1B2', '/graphql?query=%7B%', '/a?b=c'])(
    'are not found where there are none: %s',
    (url) => {
      expect(open(request('localhost', url), near)).toBeNull()
    },
  )
})

test.each(['Authorization', 'authorization', 'Host', 'Content-Length', 'Content-Type'])(
  '%s sent twice is refused',
  (name) => {
    const repeated = request('localhost', '/', [name, 'a', name.toUpperCase(), 'b'])
    expect(open(repeated, near)?.code).toBe('BAD_USER_INPUT')
  },
)
