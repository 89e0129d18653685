import type { AccountRecord, RecordKind } from '../store/account-records.ts'
import type { Topic } from './topic.ts'

/** How records of a kind stand in their topic, and how they are called where something is wrong. */
export interface RecordTopic<Doc extends AccountRecord> {
  kind: RecordKind<Doc>
  topic: Topic
  /** CloudEvent as JSON (PROTOCOL.md). */
  event(number: number, record: Doc, databaseId: string): string
  words: {
    /** In the names of metrics: `getcomplical_<metric>_…`. */
    metric: string
    one: string
    many: string
    /** Field of the API that tells them live. */
    subscription: string
  }
}
