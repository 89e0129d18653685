import { GraphQLError } from 'graphql'
import { ApiError, type ErrorCode, statusByCode } from '../errors.ts'
import type { Logger } from '../log.ts'
import { BadInput } from '../rules/bad-input.ts'
import { databaseAway } from '../store/database.ts'

/** An error fit for clients: one code of the closed list, and nothing that we did not mean to show. */
export class ClientError extends GraphQLError {
  readonly code: ErrorCode
  /** Whole seconds for `Retry-After`; beside the extensions, which are printed. */
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, root: unknown, error: unknown, requestId: string) {
    const located = error instanceof GraphQLError ? error : undefined
    super(messageOf(code, root), {
      // Places in the text, not nodes: those would keep the whole document alive with the error.
      source: located?.source,
      positions: located?.positions,
      path: located?.path,
      extensions: code === 'INTERNAL' ? { code, requestId } : { code },
    })
    this.code = code
    this.retryAfter = root instanceof ApiError ? root.retryAfter : undefined
  }
}

/**
 * What a client may see of an error: a message only where we wrote it for clients. Everything unexpected
 * is logged with the request id and becomes INTERNAL. Idempotent, so that HTTP, streams and WebSocket may
 * each apply it at their own last moment.
 */
export function clientError(error: unknown, requestId: string, log: Logger): ClientError {
  if (error instanceof ClientError) return error
  const cause = rootCause(error)
  const away = databaseAway(cause)
  if (away) log.warn({ requestId, err: cause }, 'MongoDB did not answer a request')
  const root = away ?? cause
  const code = codeOf(root, error)
  if (code === 'INTERNAL') {
    log.error({ requestId, err: root }, 'a request ended in an internal error')
  }
  return new ClientError(code, root, error, requestId)
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
  const about = root.nodes?.[0]?.kind
  const byClient = path === undefined || (about !== undefined && about !== 'Field')
  return byClient ? 'BAD_USER_INPUT' : 'INTERNAL'
}

function messageOf(code: ErrorCode, root: unknown): string {
  if (code === 'INTERNAL' || !(root instanceof Error)) {
    return 'Something went wrong on our side. Quote the request id when you report it.'
  }
  return root instanceof GraphQLError ? withoutInput(root.message) : root.message
}

/**
 * graphql prints the whole input object in which one field is missing or misspelt, and another field of it may
 * be a secret.
 */
function withoutInput(message: string): string {
  const kept = message.replace(/(?:[,;]? found)?: [{[][\s\S]*$/i, '')
  return kept === message || /[.?]$/.test(kept) ? kept : `${kept}.`
}
