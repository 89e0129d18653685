import { join } from 'node:path'
import { type Api, createApi } from './api.ts'
import { whyInvoicesLack } from './billing-config.ts'
import { type Config, loadEnvironment, localOrigin, readConfig } from './config.ts'
import { loadOwnIssuer } from './dashboard-parts.ts'
import { createAccessLog } from './http/access-log.ts'
import { createApiListener } from './http/api-listener.ts'
import { createHttpMetrics } from './http/http-metrics.ts'
import { createWaitingRoom } from './http/waiting-room.ts'
import { createLog, type Logger } from './log.ts'
import { createRegistry } from './metrics.ts'
import { connectDatabase } from './store/database.ts'
import { loadTaxData } from './store/tax-data.ts'
import { whenSupervisorGoes } from './supervised.ts'

export interface ApiServer {
  port: number
  /** Settles once it serves, or was stopped before: MongoDB may come later than this process. */
  ready: Promise<void>
  /** Finishes what is being answered, closes sockets with 1001, flushes the spool. Idempotent. */
  stop(): Promise<void>
}

/** How long a stop waits for answers under way before it cuts them. */
const graceMs = 5_000

/** Starts one API process. It listens at once; what it needs to serve may come later. */
export async function startApi(config: Config, log: Logger): Promise<ApiServer> {
  const clock = Date.now
  const registry = createRegistry('api')
  const taxData = loadTaxData(join(import.meta.dirname, '../data/tax'))
  const accessLog = createAccessLog(config.logLevel, 'api')
  const closing = new AbortController()
  let api: Api | null = null
  const readiness = () =>
    closing.signal.aborted ? ['stopping'] : (api?.readiness() ?? ['MongoDB has not answered yet'])

  const listener = createApiListener({
    ...config,
    webSocket: {
      payloadBytes: config.limits.webSocketPayloadBytes,
      subscriptions: config.limits.webSocketSubscriptions,
      initMs: 5_000,
    },
    waitingRoom: createWaitingRoom(readiness, registry, log),
    log,
    accessLog: accessLog.log,
    metrics: createHttpMetrics(registry),
    clock,
  })
  const port = await listener.listen(config.port, config.host)
  log.info({ port, host: config.host }, 'listening')
  const lacking = whyInvoicesLack(config)
  if (lacking !== null) log.warn(lacking)

  const ownIssuer = loadOwnIssuer(config)
  const begin = async () => {
    const database = await connectDatabase({ uri: config.mongodbUri, closing: closing.signal, log })
    const origin = localOrigin(config.host, port, config.tls !== null)
    const process_ = { config, origin, log, registry, clock, taxData, database, readiness }
    api = await createApi({ ...process_, ownIssuer, closing: closing.signal })
    listener.serve(api)
    log.info({ port }, 'ready')
  }
  const ready = begin().catch((error) => {
    // Told to stop before MongoDB came: that is an end in order.
    if (!closing.signal.aborted) throw error
  })

  let stopping: Promise<void> | undefined
  return {
    port,
    ready,
    stop() {
      stopping ??= (async () => {
        closing.abort()
        await listener.close(graceMs)
        await ready.catch(() => {})
        await api?.stop()
        accessLog.end()
      })()
      return stopping
    },
  }
}

/** One process: ends in order on SIGTERM, SIGINT, or when its supervisor is gone. */
async function main(): Promise<void> {
  const config = readConfig(loadEnvironment())
  const log = createLog(config.logLevel, 'api')
  // State is unknown then: the spool holds every answered call, so that ending loses none.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception')
    process.exit(1)
  })
  const api = await startApi(config, log)
  const stop = (reason: string) => {
    log.info({ reason }, 'stopping')
    api.stop().then(
      () => process.exit(0),
      (error) => {
        log.fatal({ err: error }, 'could not stop in order')
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal))
  whenSupervisorGoes(stop)
  await api.ready
}

if (import.meta.main) {
  main().catch((error) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  })
}
