import { hash } from 'node:crypto'
import type { Db } from 'mongodb'
import { ApiError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { BadInput } from '../../rules/bad-input.ts'
import { type BillingProvider, providerId } from '../../rules/billing/fact.ts'
import { keepInInbox } from '../../store/billing-inbox.ts'
import type { Encryption } from '../../store/encryption.ts'
import type { RestRequest, Route } from '../router.ts'
import { type BodyPlaces, createBodyPlaces } from './body-places.ts'
import type { VerifySignature } from './signature.ts'
import { badSignature } from './signature.ts'
import type { WebhookMetrics } from './webhook-metrics.ts'
import type { WebhookSecrets } from './webhook-secrets.ts'

/** What tells one provider's web hooks from another's. */
export interface WebhookProvider {
  provider: BillingProvider
  path: string
  /** In lower case. */
  signatureHeader: string
  verify: VerifySignature
  secrets: WebhookSecrets
  /** Of a parsed body; null: it is no event of this kind. */
  nameOf(content: object): NamedEvent | null
}

export interface NamedEvent {
  eventId: string
  type: string
  /** What it says: the same each time it is sent, where the rest may count deliveries. */
  says: unknown
}

export interface WebhookRouteOptions {
  db: Db
  encryption: Pick<Encryption, 'encrypt'>
  clock: () => number
  log: Logger
  metrics: WebhookMetrics
}

/** promises.md, "Limits". */
const MOST_BODY_BYTES = 1_000_000
const BODIES_AT_ONCE = 64
/** Providers wait some 5 to 10 s for an answer. */
const PATIENCE_MS = 4_000
const READ_WITHIN_MS = 5_000

/**
 * Takes a provider's events: verified before anything is stored, stored (encrypted, with majority) before
 * they are answered, applied later. What is not stored is not answered 200, so that the provider sends it
 * again.
 */
export function webhookRoute(provider: WebhookProvider, options: WebhookRouteOptions): Route {
  const places = createBodyPlaces(BODIES_AT_ONCE, PATIENCE_MS)
  const outcomes = options.metrics.received
  return {
    method: 'POST',
    path: provider.path,
    maxBodyBytes: MOST_BODY_BYTES,
    async handle(request) {
      try {
        const outcome = await receive(provider, options, places, request)
        outcomes.inc({ provider: provider.provider, outcome })
        return { status: 200, headers: { 'Cache-Control': 'no-store' }, body: { received: true } }
      } catch (error) {
        const refused = error instanceof ApiError || error instanceof BadInput
        const outcome = refused ? 'refused' : 'failed'
        outcomes.inc({ provider: provider.provider, outcome })
        throw error
      }
    },
  }
}

async function receive(
  { provider, signatureHeader, verify, secrets, nameOf }: WebhookProvider,
  { db, encryption, clock, log, metrics }: WebhookRouteOptions,
  places: BodyPlaces,
  request: RestRequest,
): Promise<'stored' | 'repeated'> {
  const giveBack = await places.take()
  try {
    const bytes = await within(request.body(), READ_WITHIN_MS)
    const text = decoded(bytes)
    const signatures = request.headerLines(signatureHeader)
    verify({ text, signatures }, secrets.current(), clock())
    const named = nameOf(parsed(text))
    if (!named) throw new BadInput('The body is not an event of this kind.')
    const { eventId, type, says } = named
    const _id = providerId(provider, eventId)
    const receivedAt = new Date(clock())
    const contentHash = hash('sha256', JSON.stringify([type, says]), 'base64url')
    const raw = encryption.encrypt(text, _id, 'raw')
    const event = { _id, provider, eventId, type, receivedAt, contentHash, raw }
    const kept = await keepInInbox(db, event)
    if (kept === 'other content') {
      metrics.contradictions.inc({ provider })
      log.error({ event: _id }, 'an event came again and says something else; the first one stays')
    }
    return kept === 'new' ? 'stored' : 'repeated'
  } finally {
    giveBack()
  }
}

/** Bytes that are no UTF-8 are refused: decoding would change what was signed. A BOM stays, as it was signed. */
function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw badSignature()
  }
}

function parsed(text: string): object {
  try {
    const content: unknown = JSON.parse(text)
    if (typeof content === 'object' && content !== null) return content
  } catch {
    // Told below.
  }
  throw new BadInput('The body is not a JSON object.')
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const late = new ApiError('BAD_USER_INPUT', 'The body did not arrive in time.')
  const timer = setTimeout(() => reject(late), ms)
  return await Promise.race([work, promise]).finally(() => clearTimeout(timer))
}
