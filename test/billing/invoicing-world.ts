import { randomBytes } from 'node:crypto'
import { Registry } from 'prom-client'
import type { RenderInvoice } from '../../src/documents/invoice-pdf.ts'
import { INVOICE_KINDS, type InvoiceKind } from '../../src/rules/billing/invoice.ts'
import { amountText } from '../../src/rules/billing/money.ts'
import type { AccessThen } from '../../src/rules/billing/plan-days.ts'
import type { SubscriptionState } from '../../src/rules/billing/subscription-state.ts'
import type { Plans } from '../../src/rules/plan.ts'
import { accessHistory } from '../../src/store/access-history.ts'
import { type AccountDoc, accounts } from '../../src/store/accounts.ts'
import type { ApiKeyDoc } from '../../src/store/api-keys.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { ensureInvoiceNumbers } from '../../src/store/invoice-numbers.ts'
import { type InvoiceDoc, invoices } from '../../src/store/invoices.ts'
import { keepProviderInvoice } from '../../src/store/provider-invoices.ts'
import { keepProviderRefund } from '../../src/store/provider-refunds.ts'
import { createInvoicing, type Invoicing } from '../../src/workers/issue-invoices/invoicing.ts'
import { account, plantKey, silent } from '../asked.ts'
import { plantUsage } from '../planted-usage.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'
import { seller } from './invoicing-seller.ts'
import { pricedPlans } from './priced-plans.ts'

/** A PDF that takes no time: for tests that are about something else. */
export const quickPdf: RenderInvoice = async (content) => Buffer.from(JSON.stringify(content))

/** A PDF whose first one is not done before something else has happened. */
export function pdfAfter(happens: () => Promise<unknown>): RenderInvoice {
  let waited = false
  return async (content) => {
    if (!waited) {
      waited = true
      await happens()
    }
    return await quickPdf(content)
  }
}

/** A database with accounts to be invoiced, and a clock that stands until it is moved. */
export interface InvoicingWorld extends TestDatabase {
  /** ms */
  now: number
  /** Empties it; numbers begin anew. */
  clear(): Promise<void>
  plans: Plans
  /** As if another process had made it. */
  invoicing(render?: RenderInvoice): Invoicing
  tools(render?: RenderInvoice): Parameters<typeof createInvoicing>[0]
  plantAccount(id: string, more?: Partial<AccountDoc>): Promise<void>
  plantKey(id: string, accountId: string, more?: Partial<ApiKeyDoc>): Promise<void>
  /** One entry of a key's history, from what it was before. */
  plantChange(apiKeyId: string, at: string, to: AccessThen, recordedAt?: string): Promise<void>
  plantCalls(apiKeyId: string, month: string, units: number): Promise<void>
  plantSubscription(id: string, apiKeyId: string, startedAt: string): Promise<void>
  providerInvoice(
    id: string,
    subscription: string,
    at: string,
    more?: ProviderInvoice,
  ): Promise<void>
  refund(id: string, more: Refund): Promise<void>
  /** All but drafts, oldest first. */
  issued(kind?: InvoiceKind): Promise<InvoiceDoc[]>
}

interface ProviderInvoice {
  paidAt?: string
  total?: number
  currency?: string
}

interface Refund {
  accountId: string
  total: number
  at: string
  subscription?: string
  invoice?: string
  currency?: string
}

export async function invoicingWorld(): Promise<InvoicingWorld> {
  const database = await testDatabase()
  const { db } = database
  await createIndexes(db)
  const encryption = createEncryption([{ id: 'k1', key: randomBytes(32) }], randomBytes)
  const owners = new Map<string, string>()
  const tiers = new Map<string, string>()

  const world: InvoicingWorld = {
    ...database,
    async clear() {
      world.now = Date.parse('2026-12-01T02:00:00Z')
      world.plans = pricedPlans
      const collections = await db.collections()
      await Promise.all(collections.map((collection) => collection.deleteMany({})))
      await ensureInvoiceNumbers(db, INVOICE_KINDS)
    },
    now: Date.parse('2026-12-01T02:00:00Z'),
    plans: pricedPlans,
    tools: (render = quickPdf) => ({
      ...{ db, seller, encryption, render, log: silent, registry: new Registry() },
      ...{ plans: world.plans, clock: () => world.now },
    }),
    invoicing: (render) => createInvoicing(world.tools(render)),
    async plantAccount(id, more = {}) {
      await accounts(db).insertOne({ ...account(id), ...more })
    },
    async plantKey(id, accountId, more = {}) {
      owners.set(id, accountId)
      tiers.set(id, more.tier ?? 'starter')
      await plantKey(db, id, accountId, { tier: 'starter', ...more })
    },
    async plantChange(apiKeyId, at, to, recordedAt = at) {
      const last = await accessHistory(db).findOne({ apiKeyId }, { sort: { n: -1 } })
      const n = (last?.n ?? 0) + 1
      const tier = tiers.get(apiKeyId) ?? ''
      const made = { tier, revoked: false, billingStatus: 'NONE' as const, blockedBecause: null }
      const from = last?.to ?? made
      await accessHistory(db).insertOne({
        ...{ _id: `${apiKeyId}:${n}`, apiKeyId, accountId: owners.get(apiKeyId) ?? '', n, from },
        ...{
          at: new Date(at),
          recordedAt: new Date(recordedAt),
          because: 'planted',
          cause: 'admin',
        },
        to: { ...to, blockedBecause: null },
      })
    },
    async plantCalls(apiKeyId, month, units) {
      const accountId = owners.get(apiKeyId) ?? ''
      await plantUsage(db, [{ apiKeyId, accountId, at: `${month}-15T12:00:00Z`, units }])
    },
    async plantSubscription(id, apiKeyId, startedAt) {
      await billingSubscriptions(db).insertOne({
        ...{
          _id: id,
          provider: 'STRIPE',
          version: 1,
          accountId: owners.get(apiKeyId) ?? '',
          apiKeyId,
        },
        ...{ customer: null, customerHash: null, nextCheckAt: null, dunning: null },
        state: {
          status: 'ACTIVE',
          endsAt: null,
          startedAt: Date.parse(startedAt),
        } as SubscriptionState,
      })
    },
    async providerInvoice(id, subscription, at, { paidAt, total = 2_900, currency = 'USD' } = {}) {
      const said = { number: `N-${id.slice(-1)}`, total, currency, createdAt: Date.parse(at) }
      const paid = { paid: paidAt !== undefined, at: Date.parse(paidAt ?? at) }
      await inTransaction((session) =>
        keepProviderInvoice(db, { _id: id, subscription, ...said, ...paid }, session),
      )
    },
    async refund(
      id,
      { accountId, total, at, subscription = null, invoice = null, currency = 'USD' },
    ) {
      const of = { accountId, customerHash: null, subscription, invoice }
      const doc = { _id: id, ...of, total, currency, at: new Date(at) }
      await inTransaction((session) => keepProviderRefund(db, doc, session))
    },
    issued: (kind) =>
      invoices(db)
        .find({ status: { $ne: 'DRAFT' }, ...(kind && { kind }) })
        .sort({ number: 1 })
        .toArray(),
  }

  async function inTransaction<T>(run: (session: import('mongodb').ClientSession) => Promise<T>) {
    return await db.client.withSession((session) => session.withTransaction(() => run(session)))
  }
  return world
}

/** `INV-000001 2026-11 OPEN 31.90 USD` */
export function summary({ number, month, status, total, currency }: InvoiceDoc): string {
  return `${number} ${month} ${status} ${amountText(total, currency)} ${currency}`
}
