import type { Caller } from '../context.ts'

/**
 * What a client presented, unjudged. Lists, because a header may be repeated: two keys are an error to
 * report and not a choice to make silently.
 */
export interface Credentials {
  /** `X-Api-Key`, or `connectionParams.apiKey` */
  apiKeys: readonly string[]
  /** `Authorization`, with its scheme */
  authorization: readonly string[]
  /** `X-Api-Key-Id`: which key of its account a bearer token lets pay */
  apiKeyId: readonly string[]
}

/** What may have changed: the listener resolves again whoever it concerns. Empty: anybody. */
export interface CallerChange {
  apiKeyId?: string
  accountId?: string
}

export interface CallerResolver {
  /**
   * Anonymous without credentials.
   * @param ip for the limit on failed authentications
   * @throws ApiError UNAUTHENTICATED, FORBIDDEN, BAD_USER_INPUT (two keys; key and bearer together),
   *   RATE_LIMITED (unknown credentials from an address with too many failures), UNAVAILABLE
   */
  resolveCaller(credentials: Credentials, ip: string): Promise<Caller> | Caller
  /** Calls back within a second of a key's revocation or rotation; returns how to stop listening. */
  onChange(listener: (change: CallerChange) => void): () => void
}

const none: readonly string[] = []

/**
 * From HTTP headers. Both Node and `Headers` join repeated headers with a comma, and no credential
 * contains one, so that splitting finds the repetition again.
 */
export function credentialsOfHeaders(
  get: (name: string) => string | null | undefined,
): Credentials {
  const list = (name: string) => {
    const value = get(name)
    return value === null || value === undefined ? none : value.split(',').map((one) => one.trim())
  }
  return {
    apiKeys: list('x-api-key'),
    authorization: list('authorization'),
    apiKeyId: list('x-api-key-id'),
  }
}

/** From the payload of `connection_init`: `{ apiKey }` or `{ authorization, apiKeyId }`. */
export function credentialsOfConnection(
  params: Readonly<Record<string, unknown>> | undefined,
): Credentials {
  // A wrong type must fail like a wrong key, not pass for "no key given".
  const list = (value: unknown) =>
    value === undefined || value === null ? none : [typeof value === 'string' ? value : '']
  return {
    apiKeys: list(params?.apiKey),
    authorization: list(params?.authorization),
    apiKeyId: list(params?.apiKeyId),
  }
}
