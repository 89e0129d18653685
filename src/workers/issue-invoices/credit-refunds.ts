import type { ClientSession, Db } from 'mongodb'
import { minorOfProvider, refundLines } from '../../rules/billing/credit.ts'
import { idAtProvider, providerOf } from '../../rules/billing/fact.ts'
import type { Buyer, InvoiceContent } from '../../rules/billing/invoice.ts'
import type { Seller } from '../../rules/billing/seller.ts'
import { monthName, startOfMonth } from '../../rules/calendar-time.ts'
import { parseMonth } from '../../rules/usage-period.ts'
import { billingSubscriptions } from '../../store/billing-subscriptions.ts'
import { ReckonedBefore } from '../../store/invoice-accounts.ts'
import { type InvoiceDoc, invoiceId, invoiceProblems, invoices } from '../../store/invoices.ts'
import { jobRuns } from '../../store/job-runs.ts'
import { type ProviderInvoiceDoc, providerInvoices } from '../../store/provider-invoices.ts'
import { type ProviderRefundDoc, providerRefunds } from '../../store/provider-refunds.ts'
import { readAccountFacts } from './account-facts.ts'
import type { InvoiceTools } from './issue-account.ts'
import { issueContent } from './issue-content.ts'
import { ISSUE_JOB } from './issue-job.ts'

/** Others issue too: then a note is made anew, or at the next look. */
const ATTEMPTS = 20

/**
 * Writes a credit note for what providers gave back and no note tells of yet: once for each cent, as a charge is
 * refunded in portions, and not before the statement that it belongs to.
 * @returns the notes that were issued
 */
export async function creditRefunds(tools: InvoiceTools): Promise<InvoiceDoc[]> {
  const waiting = providerRefunds(tools.db).find({ creditDue: true }).sort({ at: 1, _id: 1 })
  const notes: InvoiceDoc[] = []
  for await (const refund of waiting) {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        const note = await creditRefund(tools, refund)
        if (note) notes.push(note)
        break
      } catch (error) {
        if (!(error instanceof ReckonedBefore)) throw error
      }
    }
  }
  return notes
}

async function creditRefund(
  tools: InvoiceTools,
  refund: ProviderRefundDoc,
): Promise<InvoiceDoc | null> {
  const { db } = tools
  const { accountId, total, credited = 0 } = refund
  const provider = providerOf(refund._id)
  if (accountId === null || !provider || total <= credited) {
    await settleRefund(db, refund)
    return null
  }
  const invoice = await invoiceRefunded(db, refund)
  const month = monthName((invoice?.createdAt ?? refund.at).getTime())
  const statement = await invoices(db).findOne({
    ...{ accountId, month, kind: 'USAGE_STATEMENT', status: { $ne: 'DRAFT' } },
  })
  if (!statement && (await mayStillCome(tools, accountId, month))) return null
  const [facts] = await readAccountFacts(tools, [accountId], parseMonth(month))
  if (!facts) {
    await settleRefund(db, refund)
    return null
  }
  const amount = minorOfProvider(provider, total - credited, refund.currency)
  const named = invoice && (invoice.number ?? idAtProvider(invoice._id))
  const { currency } = refund
  const id = invoiceId(refund._id, credited)
  const content: InvoiceContent = {
    ...noteOf({ accountId, month, currency, id }, tools, facts.buyer),
    ...refundLines(provider, { amount, currency, of: named ?? null }),
    credits: statement && { id: statement._id, number: statement.number ?? '' },
    reason: null,
  }
  return await issueContent(tools, content, {
    ...{ version: facts.version, refund: refund._id },
    // The money went back before this was written.
    status: { status: 'PAID', paidAt: refund.at },
    alongside: async (session) => {
      await settleRefund(db, refund, session)
      if (statement) await addCredit(db, statement._id, amount, session)
    },
  })
}

/** A credit note, but for its lines and what it takes back. */
export function noteOf(
  named: Pick<InvoiceContent, 'id' | 'accountId' | 'month' | 'currency'>,
  { clock, seller }: { clock: () => number; seller: Seller },
  buyer: Buyer,
) {
  return {
    ...{ ...named, kind: 'CREDIT_NOTE' as const, number: null, seller, buyer },
    issuedAt: new Date(clock()).toISOString(),
    basis: { plans: [], keys: [], usage: [] },
    ...{ providerInvoices: [], subscriptions: [] },
  }
}

async function addCredit(
  db: Db,
  _id: string,
  amount: number,
  session: ClientSession,
): Promise<void> {
  await invoices(db).updateOne({ _id }, { $inc: { credited: amount } }, { session })
}

/** All of it told, unless more went back since it was read: then the next look tells the rest. */
async function settleRefund(
  db: Db,
  { _id, total, credited }: ProviderRefundDoc,
  session?: ClientSession,
): Promise<void> {
  const before = credited === undefined ? { credited: { $exists: false } } : { credited }
  const { matchedCount } = await providerRefunds(db).updateOne(
    { _id, ...before },
    [{ $set: { credited: Math.max(total, credited ?? 0), creditDue: { $gt: ['$total', total] } } }],
    session ? { session } : {},
  )
  if (matchedCount === 0) throw new ReckonedBefore(`${_id} was credited meanwhile`)
}

/** The provider's invoice that was paid back: the one that is named, else the last one paid before. */
async function invoiceRefunded(
  db: Db,
  { invoice, subscription, accountId, at, currency }: ProviderRefundDoc,
): Promise<ProviderInvoiceDoc | null> {
  const named = invoice === null ? null : await providerInvoices(db).findOne({ _id: invoice })
  if (named) return named
  const own = subscription
    ? [subscription]
    : (await billingSubscriptions(db).find({ accountId }).toArray()).map(({ _id }) => _id)
  return await providerInvoices(db).findOne(
    { subscription: { $in: own }, createdAt: { $lte: at }, paidAt: { $ne: null }, currency },
    { sort: { createdAt: -1 } },
  )
}

/** Whether the statement of the month is still to be issued. */
async function mayStillCome({ db, clock }: InvoiceTools, accountId: string, month: string) {
  if (parseMonth(month) >= startOfMonth(clock())) return true
  const problem = { _id: `${accountId}:${month}:USAGE_STATEMENT` }
  if (await invoiceProblems(db).findOne(problem)) return true
  const run = { _id: `${ISSUE_JOB}:${month}`, finishedAt: { $exists: true } }
  return (await jobRuns(db).findOne(run)) === null
}
