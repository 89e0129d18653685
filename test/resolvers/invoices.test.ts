import { describe, expect, test } from 'vitest'
import { billingNotices } from '../../src/store/billing-notices.ts'
import { invoices } from '../../src/store/invoices.ts'
import { asOwner } from '../asked.ts'
import { access } from '../billing/account-months.ts'
import { askedInvoices, invoiceChange, invoiceFields } from './invoices-asked.ts'
import { admin, codeOf } from './two-accounts.ts'

const billing = askedInvoices()
const { asked, invoiced } = billing
const owner = asOwner('acc_a')
const other = asOwner('acc_b')

describe('invoices', () => {
  const list = `query($first: Int, $after: String, $accountId: ID) {
    invoices(first: $first, after: $after, accountId: $accountId) {
      totalCount pageInfo { hasNextPage endCursor }
      edges { node {
        id kind number month status pdfUrl issuedAt total { amount currency }
        lines { description quantity unitPrice { amount currency } amount { amount currency } }
      } }
    }
  }`

  test('are those of the account, newest first, page by page, as the contract has them', async () => {
    for (const month of ['2026-09', '2026-10', '2026-11']) {
      billing.world.now += 1
      await billing.world.invoicing().trigger(month)
    }
    const first = await asked(owner, list, { first: 2 })
    const page = first.data?.invoices as {
      totalCount: number
      pageInfo: { hasNextPage: boolean; endCursor: string }
      edges: { node: { id: string; month: string } }[]
    }
    expect(page).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } })
    expect(page.edges.map(({ node }) => node.month)).toEqual(['2026-11', '2026-10'])
    const id = page.edges[0]?.node.id
    expect(page.edges[0]?.node).toEqual({
      ...{ id, kind: 'INVOICE', number: 'INV-000003', month: '2026-11', status: 'OPEN' },
      ...{ pdfUrl: `/invoices/${id}.pdf`, issuedAt: '2026-12-01T02:00:00.003Z' },
      total: { amount: '31.90', currency: 'USD' },
      lines: [
        {
          description: 'Starter: key_a (gc_live_ey_a), November 2026',
          ...{ quantity: 1, unitPrice: { amount: '29.00', currency: 'USD' } },
          amount: { amount: '29.00', currency: 'USD' },
        },
        {
          description: 'GST 10 %',
          ...{ quantity: 1, unitPrice: { amount: '2.90', currency: 'USD' } },
          amount: { amount: '2.90', currency: 'USD' },
        },
      ],
    })
    const next = await asked(owner, list, { after: page.pageInfo.endCursor })
    expect(next.data?.invoices).toMatchObject({ edges: [{ node: { month: '2026-09' } }] })
    expect(codeOf(await asked(owner, list, { after: 'YWxlcnQ6MQ' }))).toBe('BAD_USER_INPUT')
  })

  test('of other accounts are the admin’s to see', async () => {
    await invoiced()
    expect((await asked(other, list)).data?.invoices).toMatchObject({ totalCount: 0 })
    expect(codeOf(await asked(other, list, { accountId: 'acc_a' }))).toBe('NOT_FOUND')
    expect((await asked(admin, list, { accountId: 'acc_a' })).data?.invoices).toMatchObject({
      totalCount: 1,
    })
    expect(codeOf(await asked(admin, list))).toBe('BAD_USER_INPUT')
  })
})

describe('previewInvoice', () => {
  const preview = `query($accountId: ID, $month: YearMonth!, $kind: InvoiceKind) {
    previewInvoice(accountId: $accountId, month: $month, kind: $kind) { ${invoiceFields} kind }
  }`

  test('tells what a month would cost, and stores nothing', async () => {
    await billing.world.plantCalls('key_a', '2026-12', 12_345)
    const { data } = await asked(owner, preview, { month: '2026-12' })
    // 29.00 + 2,345 x 0.004 = 38.38, and a tenth of it
    expect(data?.previewInvoice).toMatchObject({
      ...{ kind: 'INVOICE', number: 'DRAFT', status: 'DRAFT' },
      total: { amount: '42.22', currency: 'USD' },
    })
    expect(await invoices(billing.world.db).countDocuments()).toBe(0)
  })

  test('answers the statement where there is no invoice, and null where there is nothing', async () => {
    await billing.world.plantChange('key_a', '2026-10-15T10:00:00Z', access('starter', 'ACTIVE'))
    const { data } = await asked(owner, preview, { month: '2026-11' })
    expect(data?.previewInvoice).toMatchObject({
      kind: 'USAGE_STATEMENT',
      total: { amount: '29.00' },
    })
    const none = await asked(owner, preview, { month: '2026-11', kind: 'INVOICE' })
    expect(none).toEqual({ data: { previewInvoice: null } })
    expect(await asked(other, preview, { month: '2026-11' })).toEqual({
      data: { previewInvoice: null },
    })
  })

  test('is refused for months to come, other accounts, and what cannot be invoiced', async () => {
    expect(codeOf(await asked(owner, preview, { month: '2027-01' }))).toBe('BAD_USER_INPUT')
    expect(codeOf(await asked(other, preview, { month: '2026-11', accountId: 'acc_a' }))).toBe(
      'NOT_FOUND',
    )
    await billing.world.plantAccount('acc_c', { currency: 'NZD' })
    await billing.world.plantKey('key_c', 'acc_c')
    const refused = await asked(admin, preview, { month: '2026-11', accountId: 'acc_c' })
    expect(refused.errors?.[0]?.message).toContain('has no price in NZD')
  })
})

