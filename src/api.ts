import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Registry } from 'prom-client'
import product from '../package.json' with { type: 'json' }
import { createCallers } from './callers/callers.ts'
import { createCredentialWatch } from './callers/credential-watch.ts'
import { createSecretHash } from './callers/secret-hash.ts'
import type { Config } from './config.ts'
import type { Deps } from './context.ts'
import { dashboardConfig, type loadOwnIssuer, startOwnIssuer } from './dashboard-parts.ts'
import { createFonts } from './documents/fonts.ts'
import { createInvoicePdf } from './documents/invoice-pdf.ts'
import { createAskGraphql } from './http/run-operation.ts'
import type { Logger } from './log.ts'
import { createMeteringMetrics } from './metering/metering-metrics.ts'
import { createProviders } from './outgoing/providers.ts'
import { useMetering } from './plugins/use-metering.ts'
import { createForecasts } from './resolvers/forecasts.ts'
import { adminRoutes } from './rest/admin.ts'
import { calendarRoute } from './rest/calendar.ts'
import { dashboardRoutes } from './rest/dashboard/routes.ts'
import { dashboardUsageRoutes } from './rest/dashboard-usage.ts'
import { healthRoutes } from './rest/health.ts'
import { homeRoute } from './rest/home.ts'
import { invoiceRoutes } from './rest/invoices.ts'
import { createRouter } from './rest/router.ts'
import { taxApiRoutes } from './rest/tax-api/routes.ts'
import { webhookRoutes } from './rest/webhooks/routes.ts'
import { createWebhookMetrics } from './rest/webhooks/webhook-metrics.ts'
import type { TaxData } from './rules/tax/tax-data.ts'
import { createTaxHistory } from './rules/tax/tax-history.ts'
import { buildSchema } from './schema/schema.ts'
import { createCustomerHash } from './store/customer-hash.ts'
import { type Database, untilMongoAnswers } from './store/database.ts'
import { ensureDeployment } from './store/deployment.ts'
import { createEncryption, type Encryption } from './store/encryption.ts'
import { createIndexes } from './store/indexes.ts'
import { createFeedReads } from './streams/feed-reads.ts'
import { createLiveReader } from './streams/live-reader.ts'
import { createQuotaCounters } from './streams/quota-counters.ts'
import { connectRedis } from './streams/redis.ts'
import { createTaxDateChanges } from './streams/tax-date-changes.ts'
import { createToldRecords } from './streams/told-records.ts'
import { createUsageProducer } from './streams/usage-producer.ts'
import { createInvoicing } from './workers/issue-invoices/invoicing.ts'
import { createJobsOnDemand } from './workers/jobs-on-demand.ts'
import { createReconcileNow } from './workers/reconcile-subscriptions/reconcile-now.ts'
import { makeYoga } from './yoga.ts'

/** For a call to a payment provider: below the time in which an operation must be answered. */
const timeoutMs = 8_000

export interface ApiParts {
  config: Config
  /** Under which this machine reaches it. */
  origin: string
  log: Logger
  registry: Registry
  clock: () => number
  taxData: TaxData
  database: Database
  ownIssuer: ReturnType<typeof loadOwnIssuer>
  readiness: () => readonly string[]
  /** The process stops. */
  closing: AbortSignal
}

export type Api = Awaited<ReturnType<typeof createApi>>

