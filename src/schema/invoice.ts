import { providerName } from '../rules/billing/fact.ts'
import { INVOICE_KINDS, pdfPathOf } from '../rules/billing/invoice.ts'
import { INVOICE_STATUSES } from '../rules/billing/invoice-status.ts'
import { amountText } from '../rules/billing/money.ts'
import type { InvoiceDoc } from '../store/invoices.ts'
import { builder } from './builder.ts'
import { connectionType } from './connection-type.ts'
import { Money, type MoneyShape } from './money.ts'

const InvoiceStatusType = builder.enumType('InvoiceStatus', {
  description: 'DRAFT: of the running month, and replaced each time it is drafted.',
  values: INVOICE_STATUSES,
})

export const InvoiceKindType = builder.enumType('InvoiceKind', {
  description:
    'USAGE_STATEMENT: what Stripe or Paddle charge, whose own invoice is the one to pay. CREDIT_NOTE: money given back, with a negative total.',
  values: INVOICE_KINDS,
})

interface LineShape {
  description: string
  quantity: number
  unitPrice: MoneyShape
  amount: MoneyShape
}

const InvoiceLine = builder.objectRef<LineShape>('InvoiceLine').implement({
  fields: (t) => ({
    description: t.exposeString('description'),
    quantity: t.expose('quantity', { type: 'SafeInt' }),
    unitPrice: t.expose('unitPrice', { type: Money, description: 'Up to six decimals.' }),
    amount: t.expose('amount', {
      type: Money,
      description: 'Rounded half up, here and nowhere else.',
    }),
  }),
})

const money = (amount: number, currency: string) => ({
  amount: amountText(amount, currency),
  currency,
})

export const Invoice = builder.objectRef<InvoiceDoc>('Invoice').implement({
  description: 'What it says never changes once it is issued; its status may.',
  fields: (t) => ({
    id: t.exposeID('_id'),
    accountId: t.exposeID('accountId'),
    kind: t.expose('kind', { type: InvoiceKindType }),
    number: t.string({
      description: 'Without gaps within its kind; DRAFT where it has none yet.',
      resolve: ({ number }) => number ?? 'DRAFT',
    }),
    month: t.expose('month', { type: 'YearMonth' }),
    status: t.expose('status', { type: InvoiceStatusType }),
    because: t.exposeString('because', {
      nullable: true,
      description: 'Why it is VOID or UNCOLLECTIBLE, in plain words.',
    }),
    total: t.field({ type: Money, resolve: ({ total, currency }) => money(total, currency) }),
    lines: t.field({
      type: [InvoiceLine],
      description: 'Together they are the total; the tax, where there is one, is the last.',
      resolve: ({ lines, currency }) =>
        lines.map(({ description, quantity, unitPrice, amount }) => ({
          ...{ description, quantity, amount: money(amount, currency) },
          unitPrice: { amount: unitPrice, currency },
        })),
    }),
    credited: t.field({
      type: Money,
      description: 'Given back by credit notes.',
      resolve: ({ credited, currency }) => money(credited, currency),
    }),
    creditOf: t.id({
      nullable: true,
      description: 'Of a credit note: the document that it takes back.',
      resolve: ({ credits }) => credits?.id ?? null,
    }),
    providerInvoices: t.stringList({
      description:
        "Of a statement: the provider's own invoices, as far as they were known when it was issued.",
      resolve: ({ providerInvoices }) =>
        providerInvoices.map(
          ({ provider, id, number }) => `${providerName(provider)} ${number ?? id}`,
        ),
    }),
    pdfUrl: t.string({
      description: "A path on this server, for the owner's bearer token.",
      resolve: ({ _id }) => pdfPathOf(_id),
    }),
    issuedAt: t.expose('createdAt', { type: 'DateTime' }),
    paidAt: t.expose('paidAt', { type: 'DateTime', nullable: true }),
  }),
})

interface AuditShape {
  invoice: InvoiceDoc
  holds: boolean
  findings: string[]
  lateCalls: number
}

export const InvoiceAudit = builder.objectRef<AuditShape>('InvoiceAudit').implement({
  description:
    'An issued document, reckoned anew from the roll-ups, the history of its keys and the plans kept with it.',
  fields: (t) => ({
    invoice: t.expose('invoice', { type: Invoice }),
    holds: t.exposeBoolean('holds', {
      description: 'It says what it should, and nothing is left to charge of its months.',
    }),
    findings: t.exposeStringList('findings', { description: 'In plain words.' }),
    lateCalls: t.expose('lateCalls', {
      type: 'SafeInt',
      description: 'Calls of its months that came after it was issued.',
    }),
  }),
})

export const InvoiceConnection = connectionType('Invoice', Invoice)
