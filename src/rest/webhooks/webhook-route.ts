import { hash } from 'node:crypto'
import type { Db } from 'mongodb'
import { ApiError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { BadInput } from '../../rules/bad-input.ts'
import { type BillingProvider, providerId } from '../../rules/billing/fact.ts'
import { keepInInbox, type NewInboxDoc } from '../../store/billing-inbox.ts'
import type { Encryption } from '../../store/encryption.ts'
import { problem } from '../problem.ts'
import type { RestRequest, Route } from '../router.ts'
import { type BodyPlaces, BodyTooSlow, createBodyPlaces } from './body-places.ts'
import { badSignature, type ReadSignature } from './signature.ts'
import type { WebhookMetrics } from './webhook-metrics.ts'
import type { WebhookSecrets } from './webhook-secrets.ts'

/** What tells one provider's web hooks from another's. */
export interface WebhookProvider {
  provider: BillingProvider
  path: string
  /** In lower case. */
  signatureHeader: string
  readSignature: ReadSignature
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
/** Providers wait some 5 to 10 s for an answer. */
const PLACES = { places: 64, patienceMs: 4_000, readWithinMs: 5_000, yieldAfterMs: 250 }

/**
 * Takes a provider's events: verified before anything is stored, stored (encrypted, with majority) before
 * they are answered, applied later. What is not stored is not answered 200, so that the provider sends it
 * again.
 */
export function webhookRoute(provider: WebhookProvider, options: WebhookRouteOptions): Route {
  const places = createBodyPlaces(PLACES)
  const count = (outcome: string) =>
    options.metrics.received.inc({ provider: provider.provider, outcome })
  return {
    method: 'POST',
    path: provider.path,
    maxBodyBytes: MOST_BODY_BYTES,
    async handle(request) {
      try {
        const event = await receive(provider, options, places, request)
        count(event)
        return { status: 200, headers: { 'Cache-Control': 'no-store' }, body: { received: true } }
      } catch (error) {
        const refused = isRefusal(error)
        count(refused ? 'refused' : 'failed')
        if (!refused) throw unavailable(error, options.log, provider.provider)
        if (!(error instanceof BodyTooSlow)) throw error
        // Of all others the rest flows by, so that they come to read why they were refused.
        const headers = { Connection: 'close' }
        return problem('BAD_USER_INPUT', 400, error.message, request.requestId, headers)
      }
    },
  }
}

async function receive(
  provider: WebhookProvider,
  options: WebhookRouteOptions,
  places: BodyPlaces,
  request: RestRequest,
): Promise<'stored' | 'repeated'> {
  const { secrets, signatureHeader, readSignature } = provider
  const known = await secrets.current()
  if (known.length === 0) throw badSignature()
  const isSigned = readSignature(request.headerLines(signatureHeader), options.clock())
  const place = await places.take(request.bodyIsHere)
  try {
    const text = decoded(await request.body(place.cut))
    place.isRead()
    // A body may have waited for a place: secrets may have been rotated meanwhile.
    if (!isSigned(text, await secrets.current())) throw badSignature()
    return await store(provider, options, text)
  } finally {
    place.giveBack()
  }
}

async function store(
  { provider, nameOf }: WebhookProvider,
  { db, encryption, clock, log, metrics }: WebhookRouteOptions,
  text: string,
): Promise<'stored' | 'repeated'> {
  const named = nameOf(parsed(text))
  if (!named) throw new BadInput('The body is not an event of this kind.')
  const { eventId, type, says } = named
  const _id = providerId(provider, eventId)
  const event: NewInboxDoc = {
    ...{ _id, provider, eventId, type, receivedAt: new Date(clock()) },
    contentHash: hash('sha256', JSON.stringify([type, says]), 'base64url'),
    raw: encryption.encrypt(text, _id, 'raw'),
  }
  const kept = await keepInInbox(db, event)
  if (kept === 'new') return 'stored'
  if (kept === 'other content') {
    metrics.contradictions.inc({ provider })
    log.error({ event: _id }, 'an event came again and says something else; the first one stays')
  }
  return 'repeated'
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
    const content: unknown = isTooDeep(text) ? null : JSON.parse(text)
    if (typeof content === 'object' && content !== null) return content
  } catch {
    // Told below.
  }
  throw new BadInput('The body is not a JSON object.')
}

/** Events nest some ten levels. Parsing 400,000 of them, which fit into a body, holds the process for long. */
const MOST_LEVELS = 200
const [quote, backslash, openList, openObject] = [0x22, 0x5c, 0x5b, 0x7b]
const [closeList, closeObject] = [0x5d, 0x7d]

function isTooDeep(text: string): boolean {
  let levels = 0
  let inString = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (inString) {
      if (code === backslash) at += 1
      else if (code === quote) inString = false
    } else if (code === quote) inString = true
    else if (code === openList || code === openObject) levels += 1
    else if (code === closeList || code === closeObject) levels -= 1
    if (levels > MOST_LEVELS) return true
  }
  return false
}

function isRefusal(error: unknown): boolean {
  if (error instanceof ApiError) return error.status < 500
  return error instanceof BadInput || error instanceof BodyTooSlow
}

/** Whatever kept an event from being stored: the provider shall send it again. */
function unavailable(error: unknown, log: Logger, provider: BillingProvider): ApiError {
  if (error instanceof ApiError && error.code === 'UNAVAILABLE') return error
  log.error({ err: error, provider }, 'a web hook could not be stored; its provider sends it again')
  const message = 'The event could not be stored. Send it again.'
  return new ApiError('UNAVAILABLE', message, { retryAfter: 1, cause: error })
}
