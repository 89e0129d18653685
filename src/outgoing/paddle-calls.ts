import { z } from 'zod'
import type { ProviderClientOptions } from './provider-client.ts'
import { ProviderError } from './provider-error.ts'
import { NoAnswer, type ProviderAnswer } from './provider-http.ts'

export interface PaddleCall {
  method: 'GET' | 'POST'
  path: string
  query?: Readonly<Record<string, string>>
  body?: object
  /** Given three times as long: Paddle collects a payment before it answers. */
  slow?: boolean
}

/**
 * Makes one call, counted, and checks what came.
 * @throws ProviderError
 */
export type CallPaddle = <Schema extends z.ZodType>(
  schema: Schema,
  call: PaddleCall,
) => Promise<z.infer<Schema>>

const TIMEOUT_MS = 10_000

const failure = z.looseObject({ error: z.looseObject({ code: z.string() }) })

export function unreadable(method: PaddleCall['method'], status: number): ProviderError {
  return new ProviderError({
    ...{ provider: 'PADDLE', writes: method === 'POST', status, mayHaveArrived: true },
    ...{ reason: null, retryAfterMs: null },
  })
}

export function createPaddleCalls(options: ProviderClientOptions): CallPaddle {
  const { metrics } = options
  return (schema, call) =>
    metrics.counted('PADDLE', async () => {
      const { status, text, retryAfterMs } = await answerTo(options, call)
      const content = parsed(text)
      if (status < 200 || status >= 300) {
        const reason = failure.safeParse(content).data?.error.code ?? null
        const writes = call.method === 'POST'
        throw new ProviderError({
          ...{ provider: 'PADDLE', writes, status, mayHaveArrived: true, reason, retryAfterMs },
        })
      }
      const read = schema.safeParse(content)
      if (read.success) return read.data
      throw unreadable(call.method, status)
    })
}

async function answerTo(
  { access, ask, timeoutMs = TIMEOUT_MS }: ProviderClientOptions,
  { method, path, query, body, slow = false }: PaddleCall,
): Promise<ProviderAnswer> {
  const parameters = query ? `?${new URLSearchParams(query)}` : ''
  try {
    return await ask(`${access.apiBase}${path}${parameters}`, {
      method,
      headers: {
        authorization: `Bearer ${access.key}`,
        'content-type': 'application/json',
        'paddle-version': '1',
      },
      body: body ? JSON.stringify(body) : null,
      timeoutMs: slow ? 3 * timeoutMs : timeoutMs,
    })
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    const { mayHaveArrived } = error
    throw new ProviderError({
      ...{ provider: 'PADDLE', writes: method === 'POST', status: null, mayHaveArrived },
      ...{ reason: null, retryAfterMs: null },
    })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
