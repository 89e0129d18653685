import { type BillingNotice, billingRecords } from '../store/billing-notices.ts'
import type { RecordTopic } from './record-topic.ts'
import { cloudEvent } from './topic.ts'

export const billingTopic: RecordTopic<BillingNotice> = {
  kind: billingRecords,
  topic: { name: billingRecords.topic },
  event: billingEvent,
  words: {
    ...{ metric: 'billing', one: 'notice', many: 'notices of billing' },
    subscription: 'subscriptionChanged',
  },
}

/** What the topic says of a notice; PROTOCOL.md describes `data` for each type. */
function billingEvent(number: number, notice: BillingNotice, databaseId: string): string {
  const { _id: id, type, accountId, apiKeyId, sequence, at, data } = notice
  return cloudEvent(billingTopic.topic, databaseId, {
    ...{ number, id, type: `com.getcomplical.billing.${type}.v1` },
    time: at.getTime(),
    subject: apiKeyId ?? accountId,
    data: { accountId, ...(apiKeyId !== null && { apiKeyId }), sequence, ...data },
  })
}
