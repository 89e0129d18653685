import type { Registry } from 'prom-client'
import type { WorkerConfig, WorkerSecret } from './config.ts'
import { createFonts } from './documents/fonts.ts'
import { createInvoicePdf } from './documents/invoice-pdf.ts'
import type { Logger } from './log.ts'
import { createCustomerHttp } from './outgoing/customer-http.ts'
import { createMailer } from './outgoing/mailer.ts'
import type { Providers } from './outgoing/providers.ts'
import type { TaxData } from './rules/tax/tax-data.ts'
import { createCustomerHash } from './store/customer-hash.ts'
import type { Database } from './store/database.ts'
import type { Encryption } from './store/encryption.ts'
import { alertTopic } from './streams/alert-topic.ts'
import { createQuotaCounters } from './streams/quota-counters.ts'
import { createRecordPublisher, type RecordPublisher } from './streams/record-publisher.ts'
import type { RedisClient } from './streams/redis.ts'
import { createAggregateDays } from './workers/aggregate-days/aggregate-days.ts'
import { createApplyBillingEvents } from './workers/apply-billing-events/apply-billing-events.ts'
import { createChargeUsage } from './workers/charge-usage/charge-usage.ts'
import { createChasePayments } from './workers/chase-payments/chase-payments.ts'
import { createDeliverAlerts } from './workers/deliver-alerts/deliver-alerts.ts'
import { createInvoicingMetrics } from './workers/issue-invoices/invoicing-metrics.ts'
import { createIssueInvoices } from './workers/issue-invoices/issue-invoices.ts'
import { createReconcileSubscriptions } from './workers/reconcile-subscriptions/reconcile-subscriptions.ts'
import { createRollUp } from './workers/roll-up-usage/roll-up.ts'
import { createScanThresholds } from './workers/scan-thresholds/scan-thresholds.ts'

export interface WorkerDeps {
  db: Database['db']
  redis: RedisClient
  clock: () => number
  log: Logger
  registry: Registry
  config: WorkerConfig
  plans: WorkerConfig['plans']
  /** Read when it is first asked for: few workers need it. */
  taxData: () => TaxData
  /** Fills the topic `billing-events`: one a process, for all workers that write notices. */
  billingPublisher: () => RecordPublisher
  /** Absent where ENCRYPTION_KEYS is empty. */
  encryption?: Encryption
  providers: Providers
}

/** What happens later, as a closure: any number of processes may run the same one. */
export interface Worker {
  /** May be tried again when it rejects. */
  start(): Promise<void> | void
  /** Finishes or gives back what it holds. */
  stop(): Promise<void>
  /** Null: works. Else why not, in plain words. */
  readiness(): string | null
}

interface WorkerKind {
  create: (deps: WorkerDeps) => Worker
  /** The secrets that it cannot do without. */
  needs: readonly WorkerSecret[]
}

/** By the names that `npm run worker --` takes. */
export const kinds: Readonly<Record<string, WorkerKind>> = {
  'roll-up-usage': { create: createRollUpWithQuota, needs: [] },
  'aggregate-days': { create: createAggregateDays, needs: [] },
  'scan-thresholds': { create: createScanWithTopic, needs: ['ENCRYPTION_KEYS'] },
  'deliver-alerts': { create: createDeliveries, needs: ['ENCRYPTION_KEYS'] },
  'apply-billing-events': {
    create: withBillingTopic(createApply),
    needs: ['ENCRYPTION_KEYS', 'API_KEY_PEPPER'],
  },
  'chase-payments': { create: withBillingTopic(createChase), needs: ['ENCRYPTION_KEYS'] },
  'issue-invoices': { create: withBillingTopic(createInvoices), needs: ['ENCRYPTION_KEYS'] },
  'reconcile-subscriptions': {
    create: withBillingTopic(createReconcile),
    needs: ['ENCRYPTION_KEYS', 'API_KEY_PEPPER'],
  },
  'charge-usage': { create: createCharges, needs: ['ENCRYPTION_KEYS'] },
}

