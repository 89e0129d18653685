import { hash } from 'node:crypto'
import type { Db } from 'mongodb'
import { ApiError } from '../../errors.ts'
import { BadInput } from '../../rules/bad-input.ts'
import type { MonthlyKind } from '../../rules/billing/invoice.ts'
import { type Audit, auditMonth, concerns } from '../../rules/billing/invoice-audit.ts'
import type { CountedEarlier } from '../../rules/billing/monthly-documents.ts'
import { accessHistory } from '../../store/access-history.ts'
import { apiKeys } from '../../store/api-keys.ts'
import {
  contentHashOf,
  contentOf,
  type InvoiceDoc,
  invoiceFiles,
  invoices,
} from '../../store/invoices.ts'
import { lifeOf } from '../../store/key-life.ts'
import { usageCells } from '../../store/usage-cells.ts'
import { countedBy } from './account-facts.ts'

export interface InvoiceAudit extends Audit {
  invoice: InvoiceDoc
}

/**
 * Whether an issued document still holds: unaltered, summed up rightly, and what the roll-ups, the history of the keys and the
 * plans kept with it amount to.
 * @param accountId the caller's; null: the admin, who reaches every one
 * @throws BadInput for a draft, ApiError NOT_FOUND
 */
export async function auditInvoice(
  db: Db,
  id: string,
  accountId: string | null,
): Promise<InvoiceAudit> {
  const filter = { _id: id, ...(accountId !== null && { accountId }) }
  const invoice = await invoices(db).findOne(filter)
  if (!invoice) throw new ApiError('NOT_FOUND', 'There is no such invoice.')
  if (invoice.status === 'DRAFT') throw new BadInput('A draft is reckoned anew each time.')
  const altered = await whatWasAltered(db, invoice)
  const { kind } = invoice
  const audit = kind === 'CREDIT_NOTE' ? creditFindings(invoice) : await monthOf(db, invoice, kind)
  return {
    ...{ invoice, ...audit },
    holds: audit.holds && altered.length === 0,
    findings: [...altered, ...audit.findings],
  }
}

async function whatWasAltered(db: Db, invoice: InvoiceDoc): Promise<string[]> {
  const file = await invoiceFiles(db).findOne({ _id: invoice._id })
  const sha256 = file && hash('sha256', file.pdf.buffer)
  const sum = invoice.lines.reduce((all, { amount }) => all + amount, 0)
  return [
    ...(contentHashOf(contentOf(invoice)) === invoice.contentHash
      ? []
      : ['It was altered after it was issued: it no longer has its hash.']),
    ...(sha256 === invoice.file?.sha256 ? [] : ['Its PDF is not the one that was issued.']),
    ...(sum === invoice.total ? [] : ['Its lines do not add up to its total.']),
  ]
}

function creditFindings({ credits }: InvoiceDoc): Audit {
  const what = credits ? ` of ${credits.number}` : ''
  return { holds: true, lateCalls: 0, findings: [`It gives back what was decided${what}.`] }
}

async function monthOf(db: Db, invoice: InvoiceDoc, kind: MonthlyKind): Promise<Audit> {
  const content = { ...contentOf(invoice), kind }
  const { accountId, basis, createdAt, sequence, month } = invoice
  const ids = { $in: basis.keys.map(({ apiKeyId }) => apiKeyId) }
  const [keys, changes, issued, cells] = await Promise.all([
    apiKeys(db).find({ _id: ids }).toArray(),
    accessHistory(db).find({ apiKeyId: ids }).sort({ apiKeyId: 1, n: 1 }).toArray(),
    invoices(db)
      .find({ accountId, status: { $ne: 'DRAFT' } })
      .sort({ sequence: 1 })
      .toArray(),
    usageCells(db)
      .months.find({ _id: { $in: basis.usage.map((one) => `${one.apiKeyId}:${one.month}`) } })
      .toArray(),
  ])
  const totals = new Map(cells.map(({ _id, total }) => [_id, total]))
  const earlier = issued.filter((one) => one.sequence < sequence && one.month !== month)
  const since = changes.filter(({ recordedAt }) => recordedAt > createdAt)
  return auditMonth({
    content,
    asKnown: {
      keys: basis.keys.flatMap((named) => {
        const key = keys.find(({ _id }) => _id === named.apiKeyId)
        const own = changes.filter(({ apiKeyId }) => apiKeyId === named.apiKeyId)
        const known = own.filter(({ recordedAt }) => recordedAt <= createdAt)
        // A key without history by then was on what its first later entry comes from.
        const tier = own[0]?.from?.tier ?? key?.tier ?? ''
        return key ? [{ ...named, life: lifeOf({ ...key, tier }, known) }] : []
      }),
      earlier: earlier.flatMap(countedBy),
      empty: emptyThen(invoice, earlier.flatMap(countedBy)),
    },
    changesSince: since
      .filter(({ at }) => concerns(at.getTime(), month))
      .map(({ apiKeyId, at, recordedAt, because }) => ({
        ...{ apiKeyId, because },
        ...{ at: at.getTime(), recordedAt: recordedAt.getTime() },
      })),
    totalNow: (apiKeyId, of) => totals.get(`${apiKeyId}:${of}`) ?? 0,
    countedNow: issued.flatMap(countedBy),
  })
}

/** Months that it charged late calls of and no document had counted before: they had been settled without one. */
function emptyThen({ basis, month }: InvoiceDoc, earlier: readonly CountedEarlier[]): string[] {
  return basis.usage
    .filter((one) => one.month !== month)
    .filter(
      (one) =>
        !earlier.some((other) => other.apiKeyId === one.apiKeyId && other.month === one.month),
    )
    .map(({ month: of, home }) => `${of}:${home}`)
}
