/**
 * What a failed call to a provider means for whoever made it.
 *
 * | code        | it was done | worth repeating                                       |
 * | ----------- | ----------- | ----------------------------------------------------- |
 * | refused     | no          | no: the same request is refused again                 |
 * | unavailable | no          | yes, later (and after our settings are put right)     |
 * | unknown     | nobody knows | only after asking, or where the provider tells doubles |
 */
export type ProviderFailure = 'refused' | 'unavailable' | 'unknown'

export interface FailedAnswer {
  /** HTTP status; null: no answer came. */
  status: number | null
  writes: boolean
  /** Without an answer: whether the request can have arrived. */
  mayHaveArrived: boolean
  /** The provider's own word for it. */
  reason: string | null
}

/**
 * A 5xx to a request that changes something tells nothing of whether it was done: the error may have come
 * after it. So does a 2xx that cannot be read (it is here because it could not). 401 and 403 are about our
 * key, 3xx about our address, and locks (Paddle locks a subscription around its renewal) pass: what was asked
 * for is not at fault, so it is not given up.
 */
export function failureOf({
  status,
  writes,
  mayHaveArrived,
  reason,
}: FailedAnswer): ProviderFailure {
  const notKnown = writes ? 'unknown' : 'unavailable'
  if (status === null) return mayHaveArrived ? notKnown : 'unavailable'
  if (status < 300 || status >= 500 || status === 408) return notKnown
  const passes = status < 400 || [401, 403, 409, 425, 429].includes(status)
  return passes || isLock(reason) ? 'unavailable' : 'refused'
}

function isLock(reason: string | null): boolean {
  return reason !== null && /(^|_)lock(ed)?(_|$)/.test(reason)
}
