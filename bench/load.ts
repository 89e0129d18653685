import { createConnection, type Socket } from 'node:net'

/** Keep-alive connections that ask one after the other, as fast as they are answered. */
export interface Load {
  /** Asks for this long, waits for the answers under way, and says how many came. */
  run(ms: number): Promise<number>
  close(): void
}

/** Whole requests as bytes; each connection sends its own over and over. */
export async function openLoad(port: number, requests: readonly Buffer[]): Promise<Load> {
  const connections = await Promise.all(requests.map((request) => openConnection(port, request)))
  return {
    async run(ms) {
      const until = performance.now() + ms
      const counts = await Promise.all(connections.map((connection) => connection.run(until)))
      return counts.reduce((sum, count) => sum + count, 0)
    },
    close() {
      for (const { socket } of connections) socket.destroy()
    },
  }
}

/** The bytes of a GraphQL request over HTTP/1.1. */
export function graphqlRequest(query: string, headers: Record<string, string> = {}): Buffer {
  const body = JSON.stringify({ query })
  const lines = Object.entries({
    Host: '127.0.0.1',
    'Content-Type': 'application/json',
    Accept: 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(`POST /graphql HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}

interface Connection {
  socket: Socket
  run(until: number): Promise<number>
}

/**
 * Reads of each answer only what is needed to find its end: a full HTTP client would cost more than the
 * server that is measured. Anything but a 200 with data ends the run.
 */
async function openConnection(port: number, request: Buffer): Promise<Connection> {
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  let received = ''
  let onAnswer = (_answer: string): void => {}
  let onBroken = (_error: Error): void => {}
  socket.setEncoding('latin1')
  let broken: Error | null = null
  const breaks = (error: Error) => {
    broken ??= error
    onBroken(broken)
  }
  socket.on('error', breaks)
  socket.on('close', () => breaks(new Error('the server closed the connection')))
  socket.on('data', (chunk) => {
    received += chunk
    const end = endOfAnswer(received)
    if (end < 0) return
    const answer = received.slice(0, end)
    received = received.slice(end)
    onAnswer(answer)
  })
  return {
    socket,
    run: (until) =>
      new Promise((resolve, reject) => {
        let count = 0
        if (broken) return reject(broken)
        onBroken = reject
        onAnswer = (answer) => {
          if (!answer.startsWith('HTTP/1.1 200') || !answer.includes('"data":{')) {
            reject(new Error(`not a good answer: ${answer.slice(0, 600)}`))
            return
          }
          count++
          if (performance.now() < until) socket.write(request)
          else resolve(count)
        }
        socket.write(request)
      }),
  }
}

/** Index after the first whole answer; -1: it is not complete. */
export function endOfAnswer(text: string): number {
  const headersEnd = text.indexOf('\r\n\r\n')
  if (headersEnd < 0) return -1
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, headersEnd))?.[1]
  if (length !== undefined) {
    const end = headersEnd + 4 + Number(length)
    return text.length >= end ? end : -1
  }
  const end = text.indexOf('\r\n0\r\n\r\n', headersEnd)
  return end < 0 ? -1 : end + 7
}
