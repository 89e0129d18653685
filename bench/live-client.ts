import { WebSocket } from 'ws'

/** Open `liveUsage` subscriptions, each on a WebSocket of its own. */
export interface LiveClients {
  /** Closes every socket and waits until it is gone. */
  close(): Promise<void>
}

/** How many sockets are opened at a time. */
const openingAtOnce = 50
const subscription = JSON.stringify({
  id: '1',
  type: 'subscribe',
  payload: { query: 'subscription { liveUsage { monthRequests } }' },
})

/**
 * One for each secret. Settles when each has its first state.
 * @param onTotal units this month, with the index of the secret; right when the message has come
 */
export async function openLiveClients(
  port: number,
  secrets: readonly string[],
  onTotal: (index: number, total: number) => void,
): Promise<LiveClients> {
  const sockets: WebSocket[] = []
  for (let at = 0; at < secrets.length; at += openingAtOnce) {
    const some = secrets
      .slice(at, at + openingAtOnce)
      .map((secret, i) => open(port, secret, (total) => onTotal(at + i, total)))
    sockets.push(...(await Promise.all(some)))
  }
  return {
    async close() {
      const closed = sockets.map(
        (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
      )
      for (const socket of sockets) socket.close(1000)
      await Promise.all(closed)
    },
  }
}

function open(port: number, apiKey: string, onTotal: (total: number) => void): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
    perMessageDeflate: false,
  })
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', (code, reason) => reject(new Error(`closed: ${code} ${String(reason)}`)))
    socket.on('open', () => {
      socket.send(JSON.stringify({ type: 'connection_init', payload: { apiKey } }))
    })
    socket.on('message', (data) => {
      const message = String(data)
      // By pattern: parsing all of it would cost this process more than the server that is measured.
      const total = /"monthRequests":(\d+)/.exec(message)?.[1]
      if (total !== undefined) {
        onTotal(Number(total))
        resolve(socket)
      } else if (message.includes('connection_ack')) socket.send(subscription)
      else if (!message.includes('"ping"')) reject(new Error(`not a state: ${message}`))
    })
  })
}
