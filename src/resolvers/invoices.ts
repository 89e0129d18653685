import { checkedReason, decideInvoice } from '../callers/invoice-commands.ts'
import { accountInScope, commandScope } from '../callers/ownership.ts'
import { access } from '../rules/access.ts'
import { BadInput } from '../rules/bad-input.ts'
import { builder } from '../schema/builder.ts'
import { Invoice, InvoiceAudit, InvoiceConnection, InvoiceKindType } from '../schema/invoice.ts'
import { invoices } from '../store/invoices.ts'
import { newestFirst } from './newest-first.ts'

const ownerOrAdmin = access(['account', 'admin'])
const adminOnly = access(['admin'])

builder.queryField('invoices', (t) =>
  t.field({
    type: InvoiceConnection,
    nullable: true,
    description:
      'Invoices, statements, credit notes and drafts, newest first. Only the admin names an accountId.',
    extensions: ownerOrAdmin,
    args: {
      first: t.arg.int({ description: '1 to 500; 50 by default.' }),
      after: t.arg.string(),
      accountId: t.arg.id(),
    },
    resolve: (_root, { accountId, ...page }, { deps, caller }) => {
      const list = { collection: invoices(deps.db), name: 'invoice', id: /^inv_[0-9a-f]{24}$/ }
      const wanted = { accountId: accountInScope(caller, accountId) }
      return newestFirst({ ...list, wanted }, page)
    },
  }),
)

builder.queryField('previewInvoice', (t) =>
  t.field({
    type: Invoice,
    nullable: true,
    description:
      'What a month would be invoiced with now; nothing is stored, and nothing to invoice is null. Of the running month as if nothing changed until its end. Without a kind the invoice, where there is none the statement.',
    extensions: ownerOrAdmin,
    args: {
      accountId: t.arg.id({ description: 'An owner may leave it out.' }),
      month: t.arg({ type: 'YearMonth', required: true }),
      kind: t.arg({ type: InvoiceKindType }),
    },
    resolve: (_root, { accountId, month, kind = null }, { deps, caller }) => {
      if (kind === 'CREDIT_NOTE') throw new BadInput('A credit note comes of no month.')
      const of = accountInScope(caller, accountId)
      return deps.invoicing.preview({ accountId: of, month, kind })
    },
  }),
)

builder.queryField('invoiceAudit', (t) =>
  t.field({
    type: InvoiceAudit,
    nullable: true,
    description: 'Whether an issued document still holds, or which late calls came since.',
    extensions: ownerOrAdmin,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { deps, caller }) =>
      deps.invoicing.audit(id, commandScope(caller, id).accountId),
  }),
)

builder.mutationField('markInvoicePaid', (t) =>
  t.field({
    type: Invoice,
    nullable: true,
    description:
      'The money for an invoice has come, or that of a credit note went back. A statement is paid at its provider.',
    extensions: adminOnly,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { deps }) =>
      decideInvoice(deps.db, { id, event: 'pay', because: null }, deps),
  }),
)

builder.mutationField('voidInvoice', (t) =>
  t.field({
    type: Invoice,
    nullable: true,
    description:
      'Nobody owes it; it keeps its number, and what it charged is not charged again. What is paid is credited instead.',
    extensions: adminOnly,
    args: { id: t.arg.id({ required: true }), reason: t.arg.string({ required: true }) },
    resolve: (_root, { id, reason }, { deps }) =>
      decideInvoice(deps.db, { id, event: 'void', because: checkedReason(reason) }, deps),
  }),
)

builder.mutationField('markInvoiceUncollectible', (t) =>
  t.field({
    type: Invoice,
    nullable: true,
    description: 'It is owed, and nobody expects the money any more. It can still be paid.',
    extensions: adminOnly,
    args: { id: t.arg.id({ required: true }), reason: t.arg.string({ required: true }) },
    resolve: (_root, { id, reason }, { deps }) =>
      decideInvoice(deps.db, { id, event: 'giveUp', because: checkedReason(reason) }, deps),
  }),
)

builder.mutationField('creditInvoice', (t) =>
  t.field({
    type: Invoice,
    nullable: true,
    description:
      'Gives back a part of an invoice, tax included, and answers the credit note. Of an unpaid invoice that much less is owed.',
    extensions: adminOnly,
    args: {
      id: t.arg.id({ required: true }),
      amount: t.arg.string({ required: true, description: 'Decimal, in major units.' }),
      reason: t.arg.string({ required: true, description: 'Stands on the note.' }),
      idempotencyKey: t.arg.string({ description: 'The same again writes no second note.' }),
    },
    resolve: (_root, { id, amount, reason, idempotencyKey = null }, { deps }) =>
      deps.invoicing.credit({ id, amount, reason: checkedReason(reason), idempotencyKey }),
  }),
)
