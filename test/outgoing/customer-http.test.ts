import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CustomerHttpOptions, createCustomerHttp } from '../../src/outgoing/customer-http.ts'
import { withoutSecrets } from '../../src/outgoing/outgoing-error.ts'
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

describe('what is sent', () => {
  test('is the body with its headers, on a connection of its own', async () => {
    const answer = await posting()(`${receiver.url}/a?b=c#d`)
    expect(answer).toEqual({ status: 204, retryAfter: null, text: '' })
    await posting()(`${receiver.url}/a`)
    expect(receiver.requests[0]).toMatchObject({
      path: '/a?b=c',
      body: message.body,
      headers: { host: receiver.host, connection: 'close', 'accept-encoding': 'identity' },
    })
    expect(receiver.connections()).toBe(2)
  })

  test('goes past the proxies of the environment', async () => {
    const proxy = await startReceiver()
    const module = new URL('../../src/outgoing/customer-http.ts', import.meta.url)
    const code = `
      import { createCustomerHttp } from ${JSON.stringify(module.href)}
      const post = createCustomerHttp({ allow: new Set([process.env.HOST]) })
      const { status } = await post({ url: 'http://' + process.env.HOST, headers: {}, body: '' })
      process.exitCode = status === 204 ? 0 : 1`
    const proxies = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy.url, http_proxy: proxy.url }
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      env: { ...proxies, HOST: receiver.host },
      stdio: 'inherit',
    })
    expect(await once(child, 'exit')).toEqual([0, null])
    expect({ direct: receiver.requests.length, proxy: proxy.connections() }).toEqual({
      direct: 1,
      proxy: 0,
    })
    await proxy.stop()
  })
})

describe('an answer', () => {
  test('of 64 kB and more is cut', async () => {
    let written = 0
    receiver.answer((response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain' })
      const chunk = Buffer.alloc(16_384, 'a')
      const write = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length
        response.once('drain', write)
      }
      write()
    })
    const { status, text } = await posting()(receiver.url)
    expect({ status, length: text.length }).toEqual({ status: 200, length: 65_536 })
    // What the kernel holds, and not what an endless answer would be.
    expect(written).toBeLessThan(16_000_000)
  })

  test('that trickles in is cut at the deadline; its status counts', async () => {
    receiver.answer((response) => {
      response.writeHead(503, { 'Content-Type': 'text/plain', 'Retry-After': '7' })
      const timer = setInterval(() => response.write('a'), 20)
      response.on('close', () => clearInterval(timer))
    })
    const began = performance.now()
    const answer = await posting({ timeoutMs: 300 })(receiver.url)
    expect(answer).toMatchObject({ status: 503, retryAfter: '7' })
    expect(answer.text.length).toBeGreaterThan(0)
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test('whose headers do not come in time is none', async () => {
    receiver.answer(() => {})
    const post = posting({ timeoutMs: 200 })
    await expect(post(receiver.url)).rejects.toThrow('no answer within 0.2 s')
  })

  test('of headers without end, or of a name server that is silent, is none', async () => {
    const endless = createServer((socket) => {
      socket.on('error', () => {})
      socket.write('HTTP/1.1 200 OK\r\n')
      const timer = setInterval(() => socket.write(`X-${Math.random()}: ${'a'.repeat(400)}\r\n`), 1)
      socket.on('close', () => clearInterval(timer))
    })
    endless.listen(0, '127.0.0.1')
    await once(endless, 'listening')
    const host = `127.0.0.1:${(endless.address() as AddressInfo).port}`
    const post = posting({ allow: new Set([host]), timeoutMs: 5_000 })
    await expect(post(`http://${host}/`)).rejects.toThrow('headers of the answer are too long')
    endless.close()
    const silent = posting({ resolveHost: () => new Promise(() => {}), timeoutMs: 100 })
    await expect(silent('https://silent.example')).rejects.toThrow('no answer within 0.1 s')
  })

  test.each([
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    '',
    'nonsense\r\n\r\n',
  ])('like %j is none', async (bytes) => {
    const odd = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(bytes))
    })
    odd.listen(0, '127.0.0.1')
    await once(odd, 'listening')
    const host = `127.0.0.1:${(odd.address() as AddressInfo).port}`
    await expect(posting({ allow: new Set([host]) })(`http://${host}/`)).rejects.toThrow(
      /^the connection/,
    )
    odd.close()
  })

  test('that is compressed is not unpacked', async () => {
    receiver.answer((response) => {
      response.writeHead(400, { 'Content-Type': 'text/plain', 'Content-Encoding': 'gzip' })
      response.end(gzipSync(Buffer.alloc(50_000_000)))
    })
    expect(await posting()(receiver.url)).toEqual({ status: 400, retryAfter: null, text: '' })
  })

  test('is read as text only where it says that it is', async () => {
    receiver.answer((response) => {
      response.writeHead(400, { 'Content-Type': 'text/html' }).end('<b>')
    })
    expect((await posting()(receiver.url)).text).toBe('')
  })
})

