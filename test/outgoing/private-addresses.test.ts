import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type CustomerHttpOptions, createCustomerHttp } from '../../src/outgoing/customer-http.ts'
import { notationsOf, privateIpv4 } from './address-notations.ts'
import { type Receiver, startReceiver } from './receivers.ts'

let receiver: Receiver
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.stop())

const message = { headers: { 'Content-Type': 'application/json' }, body: '{"a":"ü"}' }

function posting(options: Partial<CustomerHttpOptions> = {}) {
  const post = createCustomerHttp({ allow: new Set([receiver.host]), ...options })
  return (url: string) => post({ url, ...message })
}

describe('no connection is made to an address that is not public', () => {
  /** Everything that reaches loopback on the port that is always called. */
  let onPort443: Server | undefined
  let reached = 0
  beforeAll(async () => {
    const server = createServer((socket) => {
      reached += 1
      socket.destroy()
    })
    server.listen(443, '::')
    // Without the right to that port connections would be refused: the errors below tell them apart.
    await once(server, 'listening').catch(() => {})
    if (server.listening) onPort443 = server
  })
  afterAll(() => {
    onPort443?.close()
  })

  test('whatever its notation', async () => {
    const { port } = new URL(receiver.url)
    const urls = fc
      .tuple(
        fc.constantFrom('https', 'http', 'HTTPS', 'ftp'),
        privateIpv4.chain(notationsOf),
        fc.constantFrom('', ':443', `:${port}`, ':0443', ':'),
      )
      .map(([scheme, host, at]) => `${scheme}://${host}${at}/hook`)
    const post = posting({ allow: new Set(), timeoutMs: 2_000 })
    await fc.assert(
      fc.asyncProperty(urls, async (url) => {
        await expect(post(url)).rejects.toThrow(/^"url" must/)
      }),
      { numRuns: 2_000 },
    )
    expect({ receiver: receiver.connections(), reached }).toEqual({ receiver: 0, reached: 0 })
  })

  test.each([
    ...[['127.0.0.1'], ['::1'], ['::ffff:127.0.0.1'], ['64:ff9b::7f00:1'], ['0.0.0.0'], ['::']],
    ...[['169.254.169.254'], ['10.0.0.1'], ['fd00::1'], ['100.64.0.1'], ['8.8.8.8', '127.0.0.1']],
    ...[
      ['127.0.0.1', '8.8.8.8'],
      ['2606:4700::1', '::1'],
    ],
  ])('where the name resolves to %s', async (...addresses) => {
    const post = posting({ allow: new Set(), resolveHost: async () => addresses })
    await expect(post('https://rebinding.example/hook')).rejects.toThrow(
      'not on the public internet',
    )
    expect(reached).toBe(0)
  })

  test('where the name is public when it is judged and private ever after', async () => {
    const asked: string[] = []
    const resolveHost = async (hostname: string) => {
      asked.push(hostname)
      // Of the public internet, and given to nobody.
      return asked.length === 1 ? ['2000::1'] : ['127.0.0.1']
    }
    const post = posting({ allow: new Set(), resolveHost, timeoutMs: 500 })
    await expect(post('https://rebinding.example/hook')).rejects.toThrow(
      /unreach|cannot be|no answer/,
    )
    expect({ asked, reached }).toEqual({ asked: ['rebinding.example'], reached: 0 })
  })

  test('where another port of an allowed host is asked for', async () => {
    const other = await startReceiver()
    try {
      await expect(posting()(other.url)).rejects.toThrow('"url" must begin with https')
      expect(other.connections()).toBe(0)
    } finally {
      await other.stop()
    }
  })

  test('where a redirect leads there', async () => {
    const secret = await startReceiver()
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        receiver.answer((response) => {
          response.writeHead(status, { Location: `${secret.url}/` }).end()
        })
        expect(await posting()(receiver.url)).toMatchObject({ status })
      }
      expect(secret.connections()).toBe(0)
    } finally {
      await secret.stop()
    }
  })
})
