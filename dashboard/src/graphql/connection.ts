import { useSyncExternalStore } from 'react'

/** `away` only once it lasts: a socket that is changed for one with a newer token is no news to anybody. */
export type ConnectionState = 'connecting' | 'live' | 'away'

/** What is known of the one WebSocket, for whoever shows it or has to catch up after it. */
export interface Connection {
  /** Changes of state; returns how to stop listening. */
  subscribe(listener: () => void): () => void
  state(): ConnectionState
  /** How often it was lost and came back: what was read before may be old. */
  returns(): number
  opened(): void
  closed(): void
}

const AWAY_AFTER_MS = 1_000

export function createConnection(): Connection {
  const listeners = new Set<() => void>()
  let state: ConnectionState = 'connecting'
  let returns = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let wasOpen = false

  function become(next: ConnectionState): void {
    state = next
    for (const listener of listeners) listener()
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    state: () => state,
    returns: () => returns,
    opened() {
      clearTimeout(timer)
      timer = undefined
      // However short it was: a message may have been on its way.
      if (wasOpen) returns += 1
      wasOpen = true
      become('live')
    },
    closed() {
      timer ??= setTimeout(() => become('away'), AWAY_AFTER_MS)
    },
  }
}

export function useConnectionState(connection: Connection): ConnectionState {
  return useSyncExternalStore(connection.subscribe, connection.state)
}

/** A number that rises when the connection came back: as an effect's dependency it reads anew. */
export function useReturns(connection: Connection): number {
  return useSyncExternalStore(connection.subscribe, connection.returns)
}
