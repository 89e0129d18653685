import { describe, expect, test } from 'vitest'
import { dueMonths, lastInvoiceableMonth } from '../../../src/rules/billing/due-months.ts'
import {
  INVOICE_STATUSES,
  type InvoiceEvent,
  invoicesOfMonth,
  paidAtProvider,
  statusAfter,
  statusesBefore,
  statusWhenIssued,
} from '../../../src/rules/billing/invoice-status.ts'

const events: InvoiceEvent[] = ['pay', 'void', 'giveUp']

test('where each event leads from each status; null is refused', () => {
  expect(
    INVOICE_STATUSES.map((status) => [status, ...events.map((one) => statusAfter(status, one))]),
  ).toEqual([
    ['DRAFT', null, null, null],
    ['OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE'],
    ['PAID', 'PAID', null, null],
    ['VOID', null, 'VOID', null],
    ['UNCOLLECTIBLE', 'PAID', 'VOID', 'UNCOLLECTIBLE'],
  ])
  expect(statusesBefore('pay')).toEqual(['OPEN', 'UNCOLLECTIBLE'])
  expect(statusesBefore('giveUp')).toEqual(['OPEN'])
})

test('what costs nothing is paid when it is issued', () => {
  expect([0, 1, -1].map(statusWhenIssued)).toEqual(['PAID', 'OPEN', 'OPEN'])
})

describe('the provider invoices of a statement', () => {
  const month = { start: Date.parse('2026-11-01'), end: Date.parse('2026-12-01') }
  const invoice = (subscription: string, made: string, paid: string | null = null) => ({
    ...{
      subscription,
      createdAt: Date.parse(made),
      paidAt: paid === null ? null : Date.parse(paid),
    },
  })
  const october = invoice('S', '2026-10-15', '2026-10-15')
  const november = invoice('S', '2026-11-15', '2026-11-16')
  const more = invoice('S', '2026-11-30T23:59:59Z')
  const december = invoice('S', '2026-12-01')

  test('are those made in its month', () => {
    const found = invoicesOfMonth(['S'], [december, more, october, november], month)
    expect(found.get('S')).toEqual([november, more])
  })

  test('are the last one before, where a subscription had none in the month', () => {
    expect(invoicesOfMonth(['S'], [october, december], month).get('S')).toEqual([october])
    expect(invoicesOfMonth(['S'], [december], month).get('S')).toEqual([])
  })

  test('pay it when all of them are paid, at the last payment', () => {
    const paidBy = (...invoices: (typeof october)[]) =>
      paidAtProvider(invoicesOfMonth(['S'], invoices, month))
    expect(paidBy(october, november)).toBe(Date.parse('2026-11-16'))
    expect(paidBy(november, more)).toBeNull()
    expect(paidBy()).toBeNull()
    const two = invoicesOfMonth(['S', 'T'], [november], month)
    expect(paidAtProvider(two)).toBeNull()
    expect(paidAtProvider(new Map())).toBeNull()
  })
})

describe('months that are due', () => {
  const at = (text: string) => Date.parse(text)

  test('begin two hours after their end', () => {
    expect(dueMonths(at('2026-12-01T01:59:59.999Z'), new Set(['2026-10']), '2026-10')).toEqual([])
    expect(dueMonths(at('2026-12-01T02:00:00Z'), new Set(['2026-10']), '2026-10')).toEqual([
      '2026-11',
    ])
    expect(lastInvoiceableMonth(at('2026-12-01T02:00:00Z'))).toBe(at('2026-11-01'))
  })

  test('are made up, all since the first that was invoiced in its time', () => {
    const done = new Set(['2026-06', '2026-08'])
    const due = dueMonths(at('2026-11-05'), done, '2026-06')
    expect(due).toEqual(['2026-07', '2026-09', '2026-10'])
  })

  test('are the last one alone where none was ever invoiced', () => {
    expect(dueMonths(at('2027-01-01T02:00:00Z'), new Set(['2026-03']), null)).toEqual(['2026-12'])
  })
})
