import { moneyWords } from '../../../documents/invoice-words.ts'
import { monthWords } from '../../../rules/billing/invoice-lines.ts'
import { minorOf } from '../../../rules/billing/money.ts'
import { parseMonth } from '../../../rules/usage-period.ts'
import type { InvoiceNoticeData } from '../../../store/issue-invoice.ts'
import type { Notice } from './notice.ts'

/** What a mail says of a document that was issued; the document itself is attached. */
export function messageOfInvoice(
  { kind, number, month, total, credits }: InvoiceNoticeData,
  link: string,
): Notice {
  const of = monthWords(parseMonth(month))
  const { currency } = total
  const amount = moneyWords(Number(minorOf(total.amount, currency)), currency)
  const said = {
    INVOICE: {
      title: `Invoice ${number} for ${of}: ${amount}`,
      text: `The invoice for ${of} is attached.`,
    },
    USAGE_STATEMENT: {
      title: `Usage statement ${number} for ${of}: ${amount}`,
      text: `What ${of} amounts to is attached. This is not a request for payment: the payment provider sends its own invoice.`,
    },
    CREDIT_NOTE: {
      title: `Credit note ${number}: ${amount}`,
      text: `A credit note is attached${credits === null ? '' : `; it takes back a part of ${credits}, or all of it`}.`,
    },
  }[kind]
  return {
    ...said,
    facts: [
      { label: 'Number', value: number },
      { label: 'For', value: of },
      { label: 'Total', value: amount },
    ],
    tone: 'calm',
    link,
  }
}
