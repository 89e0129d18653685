import { GraphQLError } from 'graphql'
import { ApiError, type ErrorCode, statusByCode } from '../errors.ts'
import type { Logger } from '../log.ts'
import { BadInput } from '../rules/bad-input.ts'

const masked = new WeakSet<Error>()
/** Kept beside the error, never inside: what is inside reaches clients. */
const retryAfterOf = new WeakMap<Error, number>()

/**
 * What a client may see of an error: one code of the closed list, a message only where we wrote it
 * for clients. Everything unexpected is logged with the request id and becomes INTERNAL.
 * Idempotent, so that HTTP, streams and WebSocket may each apply it at their own last moment.
 */
export function clientError(error: unknown, requestId: string, log: Logger): GraphQLError {
  if (error instanceof GraphQLError && masked.has(error)) return error
  const root = rootCause(error)
  const code = codeOf(root, error)
  if (code === 'INTERNAL')
    log.error({ requestId, err: root }, 'a request ended in an internal error')
  const located = error instanceof GraphQLError ? error : undefined
  const shown = new GraphQLError(messageOf(code, root), {
    ...(located?.nodes && { nodes: located.nodes }),
    ...(located?.source && { source: located.source }),
    ...(located?.positions && { positions: located.positions }),
    ...(located?.path && { path: located.path }),
    extensions: code === 'INTERNAL' ? { code, requestId } : { code },
  })
  if (root instanceof ApiError && root.retryAfter !== undefined) {
    retryAfterOf.set(shown, root.retryAfter)
  }
  masked.add(shown)
  return shown
}

/** The closed-list code of an error that went through `clientError`. */
export function clientCode(error: GraphQLError): ErrorCode {
  const { code } = error.extensions
  return isErrorCode(code) ? code : 'INTERNAL'
}

/** Whole seconds for `Retry-After`, where the error asks to come back. */
export function retryAfter(error: GraphQLError): number | undefined {
  return retryAfterOf.get(error)
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(statusByCode, code)
}

/** graphql wraps what a resolver throws to give it a path, sometimes twice. */
function rootCause(error: unknown): unknown {
  let root = error
  for (let depth = 0; depth < 10; depth++) {
    if (!(root instanceof GraphQLError)) return root
    const inner = root.originalError ?? root.cause
    if (inner === undefined) return root
    root = inner
  }
  return root
}

function codeOf(root: unknown, error: unknown): ErrorCode {
  if (root instanceof ApiError) return root.code
  if (root instanceof BadInput) return 'BAD_USER_INPUT'
  if (!(root instanceof GraphQLError)) return 'INTERNAL'
  if (isErrorCode(root.extensions.code)) return root.extensions.code
  // Without a path nothing was executed: syntax, validation, coercion, the request's shape. With one,
  // graphql itself complains either of an argument (its node) or of what a resolver returned (the field).
  const path = error instanceof GraphQLError ? error.path : undefined
  if (path === undefined || root.nodes?.[0]?.kind !== 'Field') return 'BAD_USER_INPUT'
  return 'INTERNAL'
}

function messageOf(code: ErrorCode, root: unknown): string {
  if (code === 'INTERNAL' || !(root instanceof Error)) {
    return 'Something went wrong on our side. Quote the request id when you report it.'
  }
  return root.message
}
