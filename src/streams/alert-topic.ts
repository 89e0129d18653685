import type { AlertDoc } from '../store/alerts.ts'
import { cloudEvent, type Topic } from './topic.ts'

export const alertTopic: Topic = {
  name: 'customer-alerts',
  type: 'com.getcomplical.alert.raised.v1',
}

/** What the topic says of an alert (PROTOCOL.md). Its id is the alert's own, here and in the API. */
export function alertEvent(number: number, alert: AlertDoc, databaseId: string): string {
  const { _id, accountId, apiKeyId, sequence, level, month } = alert
  const { used, monthlyLimit, percent, message, raisedAt, muted } = alert
  return cloudEvent(alertTopic, databaseId, {
    number,
    id: _id,
    time: raisedAt.getTime(),
    subject: apiKeyId,
    // Written out: a public format gains nothing by itself.
    data: {
      ...{ accountId, apiKeyId, sequence, level, month },
      ...{ used, monthlyLimit, percent, message, raisedAt: raisedAt.toISOString(), muted },
    },
  })
}
