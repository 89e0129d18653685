import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createHttpServer, type HttpServer } from '../../src/http/http-server.ts'

let folder: string
let server: HttpServer

function makePair(name: string): { cert: string; key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  const subject = ['-subj', `/CN=${name}`, '-days', '2', '-nodes', '-keyout', key, '-out', cert]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject], { stdio: 'ignore' })
  return { cert, key }
}

/** The name in the certificate that a new connection is shown. */
function nameShown(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false, agent: false }
    const sent = request(options, (response) => {
      const { subject } = (response.socket as TLSSocket).getPeerCertificate()
      response.resume()
      resolve(String(subject.CN))
    })
    sent.on('error', reject)
    sent.end()
  })
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'getcomplical-tls-'))
})
afterEach(async () => {
  await server.close(100)
  rmSync(folder, { recursive: true, force: true })
})

test('a renewed certificate is served without a restart, and a half-written pair is passed over', async () => {
  const [first, second] = [makePair('first'), makePair('second')]
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  copyFileSync(first.cert, files.certFile)
  copyFileSync(first.key, files.keyFile)
  server = createHttpServer({
    tls: files,
    listener: (_request, response) => response.end('ok'),
    onUpgrade: (_request, socket) => socket.destroy(),
    log: pino({ level: 'silent' }),
  })
  const port = await server.listen(0, '127.0.0.1')
  expect(await nameShown(port)).toBe('first')

  writeFileSync(files.certFile, 'half of a certifica')
  copyFileSync(second.key, files.keyFile)
  expect(await nameShown(port)).toBe('first')

  copyFileSync(second.cert, files.certFile)
  await vi.waitFor(async () => expect(await nameShown(port)).toBe('second'), {
    timeout: 15_000,
    interval: 200,
  })
})

test('files that do not fit stop the start', () => {
  const [first, second] = [makePair('first'), makePair('second')]
  const make = () =>
    createHttpServer({
      tls: { certFile: first.cert, keyFile: second.key },
      listener: () => {},
      onUpgrade: () => {},
      log: pino({ level: 'silent' }),
    })
  expect(make).toThrow(/key values mismatch/)
  server = createHttpServer({ tls: null, listener: () => {}, onUpgrade: () => {}, log: pino() })
})
