import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

/** What a subscriber of `alertRaised` received. */
export interface HeardAlert {
  id: string
  apiKeyId: string
  message: string
}

/** What is subscribed to: a field of the API, and what is asked of it. */
export interface Told {
  field: string
  asked: string
}

const alertRaised: Told = { field: 'alertRaised', asked: 'id apiKeyId message' }

/** A client's open subscription. */
export interface RecordListener<Heard = HeardAlert> {
  /** All that came, oldest first. */
  readonly heard: readonly Heard[]
  /** Codes of the errors that came. */
  readonly codes: readonly string[]
  /** Settles when the subscription is over, however it ended. */
  readonly ended: Promise<void>
  leave(): Promise<void>
}

/** `X-Api-Key` or `Authorization`. */
export type Credentials = { apiKey: string } | { authorization: string }

const queryOf = ({ field, asked }: Told) =>
  `subscription ($after: ID) { ${field}(after: $after) { ${asked} } }`

interface Result {
  data?: Record<string, unknown> | null
  errors?: readonly { extensions?: Record<string, unknown> }[]
}

/** @param url origin of the API process */
export function listenOverWebSocket<Heard = HeardAlert>(
  url: string,
  credentials: Credentials,
  after?: unknown,
  told = alertRaised,
): RecordListener<Heard> {
  const received = inbox<Heard>(told)
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    connectionParams: { ...credentials },
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  })
  const ended = (async () => {
    const messages = client.iterate<Result['data']>({ query: queryOf(told), variables: { after } })
    for await (const message of messages) received.take(message as Result)
  })().catch((error) => received.take({ errors: Array.isArray(error) ? error : [] }))
  return {
    ...received,
    ended,
    async leave() {
      await client.dispose()
      await ended
    },
  }
}

/** @param url origin of the API process */
export function listenOverSse<Heard = HeardAlert>(
  url: string,
  credentials: Credentials,
  after?: unknown,
  told = alertRaised,
): RecordListener<Heard> {
  const received = inbox<Heard>(told)
  const leaving = new AbortController()
  const named = 'apiKey' in credentials ? { 'x-api-key': credentials.apiKey } : credentials
  const ended = (async () => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...named },
      body: JSON.stringify({ query: queryOf(told), variables: { after } }),
      signal: leaving.signal,
    })
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      const events = text.split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const data = event.split('\n').find((line) => line.startsWith('data: {'))
        if (data !== undefined) received.take(JSON.parse(data.slice(6)))
      }
    }
  })().catch(() => {})
  return {
    ...received,
    ended,
    async leave() {
      leaving.abort()
      await ended
    },
  }
}

function inbox<Heard>({ field }: Told) {
  const heard: Heard[] = []
  const codes: string[] = []
  return {
    heard,
    codes,
    take({ data, errors = [] }: Result) {
      if (data) heard.push(data[field] as Heard)
      for (const { extensions } of errors) codes.push(String(extensions?.code))
    },
  }
}
