import { hash, randomUUID, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import { type CallerResolver, credentialsOfHeaders } from '../callers/credentials.ts'
import type { Logger } from '../log.ts'
import { healthRoutes, type Readiness } from '../rest/health.ts'
import type { RestAnswer } from '../rest/problem.ts'
import { createRouter } from '../rest/router.ts'
import { createClientAddress, type Network } from './client-address.ts'
import { createHttpServer, type HttpServer } from './http-server.ts'
import { restRequest } from './rest-request.ts'

export interface HealthListenerOptions {
  readiness: Readiness
  registry: Registry
  /** Opens `/metrics` from elsewhere than loopback; null: nothing does. */
  adminApiKey: string | null
  trustProxy: readonly Network[]
  log: Logger
}

/** `/livez`, `/readyz` and `/metrics` of a process that serves nothing else. */
export function createHealthListener(options: HealthListenerOptions): HttpServer {
  const { readiness, registry, log } = options
  const router = createRouter(healthRoutes(readiness, registry), log)
  const clientAddress = createClientAddress(options.trustProxy)
  const callers = adminOrNobody(options.adminApiKey)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID()
    const { remoteAddress } = request.socket
    const { ip, loopback } = clientAddress({ remoteAddress, headers: request.headers })
    const credentials = credentialsOfHeaders((name) => {
      const value = request.headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    })
    const [path = '/'] = (request.url ?? '/').split('?')
    const match = router.match(request.method ?? '', path)
    const found = match && 'route' in match ? match : null
    const asked = restRequest(request, found, { requestId, ip, credentials }, callers, loopback)
    send(request, response, await router.answer(match, asked))
  }

  return createHttpServer({
    tls: null,
    log,
    listener(request, response) {
      response.on('error', () => {}) // the client left
      answer(request, response).catch((error) => {
        log.error({ err: error }, 'a health request could not be answered')
        response.destroy()
      })
    },
    onUpgrade: (_request, socket) => socket.destroy(),
  })
}

/** No customers come here, so no key is looked up. */
function adminOrNobody(adminApiKey: string | null): CallerResolver {
  const expected = adminApiKey === null ? null : hash('sha256', adminApiKey, 'buffer')
  return {
    resolveCaller({ apiKeys }) {
      const [given, ...others] = apiKeys
      const one = expected && given !== undefined && others.length === 0
      const isAdmin = one && timingSafeEqual(hash('sha256', given, 'buffer'), expected)
      return isAdmin ? { kind: 'admin' } : { kind: 'anonymous' }
    },
    onChange: () => () => {},
  }
}

function send(request: IncomingMessage, response: ServerResponse, answer: RestAnswer): void {
  const { status, headers, body = '' } = answer
  const isText = typeof body === 'string'
  const type = isText ? {} : { 'Content-Type': 'application/json; charset=utf-8' }
  const text = isText ? body : JSON.stringify(body)
  const length = { 'Content-Length': Buffer.byteLength(text) }
  response.writeHead(status, { ...type, ...headers, ...length })
  response.end(request.method === 'HEAD' ? undefined : text)
}
