/**
 * A topic is a stream of events for further processing, by us and by others: CloudEvents 1.0 as JSON in
 * one field (PROTOCOL.md). MongoDB holds what its events are about, numbered without a gap; the number
 * is the entry's id, so that Redis holds each event once and in order, and can be filled again.
 */
export interface Topic {
  /** Also the key of its stream. */
  name: string
}

/** The entry's one field. */
export const eventField = 'event'

export interface TopicEntry {
  number: number
  /** JSON */
  event: string
}

/** Names the database whose numbers the stream has. In a cluster it lies beside the stream. */
export function topicDatabaseKey({ name }: Topic): string {
  return `topic-database:{${name}}`
}

export function entryId(number: number): string {
  return `${number}-0`
}

export interface TopicEvent {
  number: number
  /** What consumers tell doubles by; the number where it is left out. */
  id?: string
  /** With its version. */
  type: string
  /** ms since the epoch */
  time: number
  /** What it is about. */
  subject: string
  data: unknown
}

/** `source` holds the database: numbers begin again in another, and source with id is unique. */
export function cloudEvent(topic: Topic, databaseId: string, event: TopicEvent): string {
  return JSON.stringify({
    specversion: '1.0',
    id: event.id ?? String(event.number),
    source: `/databases/${databaseId}/${topic.name}`,
    type: event.type,
    time: new Date(event.time).toISOString(),
    subject: event.subject,
    datacontenttype: 'application/json',
    data: event.data,
  })
}
