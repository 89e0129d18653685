import { createClient, type Client as SocketClient } from 'graphql-ws'
import type { Session } from '../session/session.ts'
import type { Connection } from './connection.ts'

type Sink = Parameters<SocketClient['subscribe']>[1]
type Operation = Parameters<SocketClient['subscribe']>[0]

export interface Socket {
  /** @returns how to end it */
  subscribe(operation: Operation, sink: Sink): () => void
}

/** The server's answer to a token that has ended. */
const UNAUTHENTICATED = 4401
const PING_EVERY_MS = 10_000
/** A network that vanished, unlike a server that ended, says nothing at all. */
const PONG_WITHIN_MS = 5_000
const FIRST_WAIT_MS = 250
const MOST_WAIT_MS = 10_000

/**
 * One WebSocket for all subscriptions, opened with the first. It tries again for ever, more patiently each
 * time; with a newer token it is changed for another one, and each subscription begins with the state now.
 */
export function createSocket(session: Session, connection: Connection): Socket {
  let unanswered: ReturnType<typeof setTimeout> | undefined
  const client = createClient({
    url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
    connectionParams: async () => ({ authorization: `Bearer ${await session.accessToken()}` }),
    keepAlive: PING_EVERY_MS,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: waitBefore,
    on: {
      connected: connection.opened,
      closed: () => {
        clearTimeout(unanswered)
        connection.closed()
      },
      ping: (received) => {
        if (!received) unanswered = setTimeout(() => client.terminate(), PONG_WITHIN_MS)
      },
      pong: () => clearTimeout(unanswered),
    },
  })
  session.onRenewed(() => client.terminate())

  return {
    subscribe(operation, sink) {
      let stop = () => {}
      let ended = false
      let tries = 0
      const next: Sink['next'] = (value) => {
        tries = 0
        sink.next(value)
      }
      const begin = () => {
        if (!ended) stop = client.subscribe(operation, { ...sink, next, error: failed })
      }
      /** Some codes end all tries of graphql-ws, as 1011 and 4401: but each of them passes. */
      const failed = (error: unknown) => {
        if (ended) return
        if (!(error instanceof CloseEvent)) return sink.error(error)
        const renewed = error.code === UNAUTHENTICATED ? session.renew() : Promise.resolve()
        const waited = renewed.catch(() => {}).then(() => waitBefore(tries++))
        void waited.then(begin)
      }
      begin()
      return () => {
        ended = true
        stop()
      }
    },
  }
}

/** Spread, so that not every page comes at the same moment when the server is back. */
async function waitBefore(retries: number): Promise<void> {
  const most = Math.min(FIRST_WAIT_MS * 2 ** retries, MOST_WAIT_MS)
  await new Promise((resolve) => setTimeout(resolve, most * (0.5 + Math.random() / 2)))
}
