import { type BillingProvider, providerName } from '../rules/billing/fact.ts'
import { failureOf, type ProviderFailure } from '../rules/billing/provider-failure.ts'

/** What is known of a call that did not work. */
export interface FailedCall {
  provider: BillingProvider
  /** Whether the call would have changed something there. */
  writes: boolean
  /** HTTP status; null: no answer came. */
  status: number | null
  /** Without an answer: whether the request can have arrived. */
  mayHaveArrived: boolean
  /** The provider's own word for it (`resource_missing`); null: it said none. */
  reason: string | null
  /** What `Retry-After` asked for. */
  retryAfterMs: number | null
}

/** A word, not a text: texts of providers hold ids, and now and then more. */
const word = /^[a-z][a-z0-9_]{0,79}$/

/**
 * A provider did not do what it was asked for; `code` says what that means. Its message names the provider,
 * the status and one word of the provider's, and nothing else: it may stand in logs and records.
 */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly code: ProviderFailure
  readonly provider: BillingProvider
  readonly status: number | null
  readonly reason: string | null
  readonly retryAfterMs: number | null

  constructor(call: FailedCall) {
    const reason = call.reason !== null && word.test(call.reason) ? call.reason : null
    const code = failureOf({ ...call, reason })
    super(inWords(code, { ...call, reason }))
    this.code = code
    this.provider = call.provider
    this.status = call.status
    this.reason = reason
    this.retryAfterMs = call.retryAfterMs
  }
}

function inWords(code: ProviderFailure, { provider, status, reason }: FailedCall): string {
  const who = providerName(provider)
  const what = {
    refused: `${who} refused`,
    unavailable: `${who} cannot be asked right now`,
    unknown: `whether ${who} did it is not known`,
  }[code]
  const details = [status ?? 'no answer', ...(reason === null ? [] : [reason])]
  return `${what} (${details.join(', ')})`
}
