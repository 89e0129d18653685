import { statusByCode } from '../../errors.ts'
import { componentRef, type JsonObject } from './output-schemas.ts'

/** What an operation refuses with, and when; its codes are those of the closed list with that status. */
const refusals: Readonly<Record<string, string>> = {
  400: 'A parameter is missing, unknown, given twice, malformed or at odds with another.',
  401: 'No API key and no bearer token, or one that is not valid.',
  403: 'This caller may not ask this: the admin key, a bearer token without `X-Api-Key-Id`, a blocked key.',
  404: '`X-Api-Key-Id` names no key of the account; or there is no such path.',
  405: 'Another method than GET or HEAD; `Allow` has those that are answered.',
  429: "The plan's month is used up, or its calls of one second are; `Retry-After` says when to come back.",
  500: 'Our fault. Quote the request id.',
  503: 'Not able to answer or to count just now; try again.',
}
const withHeader: Readonly<Record<string, readonly string[]>> = {
  405: ['Allow'],
  429: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  503: ['Retry-After'],
}

/** `components.responses`: each an RFC 9457 problem. */
export const errorResponses: Readonly<Record<string, JsonObject>> = Object.fromEntries([
  ...Object.entries(refusals).map(([status, when]) => [
    `Problem${status}`,
    problemResponse(`${when}${codesInWords(Number(status))}`, withHeader[status]),
  ]),
  ['Problem', problemResponse('Whatever else is wrong with a request: 413, 415.')],
])

/** An operation's own references to them. */
export const errorReferences: JsonObject = {
  ...Object.fromEntries(
    Object.keys(refusals).map((status) => [status, componentRef('responses', `Problem${status}`)]),
  ),
  default: componentRef('responses', 'Problem'),
}

/** RFC 9457, with our code and the request id as extensions. */
export const problemSchema: JsonObject = {
  type: 'object',
  description: 'RFC 9457.',
  properties: {
    type: { type: 'string', const: 'about:blank' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'For people; its wording may change.' },
    code: { type: 'string', description: 'For programs.', enum: Object.keys(statusByCode) },
    requestId: { type: 'string' },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
}

export function headerReferences(names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, componentRef('headers', name)]))
}

function codesInWords(status: number): string {
  const codes = Object.entries(statusByCode).filter(([, own]) => own === status)
  return codes.length > 0 ? ` ${codes.map(([code]) => `\`${code}\``).join(', ')}.` : ''
}

function problemResponse(description: string, headers: readonly string[] = []): JsonObject {
  return {
    description,
    headers: headerReferences(['X-Request-Id', ...headers]),
    content: { 'application/problem+json': { schema: componentRef('schemas', 'Problem') } },
  }
}
