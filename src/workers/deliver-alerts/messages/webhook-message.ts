import { Webhook } from 'standardwebhooks'
import type { AlertDoc } from '../../../store/alerts.ts'

/** The body of a custom web hook, as Standard Webhooks advises; PROTOCOL.md tells receivers of it. */
export interface WebhookEvent {
  type: 'alert.raised' | 'channel.test'
  /** When it happened, not when it was sent. */
  timestamp: string
  data: Readonly<Record<string, unknown>>
}

export function webhookOfAlert(alert: AlertDoc, prefix: string): WebhookEvent {
  const { _id: id, accountId, apiKeyId, level, month, used, monthlyLimit, percent } = alert
  const timestamp = alert.raisedAt.toISOString()
  const figures = { level, month, used, monthlyLimit, percent }
  const { message } = alert
  return {
    type: 'alert.raised',
    timestamp,
    data: { id, accountId, apiKeyId, apiKeyPrefix: prefix, ...figures, message },
  }
}

export function webhookOfTest(channel: { _id: string; accountId: string }, at: Date): WebhookEvent {
  const data = { channelId: channel._id, accountId: channel.accountId }
  return { type: 'channel.test', timestamp: at.toISOString(), data }
}

/**
 * Headers and body of one try. The id stays over tries, the time and so the signature do not.
 * @param secret `whsec_…`
 * @throws Error where it is none; it does not show it
 */
export function signedWebhook(
  event: WebhookEvent,
  { id, secret, at }: { id: string; secret: string; at: Date },
): { headers: Record<string, string>; body: string } {
  const body = JSON.stringify(event)
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': `${Math.floor(at.getTime() / 1_000)}`,
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  }
  return { headers, body }
}
