import { createConnection, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { endOfAnswer } from './load.ts'

/** What an open load has seen. */
export interface OpenLoadResult {
  answers: number
  seconds: number
  /** From the instant at which each call was due to its answer, ms; waiting for a connection counts in. */
  delays: number[]
}

export interface OpenLoad {
  /**
   * Offers so many calls a second, each at its own instant whatever became of those before it.
   * @param requestOf index of the request that is sent next
   * @param onAnswer right when the answer has come whole, with that index
   */
  run(
    rate: number,
    seconds: number,
    requestOf: () => number,
    onAnswer: (request: number) => void,
  ): Promise<OpenLoadResult>
  close(): void
}

interface Call {
  request: number
  dueAt: number
}

interface Connection {
  socket: Socket
  call: Call | null
}

/** Connections wait for each other's calls only when all are busy. */
export async function openOpenLoad(
  port: number,
  requests: readonly Buffer[],
  connectionCount: number,
): Promise<OpenLoad> {
  const idle: Connection[] = []
  const waiting: Call[] = []
  let answered = (_call: Call): void => {}
  let broken: Error | null = null
  const breaks = (error: Error) => {
    broken ??= error
  }

  function dispatch(): void {
    while (waiting.length > 0 && idle.length > 0) {
      const [connection, call] = [idle.pop(), waiting.shift()]
      if (!connection || !call) return
      connection.call = call
      connection.socket.write(requests[call.request] ?? '')
    }
  }

  function finished(connection: Connection, answer: string): void {
    const { call } = connection
    if (!call || !answer.startsWith('HTTP/1.1 200') || !answer.includes('"data":{')) {
      breaks(new Error(`not a good answer: ${answer.slice(0, 600)}`))
      return
    }
    connection.call = null
    idle.push(connection)
    answered(call)
    dispatch()
  }

  const connections = await Promise.all(
    Array.from({ length: connectionCount }, () => connect(port, finished, breaks)),
  )
  idle.push(...connections)

  async function run(
    rate: number,
    seconds: number,
    requestOf: () => number,
    onAnswer: (request: number) => void,
  ): Promise<OpenLoadResult> {
    const delays: number[] = []
    answered = ({ request, dueAt }) => {
      delays.push(performance.now() - dueAt)
      onAnswer(request)
    }
    const start = performance.now()
    const all = rate * seconds
    let offered = 0
    while (delays.length < all) {
      if (broken) throw broken
      const due = Math.min(all, ((performance.now() - start) * rate) / 1_000)
      for (; offered < due; offered++) {
        waiting.push({ request: requestOf(), dueAt: start + (offered * 1_000) / rate })
      }
      dispatch()
      await setTimeout(1)
    }
    return { answers: delays.length, seconds: (performance.now() - start) / 1_000, delays }
  }

  return {
    run,
    close() {
      for (const { socket } of connections) socket.destroy()
    },
  }
}

function connect(
  port: number,
  finished: (connection: Connection, answer: string) => void,
  breaks: (error: Error) => void,
): Promise<Connection> {
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
  const connection: Connection = { socket, call: null }
  let received = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    received += chunk
    const end = endOfAnswer(received)
    if (end < 0) return
    const answer = received.slice(0, end)
    received = received.slice(end)
    finished(connection, answer)
  })
  socket.on('close', () => breaks(new Error('the server closed the connection')))
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(connection))
    socket.on('error', (error) => {
      reject(error)
      breaks(error)
    })
  })
}
