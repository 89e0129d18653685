import type { ExecutionResult, GraphQLError } from 'graphql'
import { type Plugin, processRegularResult } from 'graphql-yoga'
import type { Entrance } from '../context.ts'
import { ApiError, statusByCode } from '../errors.ts'
import type { Logger } from '../log.ts'
import { type ClientError, clientError } from './client-error.ts'

/**
 * The last word on errors: masks them in single results and in every message of a stream, and gives
 * HTTP its status. What is refused whole has the status of its code whatever `Accept` says; an error
 * of the request itself follows GraphQL over HTTP: 400, but 200 for `Accept: application/json`.
 */
export function useErrors(log: Logger): Plugin<object, Entrance> {
  return {
    onSubscribe({ args }) {
      const { requestId } = args.contextValue as unknown as Entrance
      return {
        onSubscribeResult: () => ({
          onNext({ result, setResult }) {
            if (result.errors) setResult(maskResult(result, requestId, log))
          },
        }),
        onSubscribeError({ error, setError }) {
          setError(clientError(error, requestId, log))
        },
      }
    },
    onResultProcess({ result, setResult, serverContext, resultProcessor, setResultProcessor }) {
      const { requestId } = serverContext
      if (!resultProcessor) {
        // Nobody will read the stream that a subscription opened.
        if (Symbol.asyncIterator in result) void result[Symbol.asyncIterator]().return?.()
        const refusal = new ApiError(
          'BAD_USER_INPUT',
          'Nothing that Accept names can carry this answer; a subscription needs text/event-stream.',
        )
        const errors = [clientError(refusal, requestId, log)]
        setResult({ errors: withStatus(errors, 406) })
        setResultProcessor(processRegularResult, 'application/json')
        return
      }
      if (Array.isArray(result) || !('errors' in result) || !result.errors) return
      const shown = maskResult(result as ExecutionResult, requestId, log)
      if ('data' in shown) setResult(shown)
      else setResult({ ...shown, errors: withStatus(shown.errors, statusOf(result.errors)) })
    },
  }
}

export interface MaskedResult extends ExecutionResult {
  errors: ClientError[]
}

/** The same result with every error fit for clients. A result without `data` has at least one. */
export function maskResult(result: ExecutionResult, requestId: string, log: Logger): MaskedResult {
  const errors = (result.errors ?? []).map((error) => clientError(error, requestId, log))
  if (errors.length === 0 && !('data' in result)) {
    errors.push(clientError(new Error('a result without data and errors'), requestId, log))
  }
  return { ...result, errors }
}

/** A status that an error brings itself: 405 and 411 have no code of their own. */
function statusOf(errors: readonly GraphQLError[]): number | undefined {
  const http = errors[0]?.extensions.http as { status?: number; spec?: boolean } | undefined
  return http?.spec ? undefined : http?.status
}

/** Attaches what Yoga reads its status and headers from, and strips before printing. */
function withStatus(errors: readonly ClientError[], own: number | undefined): GraphQLError[] {
  return errors.map((error) => {
    const { code, retryAfter } = error
    const shape = code === 'BAD_USER_INPUT' || code === 'QUERY_TOO_COMPLEX'
    const http = {
      status: own ?? statusByCode[code],
      // Yoga's word for "200 where the client accepts application/json".
      spec: shape && own === undefined,
      headers: {
        ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
        ...(own === 405 && { Allow: 'GET, POST' }),
      },
    }
    Object.assign(error.extensions, { http })
    return error
  })
}
