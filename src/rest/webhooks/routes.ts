import type { BillingProvider } from '../../rules/billing/fact.ts'
import type { WebhookSecretsSource } from '../../rules/billing/webhook-secrets.ts'
import type { Route } from '../router.ts'
import { readPaddleSignature } from './paddle-signature.ts'
import { readStripeSignature } from './stripe-signature.ts'
import {
  type NamedEvent,
  type WebhookProvider,
  type WebhookRouteOptions,
  webhookRoute,
} from './webhook-route.ts'
import { createWebhookSecrets } from './webhook-secrets.ts'

/**
 * `POST /webhooks/stripe` and `/webhooks/paddle`.
 * @throws Error where a file of secrets cannot be read or does not fit
 */
export function webhookRoutes(
  sources: Readonly<Record<BillingProvider, WebhookSecretsSource>>,
  options: WebhookRouteOptions,
): Route[] {
  const { log, clock } = options
  const stripe: WebhookProvider = {
    provider: 'STRIPE',
    path: '/webhooks/stripe',
    signatureHeader: 'stripe-signature',
    readSignature: readStripeSignature,
    secrets: createWebhookSecrets(sources.STRIPE, log, clock),
    // Thin events (`v2.core.event`) hold no object: they belong to another kind of destination.
    nameOf: (content) =>
      'object' in content && content.object !== 'event'
        ? null
        : named(content, 'id', 'type', 'created'),
  }
  const paddle: WebhookProvider = {
    provider: 'PADDLE',
    path: '/webhooks/paddle',
    signatureHeader: 'paddle-signature',
    readSignature: readPaddleSignature,
    secrets: createWebhookSecrets(sources.PADDLE, log, clock),
    nameOf: (content) => named(content, 'event_id', 'event_type', 'occurred_at'),
  }
  return [stripe, paddle].map((provider) => webhookRoute(provider, options))
}

function named(content: object, id: string, type: string, time: string): NamedEvent | null {
  const fields = content as Readonly<Record<string, unknown>>
  const [eventId, eventType] = [fields[id], fields[type]]
  if (!isWord(eventId) || !isWord(eventType)) return null
  return { eventId, type: eventType, says: [fields[time], fields.data] }
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value)
}
