import { STATUS_CODES } from 'node:http'
import { ApiError, type ErrorCode } from '../errors.ts'
import type { Logger } from '../log.ts'
import { BadInput } from '../rules/bad-input.ts'
import { databaseAway } from '../store/database.ts'
import { AskRefused } from './ask-graphql.ts'

/** What a REST handler answers; a body that is an object is sent as JSON. */
export interface RestAnswer {
  status: number
  headers?: Readonly<Record<string, string>>
  body?: string | Uint8Array | object
}

/** An error as `application/problem+json` (RFC 9457), with our code and the request id as extensions. */
export function problem(
  code: ErrorCode,
  status: number,
  detail: string,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): RestAnswer {
  const title = STATUS_CODES[status] ?? 'Error'
  return {
    status,
    headers: { 'Content-Type': 'application/problem+json; charset=utf-8', ...headers },
    body: JSON.stringify({ type: 'about:blank', title, status, detail, code, requestId }),
  }
}

/** Whatever a handler threw, as a problem; what nobody expected is logged and shown as INTERNAL. */
export function problemOf(error: unknown, requestId: string, log: Logger): RestAnswer {
  if (error instanceof ApiError) {
    const { code, status, message, retryAfter } = error
    const headers = {
      ...(error instanceof AskRefused && error.headers),
      ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
    }
    return problem(code, status, message, requestId, headers)
  }
  if (error instanceof BadInput) return problem('BAD_USER_INPUT', 400, error.message, requestId)
  const away = databaseAway(error)
  if (away) {
    log.warn({ requestId, err: error }, 'MongoDB did not answer a request')
    return problemOf(away, requestId, log)
  }
  log.error({ requestId, err: error }, 'a request ended in an internal error')
  const detail = 'Something went wrong on our side. Quote the request id when you report it.'
  return problem('INTERNAL', 500, detail, requestId)
}
