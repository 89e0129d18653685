import type { AccountRecord } from '../store/account-records.ts'
import { alertTopic } from './alert-topic.ts'
import { billingTopic } from './billing-topic.ts'
import {
  createRecordPublisher,
  type RecordPublisher,
  type RecordPublisherOptions,
} from './record-publisher.ts'
import { createRecordReader, type RecordReader } from './record-reader.ts'
import type { RecordTopic } from './record-topic.ts'

interface Told<Doc extends AccountRecord> {
  reader: RecordReader<Doc>
  publisher: RecordPublisher
}

/** Everything that one API process tells of its accounts: into topics, and to those who listen. */
export function createToldRecords(options: RecordPublisherOptions) {
  const alerts = told(alertTopic, options)
  const billing = told(billingTopic, options)
  const all = [alerts, billing]
  return {
    alerts,
    billing,
    /** @throws MongoDB's errors; may be called again then */
    async start(): Promise<void> {
      for (const { publisher } of all) await publisher.start()
      for (const { reader } of all) reader.start()
    },
    async stop(): Promise<void> {
      const parts = all.flatMap(({ reader, publisher }) => [reader, publisher])
      await Promise.all(parts.map((part) => part.stop()))
    },
  }
}

function told<Doc extends AccountRecord>(
  topic: RecordTopic<Doc>,
  options: RecordPublisherOptions,
): Told<Doc> {
  return {
    reader: createRecordReader(topic, options),
    publisher: createRecordPublisher(topic, options),
  }
}
