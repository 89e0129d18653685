import type { Db } from 'mongodb'
import { INVOICE_KINDS } from '../rules/billing/invoice.ts'
import { createAccessHistoryIndexes } from './access-history.ts'
import { createBillingFactIndexes } from './billing-facts.ts'
import { createBillingInboxIndexes } from './billing-inbox.ts'
import { createBillingLocks } from './billing-locks.ts'
import { createBillingNoticeIndexes } from './billing-notices.ts'
import { createBillingSubscriptionIndexes } from './billing-subscriptions.ts'
import { createChargeMonthIndexes } from './charge-months.ts'
import { createCheckoutIndexes } from './checkouts.ts'
import { ensureInvoiceNumbers } from './invoice-numbers.ts'
import { createInvoiceIndexes } from './invoices.ts'
import { createProviderInvoiceIndexes } from './provider-invoices.ts'
import { createProviderRefundIndexes } from './provider-refunds.ts'
import { createReconciliationIndexes } from './reconciliations.ts'
import { createUsageChargeIndexes } from './usage-charges.ts'

/** Of all that billing writes. Idempotent; also makes the collections, which transactions then need not. */
export async function createBillingIndexes(db: Db): Promise<void> {
  await Promise.all([
    createAccessHistoryIndexes(db),
    createBillingFactIndexes(db),
    createBillingInboxIndexes(db),
    createBillingLocks(db),
    createBillingNoticeIndexes(db),
    createBillingSubscriptionIndexes(db),
    createInvoiceIndexes(db),
    ensureInvoiceNumbers(db, INVOICE_KINDS),
    createChargeMonthIndexes(db),
    createCheckoutIndexes(db),
    createProviderInvoiceIndexes(db),
    createProviderRefundIndexes(db),
    createReconciliationIndexes(db),
    createUsageChargeIndexes(db),
  ])
}
