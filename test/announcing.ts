import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { sseData } from './sse-data.ts'

export const announceMutation = `mutation ($input: AnnounceTaxDateChangeInput!) {
  announceTaxDateChange(input: $input) {
    id country obligationId periodEnd region effect dueDate appliesTo reason enteredAt
    source { name url readOn }
    taxDates { id dueDate shiftedBy }
  }
}`

/** An announcement that is right, to be altered where a test wants it otherwise. */
export function announcement(changed: object = {}): Record<string, unknown> {
  return {
    obligationId: 'au-bas-q-self',
    periodEnd: '2026-12-31',
    dueDate: '2027-03-15',
    reason: 'Postponed after the floods',
    source: {
      name: 'ATO',
      url: 'https://www.ato.gov.au/floods',
      readOn: '2026-11-20',
    },
    ...changed,
  }
}

/** What a subscriber of `taxDateChanged` received. */
export interface HeardChange {
  id: string
  obligationId: string | null
  country: string
  reason: string
  taxDates: { id: string; dueDate: string }[]
}

/** A client's open `taxDateChanged` subscription. */
export interface ChangeListener {
  /** All that came, oldest first. */
  readonly heard: readonly HeardChange[]
  /** What the subscription ended with; null while it is open and after it ended well. */
  readonly failure: unknown
  /** Settles when the subscription is over, however it ended. */
  readonly ended: Promise<void>
  leave(): Promise<void>
}

export interface Wanted {
  countries?: string[]
  obligationIds?: string[]
  after?: string
}

const query = `subscription ($countries: [CountryCode!], $obligationIds: [ID!], $after: ID) {
  taxDateChanged(countries: $countries, obligationIds: $obligationIds, after: $after) {
    id obligationId country reason taxDates { id dueDate }
  }
}`

type Data = { taxDateChanged: HeardChange }
type Answer = { data?: Data; errors?: unknown }

/** @param url origin of the API process */
export function listenToChanges(url: string, apiKey: string, wanted: Wanted = {}): ChangeListener {
  const heard: HeardChange[] = []
  const listener = { heard, failure: null as unknown }
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    connectionParams: { apiKey },
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  })
  const variables = { ...wanted }
  const ended = (async () => {
    for await (const { data, errors } of client.iterate<Data>({ query, variables })) {
      if (data) heard.push(data.taxDateChanged)
      else listener.failure = errors
    }
  })().catch((error) => {
    listener.failure = error
  })
  return Object.assign(listener, {
    ended,
    async leave() {
      await client.dispose()
      await ended
    },
  })
}

/** The same over SSE. */
export function listenToChangesOverSse(
  url: string,
  apiKey: string,
  wanted: Wanted = {},
): ChangeListener {
  const heard: HeardChange[] = []
  const listener = { heard, failure: null as unknown }
  const leaving = new AbortController()
  const ended = (async () => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        'x-api-key': apiKey,
      },
      body: JSON.stringify({ query, variables: wanted }),
      signal: leaving.signal,
    })
    for await (const { data, errors } of sseData<Answer>(response)) {
      if (data) heard.push(data.taxDateChanged)
      else listener.failure = errors
    }
  })().catch((error) => {
    if (!leaving.signal.aborted) listener.failure = error
  })
  return Object.assign(listener, {
    ended,
    async leave() {
      leaving.abort()
      await ended
    },
  })
}
