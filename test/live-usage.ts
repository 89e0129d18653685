import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { sseData } from './sse-data.ts'

const query = 'subscription { liveUsage { apiKeyId hourRequests monthRequests remaining } }'

export interface LiveUsage {
  apiKeyId: string
  hourRequests: number
  monthRequests: number
  remaining: number
}

/** A client's open `liveUsage` subscription. */
export interface LiveListener {
  /** All that came, oldest first. */
  readonly states: readonly LiveUsage[]
  leave(): Promise<void>
}

/** @param url origin of the API process */
export function listenOverSse(url: string, headers: Record<string, string>): LiveListener {
  const states: LiveUsage[] = []
  const leaving = new AbortController()
  const done = (async () => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
      body: JSON.stringify({ query }),
      signal: leaving.signal,
    })
    for await (const { data } of sseData<{ data: { liveUsage: LiveUsage } }>(response)) {
      states.push(data.liveUsage)
    }
  })().catch(() => {})
  return {
    states,
    async leave() {
      leaving.abort()
      await done
    },
  }
}

/** @param url origin of the API process */
export function listenOverWebSocket(
  url: string,
  connectionParams: Record<string, string>,
): LiveListener {
  const states: LiveUsage[] = []
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    connectionParams,
    webSocketImpl: WebSocket,
    lazy: true,
  })
  const done = (async () => {
    for await (const { data } of client.iterate<{ liveUsage: LiveUsage }>({ query })) {
      if (data) states.push(data.liveUsage)
    }
  })().catch(() => {})
  return {
    states,
    async leave() {
      await client.dispose()
      await done
    },
  }
}