function createRollUpWithQuota(deps: WorkerDeps): Worker {
  const quota = createQuotaCounters(deps)
  const rollUp = createRollUp({ ...deps, onCommitted: (totals) => quota.raise(totals) })
  return {
    ...rollUp,
    async stop() {
      await rollUp.stop()
      quota.stop()
    },
  }
}

/** What is raised stands in the topic `customer-alerts` at once. */
function createScanWithTopic(deps: WorkerDeps): Worker {
  const publisher = createRecordPublisher(alertTopic, deps)
  const scan = createScanThresholds({
    ...deps,
    anomaly: deps.config.anomaly,
    onRaised: publisher.publish,
  })
  return withTopic(publisher, scan)
}

/** The topic is filled from before the worker begins until after it has ended. */
function withTopic(publisher: RecordPublisher, worker: Worker): Worker {
  return {
    ...worker,
    async start() {
      await publisher.start()
      await worker.start()
    },
    async stop() {
      await worker.stop()
      await publisher.stop()
    },
  }
}

/** @throws Error without ENCRYPTION_KEYS */
function createDeliveries({ config, encryption, ...deps }: WorkerDeps): Worker {
  if (!encryption) throw new Error('deliver-alerts needs ENCRYPTION_KEYS')
  const { publicUrl, dataDir, mail, outboundAllow } = config
  return createDeliverAlerts({
    ...deps,
    ...{ encryption, publicUrl },
    random: Math.random,
    post: createCustomerHttp({ allow: outboundAllow }),
    sendMail: createMailer({ ...mail, dataDir }),
  })
}

/** What such a worker tells others of stands in the topic `billing-events` at once. */
function withBillingTopic(
  create: (deps: WorkerDeps, publish: () => void) => Worker,
): (deps: WorkerDeps) => Worker {
  return (deps) => {
    const publisher = deps.billingPublisher()
    return withTopic(publisher, create(deps, publisher.publish))
  }
}

/** @throws Error without its secrets */
function createApply(
  { config, encryption, providers, ...deps }: WorkerDeps,
  publish: () => void,
): Worker {
  const { billing, apiKeyPepper } = config
  const { STRIPE: stripe } = providers
  if (!encryption || !apiKeyPepper) {
    throw new Error('apply-billing-events needs ENCRYPTION_KEYS and API_KEY_PEPPER')
  }
  return createApplyBillingEvents({
    ...deps,
    encryption,
    customerHash: createCustomerHash(apiKeyPepper),
    live: billing.live,
    fetchSubscription: stripe && (async (id) => (await stripe.subscriptions([id])).get(id)),
    fetchCharge: stripe?.charge ?? null,
    onApplied: publish,
  })
}

/** @throws Error without ENCRYPTION_KEYS */
function createChase({ encryption, ...deps }: WorkerDeps, publish: () => void): Worker {
  if (!encryption) throw new Error('chase-payments needs ENCRYPTION_KEYS')
  return createChasePayments({ ...deps, encryption, onSettled: publish })
}

/** @throws Error without ENCRYPTION_KEYS */
function createInvoices(
  { config, encryption, registry, ...deps }: WorkerDeps,
  publish: () => void,
): Worker {
  if (!encryption) throw new Error('issue-invoices needs ENCRYPTION_KEYS')
  return createIssueInvoices({
    ...deps,
    ...{ encryption, seller: config.billing.seller, metrics: createInvoicingMetrics(registry) },
    render: createInvoicePdf(createFonts()),
    onTold: publish,
  })
}

/** @throws Error without its secrets */
function createReconcile({ config, encryption, ...deps }: WorkerDeps, publish: () => void): Worker {
  const { apiKeyPepper } = config
  if (!encryption || !apiKeyPepper) {
    throw new Error('reconcile-subscriptions needs ENCRYPTION_KEYS and API_KEY_PEPPER')
  }
  const customerHash = createCustomerHash(apiKeyPepper)
  return createReconcileSubscriptions({
    ...{ ...deps, encryption, customerHash },
    onCorrected: publish,
  })
}

/** @throws Error without ENCRYPTION_KEYS */
function createCharges({ encryption, ...deps }: WorkerDeps): Worker {
  if (!encryption) throw new Error('charge-usage needs ENCRYPTION_KEYS')
  return createChargeUsage({ ...deps, encryption })
}
