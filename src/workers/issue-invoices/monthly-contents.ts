import type { Db } from 'mongodb'
import { idAtProvider, providerOf } from '../../rules/billing/fact.ts'
import type { InvoiceContent, MonthlyKind } from '../../rules/billing/invoice.ts'
import { invoicesOfMonth } from '../../rules/billing/invoice-status.ts'
import {
  type MonthlyDocument,
  type MonthlyDocuments,
  monthlyDocuments,
} from '../../rules/billing/monthly-documents.ts'
import type { Seller } from '../../rules/billing/seller.ts'
import { monthName, startOfNextMonth } from '../../rules/calendar-time.ts'
import { billingSubscriptions } from '../../store/billing-subscriptions.ts'
import { invoiceId } from '../../store/invoices.ts'
import { providerInvoices } from '../../store/provider-invoices.ts'
import type { AccountFacts } from './account-facts.ts'

export interface MonthlyContents extends Omit<MonthlyDocuments, 'documents'> {
  /** Without a number yet. */
  contents: (InvoiceContent & { kind: MonthlyKind })[]
}

/**
 * What the documents of an account's month would say. They are as of the moment at which its facts were read: by it
 * an audit tells what was known.
 */
export async function monthlyContents(
  { db, seller }: { db: Db; seller: Seller },
  facts: AccountFacts,
): Promise<MonthlyContents> {
  const { documents, ...rest } = monthlyDocuments(facts.reckoning)
  const contents: MonthlyContents['contents'] = []
  for (const document of documents) {
    const provider = await ofProvider(db, document, facts.reckoning.month)
    const month = monthName(facts.reckoning.month)
    contents.push({
      id: invoiceId(facts.accountId, month, document.kind),
      ...{ accountId: facts.accountId, number: null, month, currency: facts.reckoning.currency },
      ...{ issuedAt: new Date(facts.readAt).toISOString(), seller, buyer: facts.buyer },
      ...document,
      ...{ ...provider, credits: null, reason: null },
    })
  }
  return { contents, ...rest }
}

type OfProvider = Pick<InvoiceContent, 'subscriptions' | 'providerInvoices'>

/** The subscriptions that a statement is about, and what the provider has sent for them by now. */
async function ofProvider(
  db: Db,
  { kind, basis }: MonthlyDocument,
  month: number,
): Promise<OfProvider> {
  if (kind !== 'USAGE_STATEMENT') return { subscriptions: [], providerInvoices: [] }
  const end = startOfNextMonth(month)
  const held = await billingSubscriptions(db)
    .find({
      apiKeyId: { $in: basis.keys.map(({ apiKeyId }) => apiKeyId) },
      'state.startedAt': { $lt: end },
      $or: [{ 'state.endsAt': null }, { 'state.endsAt': { $gte: month } }],
    })
    .sort({ _id: 1 })
    .toArray()
  const payments = await paymentsOf(
    db,
    held.map(({ _id }) => _id),
  )
  const paid = new Set(
    payments.filter(({ paidAt }) => paidAt !== null).map((one) => one.subscription),
  )
  // One that ended without a payment never began (Stripe `incomplete_expired`): nobody will ever pay its invoice.
  const began = held.filter(
    ({ _id, state }) => state?.status != null && (state.status !== 'CANCELED' || paid.has(_id)),
  )
  const subscriptions = began.map(({ _id }) => _id)
  return { subscriptions, providerInvoices: named(subscriptions, payments, month) }
}

/** @param month its start, ms */
function named(
  subscriptions: readonly string[],
  payments: Awaited<ReturnType<typeof paymentsOf>>,
  month: number,
): OfProvider['providerInvoices'] {
  const span = { start: month, end: startOfNextMonth(month) }
  return [...invoicesOfMonth(subscriptions, payments, span).values()].flat().flatMap((payment) => {
    const provider = providerOf(payment.id)
    if (!provider) return []
    return [{ provider, id: idAtProvider(payment.id), number: payment.number }]
  })
}

/** The invoices of providers' subscriptions, as far as their events told. */
export async function paymentsOf(db: Db, subscriptions: readonly string[]) {
  const found = providerInvoices(db).find({ subscription: { $in: [...subscriptions] } })
  return (await found.sort({ createdAt: 1, _id: 1 }).toArray()).map((invoice) => ({
    ...{ id: invoice._id, number: invoice.number, subscription: invoice.subscription },
    ...{ createdAt: invoice.createdAt.getTime(), paidAt: invoice.paidAt?.getTime() ?? null },
  }))
}
