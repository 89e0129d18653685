import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { expect, vi } from 'vitest'
import { readWorkerConfig } from '../../src/config.ts'
import { createFonts } from '../../src/documents/fonts.ts'
import { createInvoicePdf } from '../../src/documents/invoice-pdf.ts'
import { accessHistory, recordAccessChange } from '../../src/store/access-history.ts'
import { accounts } from '../../src/store/accounts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { usageCells } from '../../src/store/usage-cells.ts'
import { connectRedis } from '../../src/streams/redis.ts'
import { createUsageProducer } from '../../src/streams/usage-producer.ts'
import { startWorkers } from '../../src/worker.ts'
import { createInvoicingMetrics } from '../../src/workers/issue-invoices/invoicing-metrics.ts'
import {
  createIssueInvoices,
  type IssueInvoices,
} from '../../src/workers/issue-invoices/issue-invoices.ts'
import { dataOf, startTestApi, type TestApi } from '../api.ts'
import { silent } from '../asked.ts'
import { audience, startIssuer } from '../callers/issuer.ts'
import { stripeEvent, stripeSignature } from './stripe-events.ts'

const webhookSecret = 'whsec_of_the_test'

export interface Customer {
  accountId: string
  apiKeyId: string
  secret: string
  bearer: Record<string, string>
}

/** An invoice as its owner sees it. */
export interface ShownInvoice {
  id: string
  kind: string
  number: string
  status: string
  total: { amount: string; currency: string }
  pdfUrl: string
  lines: { quantity: number; unitPrice: { amount: string }; amount: { amount: string } }[]
}

export function linesOf({ lines }: ShownInvoice): string[] {
  return lines.map(
    ({ quantity, unitPrice, amount }) => `${quantity} x ${unitPrice.amount} = ${amount.amount}`,
  )
}

/** @param total all that went back of the charge by then */
export function chargeRefunded(total: number) {
  const charge = { id: 'ch_1', object: 'charge', customer: 'cus_1', invoice: 'in_1' }
  return { ...charge, amount_refunded: total, currency: 'jpy' }
}

/** Real API, roll-up, web hooks and mails; what happens carries the times of long ago. */
export interface PastMonths {
  api: TestApi
  customer(currency: string, since: string, billingName: string): Promise<Customer>
  /** As an operator's `setTier` would have left it then. */
  changePlan(of: Customer, at: string, tiers: [string, string]): Promise<void>
  /** Through the spool and the roll-up, as calls that were answered then. */
  call(of: Customer, at: string, units: number): Promise<void>
  /** By web hook; settles once it was applied. */
  stripe(type: string, at: string, object: Record<string, unknown>): Promise<void>
  trigger(month: string): Promise<{ status: number; body: unknown }>
  /** Newest first. */
  invoicesOf(of: Customer, month: string): Promise<ShownInvoice[]>
  auditOf(
    of: Customer,
    id: string,
  ): Promise<{ holds: boolean; findings: string[]; lateCalls: number }>
  /** A worker with a clock that stands then; not started. */
  issuingAt(at: string): IssueInvoices
  end(): Promise<void>
}