/** Everything behind the port, once MongoDB is there; Redis may be away. */
export async function createApi({ config, database, readiness, closing, ...shared }: ApiParts) {
  const { log, registry, clock, taxData, ownIssuer, origin } = shared
  const { db } = database
  const { plans, anomaly, limits, dataDir, adminApiKey, apiKeyPepper: pepper } = config
  const encryption = createEncryption(config.encryptionKeys, randomBytes)
  const redis = connectRedis(config.redisUrl)
  const prepare = () => Promise.all([ensureDeployment(db), createIndexes(db)])
  await untilMongoAnswers(closing, log, prepare)
  const common = { db, redis, clock, log, registry }
  const issuer = await startOwnIssuer(ownIssuer, config, origin, { ...common, encryption })
  const oidc = issuer?.oidc ?? config.oidc
  const producer = createUsageProducer({ ...common, dataDir })
  const quota = createQuotaCounters(common)
  const live = createLiveReader(common)
  const told = createToldRecords(common)
  const taxHistory = createTaxHistory(taxData, clock)
  const taxDateChanges = createTaxDateChanges({ ...common, history: taxHistory })
  const callers = createCallers({ ...common, pepper, adminApiKey, oidc, plans })
  await producer.start()
  const starting = [callers, taxDateChanges, told]
  for (const { start } of starting) await untilMongoAnswers(closing, log, start)
  live.start()
  const watch = createCredentialWatch({ callers, clock })
  const invoicing = createInvoicing({
    ...{ ...common, plans, encryption, seller: config.billing.seller },
    render: createInvoicePdf(createFonts()),
  })
  const deps: Deps = {
    db,
    redis,
    live,
    alertReader: told.alerts.reader,
    billingReader: told.billing.reader,
    publishBilling: told.billing.publisher.publish,
    plans,
    taxHistory,
    forecasts: createForecasts({ db, taxHistory, clock }),
    taxDateChanges,
    callers,
    jobs: createJobsOnDemand({
      ...{ ...common, plans, taxHistory, anomaly, invoicing },
      onRaised: told.alerts.publisher.publish,
    }),
    selfSignup: config.selfSignup,
    ownerKeyLimits: limits.ownerKeys,
    publicUrl: config.publicUrl,
    secretHash: createSecretHash(pepper),
    invoicing,
    ...billingDeps({ ...common, config, encryption, publish: told.billing.publisher.publish }),
    outboundAllow: config.outboundAllow,
    random: randomBytes,
    clock,
    log,
  }
  const metering = useMetering({
    quota,
    spool: producer.spool,
    plans,
    clock,
    metrics: createMeteringMetrics(registry),
    touched: callers.touched,
  })
  const yoga = makeYoga(deps, {
    streams: { watch, closing },
    metering: [metering],
    production: config.production,
    limits: {
      ...limits.query,
      maxBodyBytes: limits.bodyBytes,
      executionTimeoutMs: limits.executionMs,
      unmeteredPerSecond: limits.unmeteredOperations,
    },
  })
  const ask = createAskGraphql(yoga, log)
  const router = createRouter(
    [
      ...healthRoutes(readiness, registry),
      homeRoute,
      ...taxApiRoutes(ask, {
        schema: buildSchema(),
        years: taxData.years,
        version: product.version,
        publicUrl: config.publicUrl,
      }),
      calendarRoute({ ...deps, reads: createFeedReads(redis, clock) }),
      ...dashboardUsageRoutes(ask),
      ...dashboardRoutes({
        folder: join(import.meta.dirname, '../dashboard/dist'),
        config: dashboardConfig(config, issuer),
        issuerOrigins: callers.issuerOrigins,
        random: randomBytes,
      }),
      ...webhookRoutes(config.billing.webhookSecrets, {
        ...deps,
        metrics: createWebhookMetrics(registry),
      }),
      ...invoiceRoutes(deps),
      ...adminRoutes(deps.jobs),
    ],
    log,
  )
  return {
    yoga,
    router,
    callers,
    issuer: issuer?.handle ?? null,
    watch,
    readiness: () => [producer.readiness()].filter((reason) => reason !== null),
    async stop() {
      watch.stop()
      const parts = [producer, live, told, taxDateChanges, callers]
      await Promise.all(parts.map((part) => part.stop()))
      quota.stop()
      redis.disconnect()
      await database.close()
    },
  }
}

/** What resolvers need to ask payment providers. */
function billingDeps({ config, encryption, publish, ...common }: BillingParts) {
  const { plans, billing, apiKeyPepper } = config
  const providers = createProviders({ ...billing, ...common, fetch, timeoutMs })
  const customerHash = createCustomerHash(apiKeyPepper)
  const tools = { ...common, plans, encryption, customerHash, providers, onCorrected: publish }
  return { providers, encryption, reconcileNow: createReconcileNow(tools) }
}

interface BillingParts {
  config: Config
  encryption: Encryption
  /** Fills the topic of what billing tells. */
  publish: () => void
  db: Database['db']
  clock: () => number
  log: Logger
  registry: Registry
}
