import { setMaxListeners } from 'node:events'
import type { ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { CredentialWatch } from '../callers/credential-watch.ts'
import type { Context, Entrance } from '../context.ts'
import { clientError } from './client-error.ts'

interface HttpContext extends Context, Entrance {
  request?: Request
}

export interface StreamsOptions {
  watch: CredentialWatch
  /** The process stops. */
  closing: AbortSignal
}

/**
 * Ends the event streams of HTTP: with an error when their credentials are refused, and at once when the
 * process stops or the client leaves, whatever the source waits for (an async generator that is parked on
 * a promise does not hear `return`). Sockets have their own end (web-socket.ts).
 */
export function useStreams({ watch, closing }: StreamsOptions): Plugin {
  // Every open stream listens to it; that is no leak.
  setMaxListeners(0, closing)
  return {
    onSubscribe({ args }) {
      const context = args.contextValue as unknown as HttpContext
      const { request } = context
      if (!request) return
      return {
        onSubscribeResult({ result, setResult }) {
          if (!(Symbol.asyncIterator in result)) return
          const ends = [request.signal, closing]
          setResult(endable(result[Symbol.asyncIterator](), context, ends, watch))
        },
      }
    },
  }
}

/** The same messages, until `return`, one of the signals or a refusal of the credentials. */
function endable(
  source: AsyncIterator<ExecutionResult>,
  context: HttpContext,
  ends: readonly AbortSignal[],
  watch: CredentialWatch,
): AsyncGenerator<ExecutionResult> {
  let last: ExecutionResult | undefined
  let open = true
  // Of the `next` under way. Not a promise to race against: every race would leave a reaction on it,
  // which a stream of days never lets go.
  let settle: ((outcome: IteratorResult<ExecutionResult>) => void) | undefined

  const finalOutcome = (): IteratorResult<ExecutionResult> => {
    const value = last
    last = undefined
    return value ? { value, done: false } : { value: undefined, done: true }
  }
  const end = () => {
    if (!open) return
    open = false
    stopWatching()
    for (const signal of ends) signal.removeEventListener('abort', end)
    settle?.(finalOutcome())
    void source.return?.()
  }
  const stopWatching = watch.watch(context, context.caller, (error) => {
    last = { errors: [clientError(error, context.requestId, context.deps.log)] }
    end()
  })
  for (const signal of ends) signal.addEventListener('abort', end)
  if (ends.some((signal) => signal.aborted)) end()

  return {
    next() {
      if (!open) return Promise.resolve(finalOutcome())
      return new Promise((resolve, reject) => {
        settle = resolve
        source.next().then((outcome) => {
          if (outcome.done) end()
          resolve(outcome)
        }, reject)
      })
    },
    async return() {
      end()
      return { value: undefined, done: true }
    },
    async throw(error) {
      end()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
    async [Symbol.asyncDispose]() {
      end()
    },
  }
}
