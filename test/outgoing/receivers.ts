import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface ReceivedRequest {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
  at: number
}

export interface Receiver {
  /** `127.0.0.1:…`, as OUTBOUND_ALLOW takes it. */
  host: string
  /** Origin. */
  url: string
  requests: ReceivedRequest[]
  /** How many connections were made, requests or none. */
  connections(): number
  /** What is answered from now on; at first 204. */
  answer(respond: (response: ServerResponse, request: ReceivedRequest) => void): void
  stop(): Promise<void>
}

/** Stands for Slack, Discord and customers' own servers, over real sockets. */
export async function startReceiver(): Promise<Receiver> {
  const requests: ReceivedRequest[] = []
  let respond = (response: ServerResponse, _request: ReceivedRequest) => {
    response.writeHead(204).end()
  }
  let connections = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    response.on('error', () => {})
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const body = Buffer.concat(chunks).toString()
      const received = { method, path, headers, body, at: Date.now() }
      requests.push(received)
      respond(response, received)
    })
  })
  server.on('connection', () => {
    connections += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    host,
    url: `http://${host}`,
    requests,
    connections: () => connections,
    answer(next) {
      respond = next
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

export interface ReceivedMail {
  /** Envelope. */
  from: string
  to: string[]
  /** As it came over the wire. */
  raw: string
  secure: boolean
  at: number
}

export interface MailServer {
  port: number
  mails: ReceivedMail[]
  stop(): Promise<void>
}

/** A real SMTP server. It offers STARTTLS, with a certificate that nobody vouches for. */
export async function startMailServer(
  options: SMTPServerOptions & { port?: number } = {},
): Promise<MailServer> {
  const { port = 0, ...rest } = options
  const mails: ReceivedMail[] = []
  const sockets = new Set<Socket>()
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const raw = Buffer.concat(chunks).toString()
        const from = mailFrom === false ? '' : mailFrom.address
        const to = rcptTo.map(({ address }) => address)
        mails.push({ from, to, raw, secure: session.secure, at: Date.now() })
        done()
      })
    },
    ...rest,
  })
  server.on('error', () => {})
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(port, '127.0.0.1')
  await once(server.server, 'listening')
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((done) => server.close(() => done()))
    },
  }
}

/** Header of a mail, unfolded; undefined where there is none. */
export function headerOf({ raw }: ReceivedMail, name: string): string | undefined {
  const [head = ''] = raw.split('\r\n\r\n')
  const lines = head.replace(/\r\n[ \t]/g, ' ').split('\r\n')
  const start = `${name.toLowerCase()}:`
  return lines
    .find((line) => line.toLowerCase().startsWith(start))
    ?.slice(start.length)
    .trim()
}
