import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendNodeResponse } from '@whatwg-node/server'
import type { CallerResolver } from '../callers/credentials.ts'
import { credentialsOfHeaders } from '../callers/credentials.ts'
import type { Entrance } from '../context.ts'
import { ApiError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { problemOf, type RestAnswer } from '../rest/problem.ts'
import type { Router } from '../rest/router.ts'
import { logAccess } from './access-log.ts'
import type { ClientAddress, Connection } from './client-address.ts'
import type { Origins } from './cors.ts'
import type { HttpMetrics } from './http-metrics.ts'
import { restRequest } from './rest-request.ts'
import type { Yoga } from './run-operation.ts'
import { comeBack } from './waiting-room.ts'

/** What answers, once the process is ready to. */
export interface Served {
  yoga: Yoga
  router: Router
  callers: CallerResolver
  /** Signs the demo in, below `/issuer`; null: an issuer elsewhere does, or none. */
  issuer: IssuerHandler | null
}

/** Rejects with what it did not expect, before it has answered. */
export type IssuerHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

export interface FrontDoorParts {
  /** null: not ready yet. */
  served: () => Served | null
  /** Answers until then. */
  waitingRoom: Router
  clientAddress: (connection: Connection) => ClientAddress
  gate: (request: IncomingMessage, client: ClientAddress) => ApiError | null
  origins: Origins
  /** HSTS */
  production: boolean
  log: Logger
  accessLog: Logger
  metrics: HttpMetrics
}

export const graphqlPath = '/graphql'
const issuerPaths = '/issuer/'

/** Before MongoDB is there nobody can be told apart. */
const nobody: CallerResolver = { resolveCaller: comeBack, onChange: () => () => {} }
const sanePattern = /^[\w.:-]{1,64}$/
/** Of every answer; GraphiQL and the dashboard add their own policy of contents. */
const securityHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
} as const

/** The listener of every HTTP request: gate, CORS, then GraphQL or REST. Never throws. */
export function createFrontDoor(parts: FrontDoorParts) {
  const { served, waitingRoom, clientAddress, gate, origins, log } = parts

  async function graphql(request: IncomingMessage, response: ServerResponse, entrance: Entrance) {
    // One context object: a second would be merged by descriptors on every call.
    const { yoga } = served() ?? comeBack()
    const answer = await yoga.handleNodeRequestAndResponse(request, response, entrance)
    await sendNodeResponse(answer, response, request, true)
  }

  async function rest(
    request: IncomingMessage,
    response: ServerResponse,
    entrance: Entrance,
    match: ReturnType<Router['match']>,
    loopback: boolean,
  ) {
    const found = match && 'route' in match ? match : null
    const callers = served()?.callers ?? nobody
    const asked = restRequest(request, found, entrance, callers, loopback)
    send(request, response, await (served()?.router ?? waitingRoom).answer(match, asked))
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    const requestId = requestIdOf(request)
    const path = pathOf(request)
    const router = served()?.router ?? waitingRoom
    const match = path === graphqlPath ? null : router.match(request.method ?? '', path)
    const isIssuer = path.startsWith(issuerPaths)
    const pattern = match && 'route' in match ? match.route.path : undefined
    const route = path === graphqlPath ? path : isIssuer ? `${issuerPaths}*` : pattern
    logAccess(parts, request, response, { path, route, requestId })
    response.on('error', () => {}) // the client left; `close` says so in the access line
    setHeaders(response, securityHeaders)
    response.setHeader('X-Request-Id', requestId)
    if (parts.production) response.setHeader('Strict-Transport-Security', 'max-age=31536000')

    const client = clientAddress(connectionOf(request))
    const refused = gate(request, client)
    if (refused) {
      refuse(request, response, path, refused, requestId, log)
      return
    }
    const issuer = isIssuer ? served()?.issuer : null
    if (issuer) {
      const signIn = async () => {
        // It lets in whoever presses a button: that must be somebody at this machine.
        if (!client.loopback) throw new ApiError('FORBIDDEN', 'The demo signs in from its machine.')
        await issuer(request, response)
      }
      signIn().catch((error) => refuse(request, response, path, error, requestId, log))
      return
    }
    setHeaders(response, origins.corsHeaders(request.headers))
    if (request.method === 'OPTIONS') {
      setHeaders(response, origins.preflightHeaders(request.headers))
      response.writeHead(204, { Allow: 'GET, HEAD, POST, OPTIONS' }).end()
      return
    }
    const credentials = credentialsOfHeaders((name) => headerOf(request, name))
    const entrance: Entrance = { requestId, ip: client.ip, credentials }
    const answered =
      path === graphqlPath
        ? graphql(request, response, entrance)
        : rest(request, response, entrance, match, client.loopback)
    answered.catch((error) => refuse(request, response, path, error, requestId, log))
  }
}

/** Refuses in the words of the path: GraphQL's errors on /graphql, a problem elsewhere. */
export function refusal(path: string, error: unknown, requestId: string, log: Logger): RestAnswer {
  const problem = problemOf(error, requestId, log)
  if (path !== graphqlPath) return problem
  const { detail, code } = JSON.parse(String(problem.body)) as { detail: string; code: string }
  return {
    status: problem.status,
    headers: { ...problem.headers, 'Content-Type': 'application/json; charset=utf-8' },
    body: { errors: [{ message: detail, extensions: { code, requestId } }] },
  }
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  error: unknown,
  requestId: string,
  log: Logger,
): void {
  if (!response.headersSent) send(request, response, refusal(path, error, requestId, log))
  // Half an answer must not look like a whole one.
  else if (!response.writableEnded) response.destroy()
}

function send(request: IncomingMessage, response: ServerResponse, answer: RestAnswer): void {
  const { status, headers = {}, body = '' } = answer
  const { Vary, ...others } = headers
  const raw = typeof body === 'string' || body instanceof Uint8Array
  const bytes = Buffer.from(raw ? (body as string) : JSON.stringify(body))
  if (!raw) response.setHeader('Content-Type', 'application/json; charset=utf-8')
  setHeaders(response, others)
  // Origin may stand there already.
  if (Vary !== undefined) response.appendHeader('Vary', Vary)
  // Of a 304 it would be the length of what is not sent.
  if (status !== 304) response.setHeader('Content-Length', bytes.length)
  response.writeHead(status).end(request.method === 'HEAD' ? undefined : bytes)
}

function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) response.setHeader(name, headers[name] ?? '')
}

export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && sanePattern.test(given) ? given : randomUUID()
}

export function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/'
  const at = url.indexOf('?')
  return at < 0 ? url : url.slice(0, at)
}

export function connectionOf(request: IncomingMessage): Connection {
  const { remoteAddress } = request.socket
  const encrypted = 'encrypted' in request.socket
  return { remoteAddress, encrypted, headers: request.headers }
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