export async function startPastMonths(settings: Record<string, string>): Promise<PastMonths> {
  const issuer = await startIssuer()
  const api = await startTestApi({
    ...{ OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: audience, STRIPE_WEBHOOK_SECRETS: webhookSecret },
    ...settings,
  })
  const config = readWorkerConfig({ ...api.environment, METRICS_PORT: '0' })
  const names = ['roll-up-usage', 'apply-billing-events', 'deliver-alerts']
  const workers = await startWorkers(config, names, silent)
  await workers.ready
  const redis = connectRedis(api.redis.url)
  const producer = createUsageProducer({
    ...{ db: api.db, redis, clock: Date.now, log: silent, registry: new Registry() },
    dataDir: join(api.environment.DATA_DIR ?? '', 'then'),
  })
  await producer.start()
  let events = 0

  async function rolledUp(apiKeyId: string, at: string): Promise<number> {
    const _id = `${apiKeyId}:${at.slice(0, 7)}`
    return (await usageCells(api.db).months.findOne({ _id }))?.total ?? 0
  }

  return {
    api,
    async customer(currency, since, billingName) {
      const seeded = await api.seed('free')
      const input = { currency, billingName, billingAddress: ['42 Audit Lane'], taxId: 'GB1' }
      const changed = await api.ask(
        `mutation($id: ID!, $input: UpdateAccountInput!) { updateAccount(id: $id, input: $input) { billingName } }`,
        { key: api.adminApiKey, variables: { id: seeded.accountId, input } },
      )
      expect(changed.errors).toBeUndefined()
      const createdAt = new Date(since)
      await apiKeys(api.db).updateOne({ _id: seeded.apiKeyId }, { $set: { createdAt } })
      // Its history begins with it.
      const first = { $set: { at: createdAt, recordedAt: createdAt } }
      await accessHistory(api.db).updateMany({ apiKeyId: seeded.apiKeyId }, first)
      const account = await accounts(api.db).findOne({ _id: seeded.accountId })
      const token = await issuer.token({ sub: account?.userId })
      return { ...seeded, bearer: { authorization: `Bearer ${token}` } }
    },

    async changePlan({ accountId, apiKeyId }, at, [from, to]) {
      const state = (tier: string) => ({
        ...{ tier, blockedBecause: null, revoked: false, billingStatus: 'NONE' as const },
      })
      const when = { recordedAt: new Date(at), happenedAt: new Date(at) }
      const said = { because: 'an operator chose it', cause: 'admin', ...when }
      await api.db.client.withSession((session) =>
        session.withTransaction(async () => {
          const change = { apiKeyId, accountId, from: state(from), to: state(to), ...said }
          await recordAccessChange(api.db, change, session)
          await apiKeys(api.db).updateOne({ _id: apiKeyId }, { $set: { tier: to } }, { session })
        }),
      )
    },

    async call({ apiKeyId, accountId }, at, units) {
      const event = { apiKeyId, accountId, tier: 'pro', endpoint: 'taxDates', failed: 0 }
      const before = await rolledUp(apiKeyId, at)
      await producer.spool.append([{ ...event, at: Date.parse(at), units }])
      await vi.waitFor(
        async () => expect(await rolledUp(apiKeyId, at)).toBe(before + units),
        15_000,
      )
    },

    async stripe(type, at, object) {
      const id = `evt_${events++}`
      const body = JSON.stringify(stripeEvent(id, type, Date.parse(at) / 1_000, object))
      const signature = stripeSignature(body, webhookSecret, Math.floor(Date.now() / 1_000))
      const headers = { 'content-type': 'application/json', 'stripe-signature': signature }
      const { status } = await fetch(`${api.url}/webhooks/stripe`, {
        method: 'POST',
        headers,
        body,
      })
      expect(status).toBe(200)
      await vi.waitFor(async () => {
        const inbox = await api.db.collection('billingInbox').findOne({ eventId: id })
        expect(inbox).toMatchObject({ status: 'APPLIED' })
      }, 10_000)
    },

    async trigger(month) {
      const response = await fetch(`${api.url}/admin/trigger-invoicing?month=${month}`, {
        method: 'POST',
        headers: { 'x-api-key': api.adminApiKey },
      })
      return { status: response.status, body: await response.json() }
    },

    async invoicesOf({ bearer }, month) {
      const query = `{ invoices { edges { node {
        id kind number month status pdfUrl total { amount currency }
        lines { quantity unitPrice { amount } amount { amount } }
      } } } }`
      const { edges } = dataOf<{ edges: { node: ShownInvoice & { month: string } }[] }>(
        await api.ask(query, { headers: bearer }),
        'invoices',
      )
      return edges.map(({ node }) => node).filter((node) => node.month === month)
    },

    async auditOf({ bearer }, id) {
      const query = `query($id: ID!) { invoiceAudit(id: $id) { holds findings lateCalls } }`
      return dataOf(await api.ask(query, { headers: bearer, variables: { id } }), 'invoiceAudit')
    },

    issuingAt(at) {
      const { plans, billing, encryptionKeys } = config
      return createIssueInvoices({
        ...{ db: api.db, plans, seller: billing.seller, log: silent, clock: () => Date.parse(at) },
        encryption: createEncryption(encryptionKeys, randomBytes),
        render: createInvoicePdf(createFonts()),
        metrics: createInvoicingMetrics(new Registry()),
        onTold() {},
      })
    },

    async end() {
      await producer.stop()
      redis.disconnect()
      await workers.stop()
      await api.end()
      await issuer.close()
    },
  }
}
