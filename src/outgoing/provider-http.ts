import { parseRetryAfter } from '../rules/retry-schedule.ts'

/** An answer of a provider, whole. */
export interface ProviderAnswer {
  status: number
  text: string
  retryAfterMs: number | null
}

export interface ProviderRequest {
  method: 'GET' | 'POST'
  headers: Readonly<Record<string, string>>
  /** Null: none. */
  body: string | null
  /** For all of it: connection, sending, waiting and reading. */
  timeoutMs: number
}

/** Nothing answered. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  /** Whether the request can have arrived all the same. */
  readonly mayHaveArrived: boolean

  constructor(mayHaveArrived: boolean) {
    super(mayHaveArrived ? 'no answer came' : 'no connection could be made')
    this.mayHaveArrived = mayHaveArrived
  }
}

export interface ProviderHttpOptions {
  /** The global one; an argument for tests. */
  fetch: typeof fetch
  /** ms since the epoch */
  clock: () => number
}

/**
 * One request to an address that stands in the settings (private ones too), made once: not repeated, not
 * redirected, the answer not longer than two megabytes.
 * @throws NoAnswer
 */
export type AskProvider = (url: string, request: ProviderRequest) => Promise<ProviderAnswer>

/** A page of a hundred subscriptions has some 300 kB. */
const ANSWER_BYTES = 2_000_000

export function createProviderHttp(options: ProviderHttpOptions): AskProvider {
  return async (url, { method, headers, body, timeoutMs }) => {
    try {
      const response = await options.fetch(url, {
        method,
        headers: { ...headers, 'accept-encoding': 'identity' },
        ...(body !== null && { body }),
        // A redirect is an answer like any: whoever sends one would be handed our key otherwise.
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      })
      const retryAfter = response.headers.get('retry-after')
      return {
        status: response.status,
        text: await boundedText(response),
        retryAfterMs: retryAfter === null ? null : parseRetryAfter(retryAfter, options.clock()),
      }
    } catch (error) {
      throw new NoAnswer(!neverConnected(error))
    }
  }
}

/** @throws Error where it is too long */
async function boundedText(response: Response): Promise<string> {
  if (!response.body) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.length
    // Leaving the loop cancels the rest.
    if (bytes > ANSWER_BYTES) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** What fails before a byte of the request is sent. Whatever is not in it may have arrived. */
const beforeSending =
  /^(ECONNREFUSED|ENOTFOUND|ENODATA|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|CERT_\w+|ERR_TLS_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/

function neverConnected(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof AggregateError) return cause.errors.every(isBeforeSending)
  return isBeforeSending(cause)
}

function isBeforeSending(error: unknown): boolean {
  return error instanceof Error && 'code' in error && beforeSending.test(String(error.code))
}
