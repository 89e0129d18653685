import { ApiError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { ProviderError } from '../outgoing/provider-error.ts'
import type { Providers } from '../outgoing/providers.ts'
import { BadInput } from '../rules/bad-input.ts'
import { type BillingProvider, providerName } from '../rules/billing/fact.ts'

/** @throws BadInput where this server has no key of that provider */
export function configuredProvider<Name extends BillingProvider>(
  providers: Providers,
  provider: Name,
): NonNullable<Providers[Name]> {
  const client = providers[provider]
  if (client) return client
  throw new BadInput(`${providerName(provider)} is not set up on this server.`)
}

const RETRY_AFTER_SECONDS = 30

/** What a client is told of a provider's failure: that it is one, and when to try again. */
export function asApiError(error: ProviderError, log: Logger): ApiError {
  const who = providerName(error.provider)
  log.error({ err: error }, 'a payment provider did not do what a client needs')
  if (error.code === 'refused') {
    const message = `${who} does not accept this the way it is set up here. It has been reported.`
    return new ApiError('UNAVAILABLE', message, { cause: error })
  }
  const { retryAfterMs } = error
  return new ApiError('UNAVAILABLE', `${who} does not answer right now. Try again in a moment.`, {
    retryAfter: retryAfterMs === null ? RETRY_AFTER_SECONDS : Math.ceil(retryAfterMs / 1_000),
    cause: error,
  })
}

export async function askedProvider<T>(call: Promise<T>, log: Logger): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw error instanceof ProviderError ? asApiError(error, log) : error
  }
}
