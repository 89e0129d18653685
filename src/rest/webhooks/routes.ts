import type { BillingProvider } from '../../rules/billing/fact.ts'
import type { WebhookSecretsSource } from '../../rules/billing/webhook-secrets.ts'
import type { Route } from '../router.ts'
import { verifyPaddle } from './paddle-signature.ts'
import { verifyStripe } from './stripe-signature.ts'
import {
  type NamedEvent,
  type WebhookProvider,
  type WebhookRouteOptions,
  webhookRoute,
} from './webhook-route.ts'
import { createWebhookSecrets } from './webhook-secrets.ts'

export interface WebhookRoutes {
  routes: Route[]
  /** Ends the watch over files of secrets. */
  stop(): void
}

/** `POST /webhooks/stripe` and `/webhooks/paddle`. */
export function createWebhookRoutes(
  sources: Readonly<Record<BillingProvider, WebhookSecretsSource>>,
  options: WebhookRouteOptions,
): WebhookRoutes {
  const stripe: WebhookProvider = {
    provider: 'STRIPE',
    path: '/webhooks/stripe',
    signatureHeader: 'stripe-signature',
    verify: verifyStripe,
    secrets: createWebhookSecrets(sources.STRIPE, options.log),
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
    verify: verifyPaddle,
    secrets: createWebhookSecrets(sources.PADDLE, options.log),
    nameOf: (content) => named(content, 'event_id', 'event_type', 'occurred_at'),
  }
  const providers = [stripe, paddle]
  return {
    routes: providers.map((provider) => webhookRoute(provider, options)),
    stop() {
      for (const { secrets } of providers) secrets.stop()
    },
  }
}

function named(content: object, id: string, type: string, time: string): NamedEvent | null {
  const fields = content as Readonly<Record<string, unknown>>
  const [eventId, eventType] = [fields[id], fields[type]]
  const isWord = (value: unknown): value is string =>
    typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value)
  if (!isWord(eventId) || !isWord(eventType)) return null
  return { eventId, type: eventType, says: [fields[time], fields.data] }
}
