import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ExecutionArgs, FormattedExecutionResult, GraphQLError } from 'graphql'
import { handleProtocols, makeServer, type ServerOptions } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import type { CredentialWatch } from '../callers/credential-watch.ts'
import { type CallerResolver, credentialsOfConnection } from '../callers/credentials.ts'
import type { Entrance } from '../context.ts'
import { ApiError, type ErrorCode } from '../errors.ts'
import type { Logger } from '../log.ts'
import { clientError } from '../plugins/client-error.ts'
import { type PreparedOperation, prepareOperation, type Yoga } from './run-operation.ts'
import type { SocketPulse } from './socket-pulse.ts'

export interface WebSocketParts {
  yoga: Yoga
  callers: CallerResolver
  watch: CredentialWatch
  pulse: SocketPulse
  log: Logger
  limits: { payloadBytes: number; subscriptions: number; initMs: number }
}

export interface WebSocketEntrance {
  /** Takes over a connection that passed the gate. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, client: Client): void
  open(): number
  /** 1001 to everybody; ends what does not go within the time. */
  close(ms: number): Promise<void>
}

interface Client {
  ip: string
  requestId: string
}

interface Extra extends Client {
  socket: WebSocket
  entrance: Entrance
  stopWatching: () => void
  /** Ids of its subscriptions; those that ended may still be among them. */
  streams: Set<string>
}

const upgradesPerTurn = 50
/** Queries under way on one socket: far above what a client needs, far below what would hold us up. */
const operationsAtOnce = 200

type Init = Record<string, unknown>

/** Close codes of graphql-ws where it has one, 44xx after our HTTP statuses else. */
const closeCodes: Partial<Record<ErrorCode, number>> = {
  BAD_USER_INPUT: 4400,
  UNAUTHENTICATED: 4401,
  FORBIDDEN: 4403,
  KEY_BLOCKED: 4403,
  NOT_FOUND: 4404,
  RATE_LIMITED: 4429,
  UNAVAILABLE: 1013,
}

/**
 * `graphql-transport-ws` on /graphql: graphql-ws speaks the protocol, ws the frames, and Yoga's pipeline
 * runs each operation. Credentials come with `connection_init` and are watched as long as it is open.
 */
export function createWebSocketEntrance(parts: WebSocketParts): WebSocketEntrance {
  const { pulse, log, limits } = parts
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.payloadBytes,
    // One message a tick: a flood on one socket must not hold the others up.
    allowSynchronousEvents: false,
    handleProtocols,
  })
  const protocol = makeServer<Init, Extra>(protocolOptions(parts))

  function opened(socket: WebSocket, client: Client): void {
    pulse.add(socket)
    // A frame too large or malformed: ws answers with the right code, and would then read on to the end
    // of a frame of any size. Unread, it stays the sender's; the close frame gets a moment to leave.
    socket.on('error', (error) => {
      log.debug({ ...client, err: error }, 'socket error')
      process.nextTick(() => socket.pause())
      setTimeout(() => socket.terminate(), 200).unref()
    })
    const extra: Extra = {
      ...client,
      socket,
      entrance: { ...client, credentials: credentialsOfConnection(undefined) },
      stopWatching: () => {},
      streams: new Set(),
    }
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (data) => send(socket, data, pulse.maxBufferedBytes),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) => {
          socket.on('message', (data) => {
            handle(String(data)).catch((error) => {
              log.error({ ...client, err: error }, 'a socket message failed')
              socket.close(1011, 'INTERNAL')
            })
          })
        },
      },
      extra,
    )
    socket.once('close', (code, reason) => {
      extra.stopWatching()
      closed(code, String(reason)).catch((error) =>
        log.error({ ...client, err: error }, 'a socket did not close cleanly'),
      )
    })
  }

  const waiting: (() => void)[] = []
  /** A burst of thousands of upgrades must not hold up who is connected: some each turn of the loop. */
  function admitSome(): void {
    for (const upgrade of waiting.splice(0, upgradesPerTurn)) upgrade()
    if (waiting.length > 0) setImmediate(admitSome)
  }

  return {
    upgrade(request, socket, head, client) {
      if (waiting.length === 0) setImmediate(admitSome)
      waiting.push(() => {
        if (socket.destroyed) return
        server.handleUpgrade(request, socket, head, (webSocket) => opened(webSocket, client))
      })
    },
    open: () => server.clients.size,
    async close(ms) {
      const gone = [...server.clients].map(
        (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
      )
      for (const socket of server.clients) socket.close(1001, 'Going away')
      const timer = setTimeout(() => {
        for (const socket of server.clients) socket.terminate()
      }, ms)
      await Promise.all(gone)
      clearTimeout(timer)
    },
  }
}