describe('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'getcomplical-tls-'))
  const keyFile = join(folder, 'key.pem')
  const certFile = join(folder, 'cert.pem')
  const names = ['-subj', '/CN=hooks.test', '-addext', 'subjectAltName=DNS:localhost']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const files = ['-keyout', keyFile, '-out', certFile]
  execFileSync('openssl', ['req', '-x509', ...key, ...files, ...names], { stdio: 'ignore' })
  const [ca, private_] = [readFileSync(certFile, 'utf8'), readFileSync(keyFile, 'utf8')]
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function startTls() {
    const asked: { host: string | undefined; servername: string | false | null }[] = []
    const server = createTlsServer({ key: private_, cert: ca }, (request, response) => {
      const { servername } = request.socket as unknown as { servername: string | false | null }
      asked.push({ host: request.headers.host, servername })
      response.writeHead(204).end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return { asked, port, close: () => server.close() }
  }

  test('asks for the name in the URL, though it connects to the address that was checked', async () => {
    const server = await startTls()
    const host = `localhost:${server.port}`
    await posting({ allow: new Set([host]), ca })(`https://${host}/`)
    expect(server.asked).toEqual([{ host, servername: 'localhost' }])
    server.close()
  })

  test('trusts no certificate for another name, and none that nobody signed', async () => {
    const server = await startTls()
    const byAddress = `127.0.0.1:${server.port}`
    const byName = `localhost:${server.port}`
    const allow = new Set([byAddress, byName])
    const forged = posting({ allow, ca })(`https://${byAddress}/`)
    await expect(forged).rejects.toThrow('the certificate is for another host')
    await expect(posting({ allow })(`https://${byName}/`)).rejects.toThrow('signed by nobody known')
    expect(server.asked).toEqual([])
    server.close()
  })
})

describe('an error', () => {
  test('says in words what happened, and nothing of the address', async () => {
    const { port } = new URL(receiver.url)
    await receiver.stop()
    const refused = posting()(`${receiver.url}/services/planted`)
    await expect(refused).rejects.toThrow('the connection was refused')
    await expect(refused).rejects.toThrow(new RegExp(`^(?!.*(planted|127|${port}))`))
    receiver = await startReceiver()
  })

  test('of another side loses secrets, URLs, line breaks and length', () => {
    const url = 'https://hooks.slack.com/services/T00000000/B00000000/plantedsecret'
    const said = `no hook ${url} or plantedsecret\r\nX: whsec_abc= http://10.0.0.1/x \u202e${'b'.repeat(500)}`
    const shown = withoutSecrets(said, [url])
    expect(shown).toMatch(/^no hook \[…\] or \[…\] X: \[…\] \[…\] b+…$/)
    expect([...shown]).toHaveLength(200)
  })
})
