import { ApiError } from '../../errors.ts'
import { BadInput } from '../../rules/bad-input.ts'
import { creditAmount, creditableOf, creditLines } from '../../rules/billing/credit.ts'
import type { InvoiceContent } from '../../rules/billing/invoice.ts'
import { invoiceAccounts, ReckonedBefore } from '../../store/invoice-accounts.ts'
import { moveInvoice } from '../../store/invoice-status.ts'
import { type InvoiceDoc, invoiceId, invoices } from '../../store/invoices.ts'
import { noteOf } from './credit-refunds.ts'
import type { InvoiceTools } from './issue-account.ts'
import { issueContent } from './issue-content.ts'

export interface Credit {
  id: string
  /** Decimal in major units, tax included. */
  amount: string
  /** Stands on the note. */
  reason: string
  /** The same again writes no second note; null: each is one of its own. */
  idempotencyKey: string | null
}

const ATTEMPTS = 20

/**
 * Gives back a part of an invoice, or all of it, with a credit note. Of an invoice that is not paid yet that much less is
 * owed: with all of it credited it is settled. Of a paid one the note stays OPEN until the money went back.
 * @throws BadInput, ApiError NOT_FOUND
 */
export async function creditInvoice(tools: InvoiceTools, credit: Credit): Promise<InvoiceDoc> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await creditOnce(tools, credit)
    } catch (error) {
      if (!(error instanceof ReckonedBefore) || attempt === ATTEMPTS) throw error
    }
  }
}

async function creditOnce(tools: InvoiceTools, credit: Credit): Promise<InvoiceDoc> {
  const { db } = tools
  const position = await versionOf(tools, credit.id)
  const invoice = await invoices(db).findOne({ _id: credit.id })
  if (!invoice) throw new ApiError('NOT_FOUND', 'There is no such invoice.')
  const key = credit.idempotencyKey ?? `after ${invoice.credited}`
  const id = invoiceId(invoice._id, key)
  const before = credit.idempotencyKey && (await invoices(db).findOne({ _id: id }))
  if (before) return before
  demandCreditable(invoice)
  const { total, credited, currency, accountId, month, number } = invoice
  const amount = creditAmount(credit.amount, currency, creditableOf(total, credited))
  const content: InvoiceContent = {
    ...noteOf({ id, accountId, month, currency }, tools, invoice.buyer),
    ...creditLines(invoice, { amount, credited, reason: credit.reason }),
    credits: { id: invoice._id, number: number ?? '' },
    reason: credit.reason,
  }
  const open = invoice.status !== 'PAID'
  const when = new Date(tools.clock())
  const note = await issueContent(tools, content, {
    ...{ version: position, refund: null },
    status: open ? { status: 'PAID', paidAt: when } : { status: 'OPEN', paidAt: null },
    alongside: async (session) => {
      // Paid, voided or credited since it was read: what is given back may be another.
      const unchanged = { _id: invoice._id, status: invoice.status, credited }
      const update = { $inc: { credited: amount } }
      const { matchedCount } = await invoices(db).updateOne(unchanged, update, { session })
      if (matchedCount === 0) throw new ReckonedBefore(`${invoice._id} has changed meanwhile`)
      const move = { id: invoice._id, event: 'pay' as const, when }
      if (credited + amount === total) await moveInvoice(db, move, session)
    },
  })
  if (!note) throw new ReckonedBefore(`${invoice._id} was credited meanwhile`)
  return note
}

/** Read before the invoice: whoever credits it, or issues for its account, raises it. */
async function versionOf({ db }: InvoiceTools, id: string): Promise<number> {
  const invoice = await invoices(db).findOne({ _id: id }, { projection: { accountId: 1 } })
  const found = invoice && (await invoiceAccounts(db).findOne({ _id: invoice.accountId }))
  return found?.version ?? 0
}

function demandCreditable({ kind, status }: InvoiceDoc): void {
  if (kind === 'USAGE_STATEMENT') {
    throw new BadInput(
      'What a provider charged is refunded there; its credit note follows by itself.',
    )
  }
  if (kind === 'CREDIT_NOTE') throw new BadInput('A credit note gives back already.')
  if (status === 'DRAFT') throw new BadInput('A draft can still change by itself.')
  if (status === 'VOID') throw new BadInput('Nobody owes what is void.')
}
