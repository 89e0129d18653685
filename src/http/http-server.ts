import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Logger } from '../log.ts'
import { watchTlsFiles } from './tls-files.ts'

export interface HttpServerOptions {
  tls: { certFile: string; keyFile: string } | null
  listener: (request: IncomingMessage, response: ServerResponse) => void
  onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  log: Logger
}

export interface HttpServer {
  /** @returns the port, which matters when 0 was asked for */
  listen(port: number, host: string): Promise<number>
  /** Accepts nothing new and waits for what is being answered; what takes longer is cut. */
  close(ms: number): Promise<void>
}

/** How long a client may take over its headers and its whole request: a stalled body ends here. */
const rules = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
  // The gate says it in our words.
  requireHostHeader: false,
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { tls, listener, onUpgrade, log } = options
  const files = tls && watchTlsFiles(tls, log)
  const server: Server = files
    ? createTlsServer({ ...rules, ...files.current(), minVersion: 'TLSv1.2' }, listener)
    : createServer(rules, listener)
  files?.onChange((context) => {
    if ('setSecureContext' in server) (server as SecureServer).setSecureContext(context)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    onUpgrade(request, socket, head)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => refuse(error, socket))

  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
      }),
    async close(ms) {
      files?.stop()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const timer = setTimeout(() => server.closeAllConnections(), ms)
      await closed
      clearTimeout(timer)
    },
  }
}

type SecureServer = { setSecureContext(context: { cert: Buffer; key: Buffer }): void }

/** What is not even HTTP, or not in time: Node gives the reason as a code, and closes. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, title, detail] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large', 'The headers are too long.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout', 'The request did not arrive in time.']
        : [400, 'Bad Request', 'This is not a well-formed HTTP request.']
  const requestId = randomUUID()
  const code = 'BAD_USER_INPUT'
  const body = JSON.stringify({ type: 'about:blank', title, status, detail, code, requestId })
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json; charset=utf-8\r\n` +
      `X-Request-Id: ${requestId}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  )
}
