import { expect, test } from 'vitest'
import type { InvoiceKind } from '../../src/rules/billing/invoice.ts'
import { noticeOfBilling } from '../../src/workers/deliver-alerts/messages/billing-notice.ts'

function told(kind: InvoiceKind, number: string, amount: string, currency: string) {
  const data = { kind, number, month: '2026-11', total: { amount, currency }, credits: null }
  const notice = {
    type: 'invoice-issued' as const,
    data: { ...data, invoiceId: 'inv_1', pdfUrl: '/x' },
  }
  return noticeOfBilling(notice, null, 'https://api.example.com')
}

test.each<[InvoiceKind, string, string, string, string]>([
  ['INVOICE', 'INV-000001', '91.85', 'USD', 'Invoice INV-000001 for November 2026: USD 91.85'],
  [
    'USAGE_STATEMENT',
    'STM-000001',
    '15003',
    'JPY',
    'Usage statement STM-000001 for November 2026: JPY 15,003',
  ],
  ['CREDIT_NOTE', 'CRN-000001', '-1.500', 'KWD', 'Credit note CRN-000001: KWD -1.500'],
])(
  'the mail of a document says what it is and what it amounts to: %s',
  (kind, number, amount, currency, title) => {
    const message = told(kind, number, amount, currency)
    expect(message).toMatchObject({
      title,
      tone: 'calm',
      link: 'https://api.example.com/dashboard',
    })
    expect(message?.title).toMatch(/^[\x20-\x7e]+$/)
    expect(message?.text.includes('not a request for payment')).toBe(kind === 'USAGE_STATEMENT')
  },
)

test('that a document is paid goes by no mail', () => {
  const notice = { type: 'invoice-paid' as const, data: {} }
  expect(noticeOfBilling(notice, null, 'https://api.example.com')).toBeNull()
})
