import { WebSocket } from 'ws'

export interface Message {
  type: string
  id?: string
  payload?: unknown
}

/** A client of `graphql-transport-ws` that does only what a test says. */
export interface TestSocket {
  socket: WebSocket
  send(message: object): void
  /** The next message not yet taken. */
  next(): Promise<Message>
  /** Settles with code and reason. */
  closed: Promise<{ code: number; reason: string }>
}

export interface SocketOptions {
  origin?: string
  protocol?: string
  headers?: Record<string, string>
}

/** Rejects with the status when the upgrade is refused. */
export function openSocket(url: string, options: SocketOptions = {}): Promise<TestSocket> {
  const { origin, protocol = 'graphql-transport-ws', headers = {} } = options
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocol, {
    headers,
    ...(origin !== undefined && { origin }),
  })
  const waiting: ((message: Message) => void)[] = []
  const arrived: Message[] = []
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Message
    const taker = waiting.shift()
    if (taker) taker(message)
    else arrived.push(message)
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })
  return new Promise((resolve, reject) => {
    socket.once('unexpected-response', (_request, response) => {
      reject(new Error(`refused with ${response.statusCode}`))
      socket.terminate()
    })
    socket.on('error', reject)
    socket.once('open', () =>
      resolve({
        socket,
        closed,
        send: (message) => socket.send(JSON.stringify(message)),
        next() {
          const message = arrived.shift()
          if (message) return Promise.resolve(message)
          return new Promise((taker) => waiting.push(taker))
        },
      }),
    )
  })
}

/** An open socket whose `connection_init` was acknowledged. */
export async function initSocket(
  url: string,
  connectionParams: object,
  options: SocketOptions = {},
): Promise<TestSocket> {
  const socket = await openSocket(url, options)
  socket.send({ type: 'connection_init', payload: connectionParams })
  const { type } = await socket.next()
  if (type !== 'connection_ack') throw new Error(`instead of an acknowledgement came ${type}`)
  return socket
}
