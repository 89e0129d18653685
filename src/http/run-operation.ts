import {
  type ExecutionArgs,
  type ExecutionResult,
  getOperationAST,
  type OperationTypeNode,
} from 'graphql'
import type { YogaServerInstance } from 'graphql-yoga'
import type { Entrance } from '../context.ts'
import type { Logger } from '../log.ts'
import { clientError } from '../plugins/client-error.ts'
import { maskResult } from '../plugins/use-errors.ts'
import { type AskGraphql, AskRefused } from '../rest/ask-graphql.ts'

export type Yoga = YogaServerInstance<Entrance, object>

export interface Operation {
  query: string
  variables?: Record<string, unknown> | null | undefined
  operationName?: string | null | undefined
}

/** An operation that passed parsing, validation and the caller's check, and can be executed. */
export interface PreparedOperation {
  kind: OperationTypeNode | undefined
  args: ExecutionArgs
  /** Never rejects: errors are in the result, masked. */
  run(): Promise<ExecutionResult | AsyncIterable<ExecutionResult>>
}

/**
 * Yoga's pipeline for entrances that are not HTTP requests of GraphQL: WebSocket and REST. Runs the same
 * plugins as `POST /graphql`, in the same order.
 * @returns what can be executed, or the result that refuses it
 */
export async function prepareOperation(
  yoga: Yoga,
  operation: Operation,
  entrance: Entrance,
  log: Logger,
): Promise<PreparedOperation | ExecutionResult> {
  const { requestId } = entrance
  const refused = (error: unknown) => maskResult({ errors: errorsOf(error) }, requestId, log)
  try {
    // A context of its own: the plugins write into it.
    const enveloped = yoga.getEnveloped({ ...entrance, params: operation })
    const { schema, parse, validate, contextFactory, execute, subscribe } = enveloped
    const document = parse(operation.query)
    const errors = validate(schema, document)
    if (errors.length > 0) return refused({ errors })
    const args: ExecutionArgs = {
      schema,
      document,
      contextValue: await contextFactory(),
      variableValues: operation.variables ?? null,
      operationName: operation.operationName ?? null,
    }
    const kind = getOperationAST(document, operation.operationName)?.operation
    const run = kind === 'subscription' ? subscribe : execute
    return {
      kind,
      args,
      async run() {
        try {
          const result = await run(args)
          return Symbol.asyncIterator in result ? result : masked(result, requestId, log)
        } catch (error) {
          return refused(error)
        }
      },
    }
  } catch (error) {
    return refused(error)
  }
}

/** How REST routes ask; see `AskGraphql`. */
export function createAskGraphql(yoga: Yoga, log: Logger): AskGraphql {
  return async (operation, { requestId, ip, credentials, endpoint }) => {
    const entrance = { requestId, ip, credentials, ...(endpoint && { endpoint }) }
    const prepared = await prepareOperation(yoga, operation, entrance, log)
    const result = 'run' in prepared ? await prepared.run() : prepared
    if (Symbol.asyncIterator in result) throw new Error('REST routes ask no subscriptions')
    const { headers = {} } = httpOf(result)
    const first = result.errors?.[0]
    if (first) {
      const { code, message, retryAfter } = clientError(first, requestId, log)
      throw new AskRefused(code, message, {
        headers,
        ...(retryAfter !== undefined && { retryAfter }),
      })
    }
    return { data: result.data ?? {}, headers }
  }
}

/** What plugins leave for HTTP: Yoga strips it before printing, other entrances must do so themselves. */
export function httpOf(result: ExecutionResult): { headers?: Record<string, string> } {
  return (result.extensions?.http ?? {}) as { headers?: Record<string, string> }
}

function masked(result: ExecutionResult, requestId: string, log: Logger): ExecutionResult {
  return result.errors || !('data' in result) ? maskResult(result, requestId, log) : result
}

/** Several errors at once come as an object that holds them, as AggregateError does. */
function errorsOf(error: unknown): NonNullable<ExecutionResult['errors']> {
  const several = typeof error === 'object' && error !== null && 'errors' in error && error.errors
  return (Array.isArray(several) ? several : [error]) as NonNullable<ExecutionResult['errors']>
}
