import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { whyInvoicesLack } from './billing-config.ts'
import { loadEnvironment, readWorkerConfig, type WorkerConfig } from './config.ts'
import { createHealthListener } from './http/health-listener.ts'
import { createLog, type Logger } from './log.ts'
import { createRegistry } from './metrics.ts'
import { createProviders } from './outgoing/providers.ts'
import type { TaxData } from './rules/tax/tax-data.ts'
import { connectDatabase, type Database, untilMongoAnswers } from './store/database.ts'
import { ensureDeployment } from './store/deployment.ts'
import { createEncryption } from './store/encryption.ts'
import { createIndexes } from './store/indexes.ts'
import { loadTaxData } from './store/tax-data.ts'
import { billingTopic } from './streams/billing-topic.ts'
import { createRecordPublisher } from './streams/record-publisher.ts'
import { connectRedis } from './streams/redis.ts'
import { whenSupervisorGoes } from './supervised.ts'
import { kinds, type Worker, type WorkerDeps } from './worker-kinds.ts'

const usage = `Usage: npm run worker [-- <name>…]

Runs all workers in one process, or only those named:
  roll-up-usage         counts answered calls into hours, days and months
  aggregate-days        closes each day at 01:00 UTC: proves its sums, keeps average and peak
  scan-thresholds       raises alerts: levels of the quota and of one's own, unusual days, silence
  deliver-alerts        sends them, and mails of billing: e-mail, Slack, Discord, web hooks
  apply-billing-events  applies what Stripe and Paddle sent to subscriptions and keys
  chase-payments        ends what was booked to end; writes about failed payments, blocks after the grace
  issue-invoices        invoices each month at 02:00 UTC on the first, and credits refunds of providers
  reconcile-subscriptions
                        holds subscriptions against what Stripe and Paddle say, at 03:00 UTC
  charge-usage          charges calls above the limit at Stripe and Paddle

Any number of these processes may run, on any number of machines. Each serves /livez, /readyz and
/metrics on METRICS_PORT (left out: a free port, which it logs).`

/** Below the grace that `npm start` gives: what is not flushed by then, the next owner counts. */
const STOP_WITHIN_MS = 15_000

export interface WorkerProcess {
  /** Of /livez, /readyz and /metrics. */
  port: number
  /** Settles once all workers run: MongoDB may come later than this process. */
  ready: Promise<void>
  /** Last flush, leases given back, connections closed. Idempotent. */
  stop(): Promise<void>
}

/** Starts the named workers in this process. It answers /livez at once and waits for its servers. */
export async function startWorkers(
  config: WorkerConfig,
  names: readonly string[],
  log: Logger,
): Promise<WorkerProcess> {
  const registry = createRegistry('worker')
  const closing = new AbortController()
  const running = new Map<string, Worker>()
  const readiness = () => {
    if (closing.signal.aborted) return ['stopping']
    if (running.size < names.length) return ['MongoDB has not answered yet']
    return [...running].flatMap(([name, worker]) => {
      const reason = worker.readiness()
      return reason === null ? [] : [`${name}: ${reason}`]
    })
  }
  const { adminApiKey, trustProxy } = config
  const listener = createHealthListener({ readiness, registry, adminApiKey, trustProxy, log })
  const port = await listener.listen(config.metricsPort, config.host)
  log.info({ port, host: config.host }, 'serving /livez, /readyz and /metrics')
  const lacking = names.includes('issue-invoices') ? whyInvoicesLack(config) : null
  if (lacking !== null) log.warn(lacking)

  const redis = connectRedis(config.redisUrl)
  let database: Database | null = null
  const ready = (async () => {
    database = await connectDatabase({ uri: config.mongodbUri, closing: closing.signal, log })
    const { db } = database
    const { plans, encryptionKeys } = config
    const common = { db, redis, clock: Date.now, log, registry }
    const deps: WorkerDeps = {
      ...{ ...common, config, plans, taxData: once(shippedTaxData) },
      billingPublisher: once(() => createRecordPublisher(billingTopic, common)),
      providers: createProviders({ ...config.billing, fetch, clock: Date.now, registry }),
      ...(encryptionKeys.length > 0 && {
        encryption: createEncryption(encryptionKeys, randomBytes),
      }),
    }
    await untilMongoAnswers(closing.signal, log, async () => {
      await Promise.all([ensureDeployment(db), createIndexes(db)])
    })
    for (const name of names) {
      const worker = createWorker(name, deps)
      await untilMongoAnswers(closing.signal, log, () => worker.start())
      running.set(name, worker)
    }
    log.info({ port, workers: names }, 'ready')
  })()
  // A stop before that is no failure; whoever awaits `ready` still hears of it.
  ready.catch(() => {})

  let stopping: Promise<void> | undefined
  return {
    port,
    ready,
    stop() {
      stopping ??= (async () => {
        closing.abort()
        await ready.catch(() => {})
        await Promise.all([...running.values()].map((worker) => worker.stop()))
        redis.disconnect()
        await database?.close()
        await listener.close(1_000)
      })()
      return stopping
    },
  }
}

function shippedTaxData(): TaxData {
  return loadTaxData(join(import.meta.dirname, '../data/tax'))
}

/** Made when it is first asked for. */
function once<Made>(make: () => Made): () => Made {
  let made: { value: Made } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function createWorker(name: string, deps: WorkerDeps): Worker {
  const kind = kinds[name]
  if (!kind) throw new Error(unknownName(name))
  return kind.create({ ...deps, log: deps.log.child({ worker: name }) })
}

function unknownName(name: string): string {
  return `There is no worker "${name}"; there are ${new Intl.ListFormat('en').format(Object.keys(kinds))}.`
}

/** @throws Error naming what there is, for a name that is no worker's */
function namesFrom(args: string[]): { help: boolean; names: string[] } {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h', default: false } },
  })
  const unknown = positionals.find((name) => !Object.hasOwn(kinds, name))
  if (unknown !== undefined) throw new Error(unknownName(unknown))
  const names = positionals.length > 0 ? [...new Set(positionals)] : Object.keys(kinds)
  return { help: values.help, names }
}

/** One process: ends in order on SIGTERM, SIGINT, or when its supervisor is gone. */
async function main(): Promise<void> {
  const { help, names } = namesFrom(process.argv.slice(2))
  if (help) {
    process.stdout.write(`${usage}\n`)
    return
  }
  const needed = names.flatMap((name) => kinds[name]?.needs ?? [])
  const config = readWorkerConfig(loadEnvironment(), [...new Set(needed)])
  const log = createLog(config.logLevel, 'worker')
  // State is unknown then; what is not committed stays in the streams for the next owner.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception')
    process.exit(1)
  })
  const starting = startWorkers(config, names, log)
  const stop = (reason: string) => {
    log.info({ reason }, 'stopping')
    endAfter(
      starting.then((workers) => workers.stop()),
      log,
    )
  }
  // `on`, not `once`: a second signal during the stop must change nothing.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal))
  whenSupervisorGoes(stop)
  const { ready } = await starting
  await ready.catch((error) => {
    // A stop during the start ends it too, in its own way.
    if (!(error instanceof Error && error.name === 'AbortError')) throw error
  })
}

function endAfter(stopped: Promise<void>, log: Logger): void {
  const fail = (error: unknown) => {
    log.fatal({ err: error }, 'could not stop in order')
    process.exit(1)
  }
  stopped.then(() => process.exit(0), fail)
  setTimeout(STOP_WITHIN_MS).then(() => fail(new Error('the stop took too long')))
}

if (import.meta.main) {
  main().catch((error) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  })
}
