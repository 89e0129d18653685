import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { CredentialWatch } from '../callers/credential-watch.ts'
import { ApiError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Router } from '../rest/router.ts'
import { createClientAddress, type Network } from './client-address.ts'
import { createOrigins } from './cors.ts'
import {
  connectionOf,
  createFrontDoor,
  graphqlPath,
  pathOf,
  refusal,
  requestIdOf,
  type Served,
} from './front-door.ts'
import { createGate } from './gate.ts'
import type { HttpMetrics } from './http-metrics.ts'
import { createHttpServer } from './http-server.ts'
import { createSocketPulse } from './socket-pulse.ts'
import { createWebSocketEntrance, type WebSocketEntrance } from './web-socket.ts'

export interface ApiListenerOptions {
  production: boolean
  /** Only clients of this machine may ask: `Host` must be a loopback name. */
  embedded: boolean
  tls: { certFile: string; keyFile: string } | null
  trustProxy: readonly Network[]
  allowedOrigins: readonly string[]
  webSocket: { payloadBytes: number; subscriptions: number; initMs: number }
  waitingRoom: Router
  log: Logger
  accessLog: Logger
  metrics: HttpMetrics
  /** ms since the epoch */
  clock: () => number
}

export interface ApiListener {
  /** @returns the port */
  listen(port: number, host: string): Promise<number>
  /** From now on everything is answered, not the waiting room alone. */
  serve(served: Served & { watch: CredentialWatch }): void
  /** Accepts nothing new, closes sockets with 1001, waits so long for answers under way. */
  close(graceMs: number): Promise<void>
}

/** The one port of an API process: HTTP, event streams and WebSocket behind the same gate. */
export function createApiListener(options: ApiListenerOptions): ApiListener {
  const { log, clock, webSocket } = options
  const clientAddress = createClientAddress(options.trustProxy)
  const gate = createGate({
    production: options.production,
    loopbackHostsOnly: options.embedded,
  })
  const origins = createOrigins(options.allowedOrigins)
  const pulse = createSocketPulse({ clock })
  let served: Served | null = null
  let sockets: WebSocketEntrance | null = null

  function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const requestId = requestIdOf(request)
    const client = clientAddress(connectionOf(request))
    const refused = gate(request, client) ?? refuseUpgrade(request)
    if (refused || !sockets) {
      end(socket, refused ?? new ApiError('UNAVAILABLE', 'The server is starting.'), requestId)
      return
    }
    sockets.upgrade(request, socket, head, { ip: client.ip, requestId })
  }

  function refuseUpgrade(request: IncomingMessage): ApiError | null {
    if (pathOf(request) !== graphqlPath) return new ApiError('NOT_FOUND', 'There is nothing here.')
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      return new ApiError('BAD_USER_INPUT', 'Only websocket can be upgraded to.')
    }
    if (origins.mayConnect(request.headers)) return null
    return new ApiError('FORBIDDEN', 'This origin may not connect.')
  }

  function end(socket: Duplex, error: ApiError, requestId: string): void {
    const { status, headers, body } = refusal('', error, requestId, log)
    const lines = Object.entries({ ...headers, 'X-Request-Id': requestId, Connection: 'close' })
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const length = Buffer.byteLength(String(body))
    socket.end(`HTTP/1.1 ${status} Refused\r\n${head}Content-Length: ${length}\r\n\r\n${body}`)
  }

  const { production, waitingRoom, accessLog, metrics } = options
  metrics.countSockets(() => sockets?.open() ?? 0)
  const server = createHttpServer({
    tls: options.tls,
    log,
    onUpgrade,
    listener: createFrontDoor({
      served: () => served,
      waitingRoom,
      clientAddress,
      gate,
      origins,
      production,
      log,
      accessLog,
      metrics,
    }),
  })

  return {
    listen: server.listen,
    serve({ watch, ...answering }) {
      served = answering
      const { yoga, callers } = answering
      sockets = createWebSocketEntrance({ yoga, callers, watch, pulse, log, limits: webSocket })
    },
    async close(graceMs) {
      await Promise.all([server.close(graceMs), sockets?.close(Math.min(graceMs, 1_000))])
      pulse.stop()
    },
  }
}