function protocolOptions({
  yoga,
  callers,
  watch,
  log,
  limits,
}: WebSocketParts): ServerOptions<Init, Extra> {
  return {
    connectionInitWaitTimeout: limits.initMs,
    async onConnect({ extra, connectionParams }) {
      extra.entrance = {
        requestId: extra.requestId,
        ip: extra.ip,
        credentials: credentialsOfConnection(connectionParams),
      }
      try {
        const { credentials, ip } = extra.entrance
        const caller = await callers.resolveCaller(credentials, ip)
        extra.stopWatching = watch.watch(extra.entrance, caller, (error) => refuse(extra, error))
        if (extra.socket.readyState !== extra.socket.OPEN) extra.stopWatching()
        return true
      } catch (error) {
        refuse(extra, error instanceof ApiError ? error : unexpected(error, extra, log))
        return false
      }
    },
    async onSubscribe({ extra, subscriptions }, id, payload) {
      const tooMany = (limit: number, what: string) => {
        const message = `At most ${limit} ${what} at a time on one socket.`
        return [clientError(new ApiError('QUERY_TOO_COMPLEX', message), extra.requestId, log)]
      }
      // graphql-ws has counted this one already.
      if (Object.keys(subscriptions).length > operationsAtOnce) {
        return tooMany(operationsAtOnce, 'operations')
      }
      const prepared = await prepareOperation(yoga, payload, extra.entrance, log)
      if (!('run' in prepared)) return prepared.errors as readonly GraphQLError[]
      if (prepared.kind === 'subscription') {
        for (const stream of extra.streams)
          if (!(stream in subscriptions)) extra.streams.delete(stream)
        if (extra.streams.size >= limits.subscriptions) {
          return tooMany(limits.subscriptions, 'subscriptions')
        }
        extra.streams.add(id)
      }
      return { ...prepared.args, rootValue: prepared }
    },
    execute: runPrepared,
    subscribe: runPrepared,
    onNext: (_ctx, _id, _payload, _args, result) => printable(result),
    onError: ({ extra }, _id, _payload, errors) =>
      errors.map((error) => clientError(error, extra.requestId, log).toJSON()),
  }
}

/** `onSubscribe` has hidden the prepared operation where graphql-ws looks for nothing. */
function runPrepared(args: ExecutionArgs) {
  return (args.rootValue as PreparedOperation).run()
}

/** Without what plugins left for HTTP. Errors were masked in the pipeline. */
function printable({ data, errors, extensions }: Printed): FormattedExecutionResult {
  const { http: _, ...others } = extensions ?? {}
  return {
    ...(data !== undefined && { data }),
    ...(errors && { errors: errors.map((error) => error.toJSON()) }),
    ...(Object.keys(others).length > 0 && { extensions: others }),
  }
}

interface Printed {
  data?: Record<string, unknown> | null | undefined
  errors?: readonly GraphQLError[] | undefined
  extensions?: Record<string, unknown> | undefined
}

function refuse({ socket }: Extra, { code, message }: ApiError): void {
  // A close frame holds 123 bytes.
  socket.close(closeCodes[code] ?? 1011, `${code}: ${message}`.slice(0, 120))
}

function unexpected(error: unknown, { requestId }: Extra, log: Logger): ApiError {
  log.error({ requestId, err: error }, 'a connection could not be initialised')
  return new ApiError('INTERNAL', 'Something went wrong on our side.')
}

/** Settles when the kernel has taken the bytes, which is what holds each subscription to its reader. */
function send(socket: WebSocket, data: string, maxBufferedBytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) return resolve()
    if (socket.bufferedAmount > maxBufferedBytes) {
      socket.terminate()
      return resolve()
    }
    socket.send(data, (error) =>
      error && socket.readyState === socket.OPEN ? reject(error) : resolve(),
    )
  })
}
