import Stripe from 'stripe'
import { z } from 'zod'
import type { ProviderClientOptions } from './provider-client.ts'
import { ProviderError } from './provider-error.ts'
import { type AskProvider, NoAnswer } from './provider-http.ts'

/** The SDK over our own way out, and the one way in which its answers and errors come back. */
export interface StripeCalls {
  sdk: Stripe
  /**
   * Runs one call, counted, and checks what came.
   * @throws ProviderError, whatever the SDK throws
   */
  asked<Schema extends z.ZodType>(
    schema: Schema,
    method: 'GET' | 'POST',
    call: () => Promise<unknown>,
  ): Promise<z.infer<Schema>>
}

const TIMEOUT_MS = 10_000

/** An event that Stripe had already: it says so in words and without a code (seen in 2026). */
export const DUPLICATE_METER_EVENT = 'duplicate_meter_event'
const duplicateMessage = /already exists with identifier/i

const failure = z.looseObject({
  error: z.looseObject({ code: z.string().optional(), message: z.string().optional() }),
})

/**
 * Not one network retry is left to the SDK: a charge that may have arrived is to be asked about, and who waits
 * for a checkout is not helped by a second wait of ten seconds. (Its clients repeat a cut connection once
 * whatever they are told; ours throws other errors.)
 */
export function createStripeCalls(options: ProviderClientOptions): StripeCalls {
  const { metrics } = options
  return {
    sdk: createSdk(options),
    asked: (schema, method, call) => metrics.counted('STRIPE', () => checked(schema, method, call)),
  }
}

/** The SDK's errors, which may hold anything, end here. */
async function checked<Schema extends z.ZodType>(
  schema: Schema,
  method: 'GET' | 'POST',
  call: () => Promise<unknown>,
): Promise<z.infer<Schema>> {
  let content: unknown
  try {
    content = await call()
  } catch (error) {
    const detail = error instanceof Error && 'detail' in error ? error.detail : undefined
    throw detail instanceof ProviderError ? detail : unreadable(method)
  }
  const read = schema.safeParse(content)
  if (read.success) return read.data
  throw unreadable(method)
}

/** An answer came, and it is not what was promised. */
export function unreadable(method: string): ProviderError {
  const writes = method === 'POST'
  const nothing = { reason: null, retryAfterMs: null }
  return new ProviderError({
    ...{ provider: 'STRIPE', status: 200, mayHaveArrived: true, writes },
    ...nothing,
  })
}

function createSdk({ access, ask, timeoutMs = TIMEOUT_MS }: ProviderClientOptions): Stripe {
  const { protocol, hostname, port } = new URL(access.apiBase)
  const httpClient = Stripe.createFetchHttpClient((input: unknown, init?: RequestInit) =>
    sdkFetch(ask, String(input), init ?? {}, timeoutMs),
  )
  return new Stripe(access.key, {
    ...{ httpClient, host: hostname, protocol: protocol === 'http:' ? 'http' : 'https' },
    ...(port !== '' && { port }),
    // Above ours, which covers the whole call and tells what it was.
    timeout: 2 * timeoutMs,
    maxNetworkRetries: 0,
    // It would write a file into the home directory, and send what machine this is.
    telemetry: false,
  })
}

/** What the SDK sees as `fetch`: an answer that went well, or our own error. */
async function sdkFetch(
  ask: AskProvider,
  input: string,
  { method, headers, body }: RequestInit,
  timeoutMs: number,
): Promise<Response> {
  const post = method === 'POST'
  const failed = { provider: 'STRIPE' as const, writes: post }
  try {
    const answer = await ask(input, {
      method: post ? 'POST' : 'GET',
      headers: Object.fromEntries(new Headers(headers)),
      body: post ? String(body ?? '') : null,
      timeoutMs,
    })
    const { status, text, retryAfterMs } = answer
    if (status >= 200 && status < 300 && isJson(text)) return new Response(text)
    throw new ProviderError({
      ...{ ...failed, status, mayHaveArrived: true, reason: reasonIn(text), retryAfterMs },
    })
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    const { mayHaveArrived } = error
    throw new ProviderError({
      ...{ ...failed, status: null, mayHaveArrived, reason: null, retryAfterMs: null },
    })
  }
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}

function reasonIn(text: string): string | null {
  if (!isJson(text)) return null
  const { code, message = '' } = failure.safeParse(JSON.parse(text)).data?.error ?? {}
  return duplicateMessage.test(message) ? DUPLICATE_METER_EVENT : (code ?? null)
}