describe('the status of an invoice', () => {
  test('is OPEN until an operator says that it is paid, which is told once', async () => {
    const { _id: id } = await invoiced()
    const paid = await asked(admin, invoiceChange('markInvoicePaid'), { id })
    expect(paid.data?.markInvoicePaid).toMatchObject({ id, status: 'PAID' })
    const again = await asked(admin, invoiceChange('markInvoicePaid'), { id })
    expect(again.data?.markInvoicePaid).toMatchObject({ status: 'PAID' })
    expect(await billingNotices(billing.world.db).countDocuments({ type: 'invoice-paid' })).toBe(1)
    const voided = await asked(admin, invoiceChange('voidInvoice', ', reason: "wrong"'), { id })
    expect(voided.errors?.[0]?.message).toBe('What is PAID cannot be made void.')
  })

  test('is VOID for ever, and what it charged does not come again', async () => {
    await billing.world.plantCalls('key_a', '2026-11', 11_000)
    const { _id: id } = await invoiced()
    await asked(admin, invoiceChange('voidInvoice', ', reason: "Wrong address"'), { id })
    expect(await invoices(billing.world.db).findOne({ _id: id })).toMatchObject({
      status: 'VOID',
      because: 'Wrong address',
    })
    expect(codeOf(await asked(admin, invoiceChange('markInvoicePaid'), { id }))).toBe(
      'BAD_USER_INPUT',
    )
    expect(await billing.world.invoicing().trigger('2026-11')).toMatchObject({
      issued: 0,
      known: 1,
    })
    billing.world.now = Date.parse('2027-01-01T02:00:00Z')
    await billing.world.invoicing().trigger('2026-12')
    expect((await billing.world.issued()).at(-1)?.lines.map(({ what }) => what)).toEqual([
      'plan',
      'tax',
    ])
  })

  test('may be paid after nobody expected it any more', async () => {
    const { _id: id } = await invoiced()
    const given = await asked(
      admin,
      invoiceChange('markInvoiceUncollectible', ', reason: "Insolvent"'),
      {
        id,
      },
    )
    expect(given.data?.markInvoiceUncollectible).toMatchObject({ status: 'UNCOLLECTIBLE' })
    const paid = await asked(admin, invoiceChange('markInvoicePaid'), { id })
    expect(paid.data?.markInvoicePaid).toMatchObject({ status: 'PAID' })
  })

  test('of a draft, a statement and of nothing cannot be decided so', async () => {
    await billing.world.plantChange('key_a', '2026-10-15T10:00:00Z', access('starter', 'ACTIVE'))
    await billing.world.plantSubscription('STRIPE:sub_1', 'key_a', '2026-10-15T10:00:00Z')
    await billing.world.providerInvoice('STRIPE:in_1', 'STRIPE:sub_1', '2026-11-15')
    await billing.world.invoicing().trigger('2026-11')
    const [statement] = await billing.world.issued()
    const list = '{ invoices { edges { node { providerInvoices creditOf paidAt } } } }'
    expect((await asked(owner, list)).data?.invoices).toEqual({
      edges: [{ node: { providerInvoices: ['Stripe N-1'], creditOf: null, paidAt: null } }],
    })
    const byHand = await asked(admin, invoiceChange('markInvoicePaid'), { id: statement?._id })
    expect(byHand.errors?.[0]?.message).toContain('the provider')
    await billing.world.invoicing().trigger('2026-12')
    const draft = await invoices(billing.world.db).findOne({ status: 'DRAFT' })
    expect(
      codeOf(await asked(admin, invoiceChange('voidInvoice', ', reason: "x"'), { id: draft?._id })),
    ).toBe('BAD_USER_INPUT')
    expect(
      codeOf(await asked(admin, invoiceChange('voidInvoice', ', reason: "x"'), { id: 'inv_none' })),
    ).toBe('NOT_FOUND')
    expect(
      codeOf(await asked(admin, invoiceChange('voidInvoice', ', reason: " "'), { id: 'inv_none' })),
    ).toBe('BAD_USER_INPUT')
  })
})
