import { type AlertDoc, alertRecords } from '../store/alerts.ts'
import type { RecordTopic } from './record-topic.ts'
import { cloudEvent } from './topic.ts'

export const alertTopic: RecordTopic<AlertDoc> = {
  kind: alertRecords,
  topic: { name: alertRecords.topic },
  event: alertEvent,
  words: { metric: 'alert', one: 'alert', many: 'alerts', subscription: 'alertRaised' },
}

/** What the topic says of an alert (PROTOCOL.md). Its id is the alert's own, here and in the API. */
function alertEvent(number: number, alert: AlertDoc, databaseId: string): string {
  const { _id, accountId, apiKeyId, sequence, level, month } = alert
  const { used, monthlyLimit, percent, message, raisedAt, muted } = alert
  return cloudEvent(alertTopic.topic, databaseId, {
    number,
    id: _id,
    type: 'com.getcomplical.alert.raised.v1',
    time: raisedAt.getTime(),
    subject: apiKeyId,
    // Written out: a public format gains nothing by itself.
    data: {
      ...{ accountId, apiKeyId, sequence, level, month },
      ...{ used, monthlyLimit, percent, message, raisedAt: raisedAt.toISOString(), muted },
    },
  })
}
