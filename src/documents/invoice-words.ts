import { providerName } from '../rules/billing/fact.ts'
import type { InvoiceContent, InvoiceKind } from '../rules/billing/invoice.ts'
import { monthWords } from '../rules/billing/invoice-lines.ts'
import { amountText } from '../rules/billing/money.ts'
import { parseMonth } from '../rules/usage-period.ts'

const titles: Readonly<Record<InvoiceKind, string>> = {
  INVOICE: 'Invoice',
  USAGE_STATEMENT: 'Usage statement',
  CREDIT_NOTE: 'Credit note',
}

export function titleOf({ kind }: Pick<InvoiceContent, 'kind'>): string {
  return titles[kind]
}

/** What stands beside the addresses. */
export function factsOf(content: InvoiceContent): { label: string; value: string }[] {
  const { number, issuedAt, month, accountId, credits } = content
  return [
    { label: 'Number', value: number ?? 'Draft' },
    { label: number === null ? 'Drafted on' : 'Issued on', value: dayWords(issuedAt) },
    { label: 'For', value: monthWords(parseMonth(month)) },
    { label: 'Account', value: accountId },
    ...(credits ? [{ label: 'Credits', value: credits.number }] : []),
  ]
}

/** `1 December 2026` */
function dayWords(instant: string): string {
  const at = Date.parse(instant)
  return `${new Date(at).getUTCDate()} ${monthWords(at)}`
}

/** Below the total, a paragraph each. */
export function notesOf(content: InvoiceContent): string[] {
  const { kind, number, providerInvoices, lines } = content
  const draft =
    number === null
      ? ['This is a draft: the month as it stands, as if nothing changed until its end.']
      : []
  const hasDays = lines.some(({ what, quantity }) => what === 'plan' && quantity !== 1)
  const days = hasDays
    ? [
        'Plans are charged by whole UTC days; the day of a change belongs to the new plan. Amounts are rounded once, from the exact fraction of the price.',
      ]
    : []
  if (kind === 'CREDIT_NOTE') return draft
  return [
    ...draft,
    ...(kind === 'USAGE_STATEMENT' ? [statementNote(providerInvoices)] : []),
    ...days,
  ]
}

function statementNote(invoices: InvoiceContent['providerInvoices']): string {
  const named = invoices.map(
    ({ provider, id, number }) => `${providerName(provider)} ${number ?? id}`,
  )
  const which =
    named.length === 0
      ? 'The payment provider sends its own invoice.'
      : `The payment provider's own ${named.length === 1 ? 'invoice is' : 'invoices are'} ${named.join(', ')}.`
  return `This statement is not a request for payment. ${which}`
}

/** Digits of large numbers in threes: `12,345`, `1234.50`. */
export function grouped(text: string): string {
  const [, sign = '', whole = '', rest = ''] = /^(-?)(\d+)(.*)$/.exec(text) ?? []
  return whole.length < 5 ? text : `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${rest}`
}

/** `USD 64.00` */
export function moneyWords(amount: number, currency: string): string {
  return `${currency} ${grouped(amountText(amount, currency))}`
}
