import type { ExecutionResult } from 'graphql'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { billingNotices } from '../../src/store/billing-notices.ts'
import { type InvoiceDoc, invoices } from '../../src/store/invoices.ts'
import { ask, asOwner, contextOf } from '../asked.ts'
import { access } from '../billing/account-months.ts'
import { type InvoicingWorld, invoicingWorld } from '../billing/invoicing-world.ts'
import { admin, codeOf } from './two-accounts.ts'

let world: InvoicingWorld
const owner = asOwner('acc_a')
const other = asOwner('acc_b')

beforeAll(async () => {
  world = await invoicingWorld()
})
afterAll(() => world.drop())
beforeEach(async () => {
  await world.clear()
  await world.plantAccount('acc_a')
  await world.plantKey('key_a', 'acc_a')
  await world.plantAccount('acc_b')
})

async function asked(
  caller: Caller,
  source: string,
  variables: Record<string, unknown> = {},
): Promise<ExecutionResult<Record<string, unknown>>> {
  const deps = { db: world.db, invoicing: world.invoicing(), clock: () => world.now }
  return await ask(source, contextOf(caller, deps), variables)
}

async function invoiced(): Promise<InvoiceDoc> {
  await world.invoicing().trigger('2026-11')
  const [invoice] = await world.issued('INVOICE')
  if (!invoice) throw new Error('nothing was issued')
  return invoice
}

const fields = 'id number status total { amount currency }'
const change = (name: string, more = '') =>
  `mutation($id: ID!) { ${name}(id: $id${more}) { ${fields} } }`

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
      world.now += 1
      await world.invoicing().trigger(month)
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
    previewInvoice(accountId: $accountId, month: $month, kind: $kind) { ${fields} kind }
  }`

  test('tells what a month would cost, and stores nothing', async () => {
    await world.plantCalls('key_a', '2026-12', 12_345)
    const { data } = await asked(owner, preview, { month: '2026-12' })
    // 29.00 + 2,345 x 0.004 = 38.38, and a tenth of it
    expect(data?.previewInvoice).toMatchObject({
      ...{ kind: 'INVOICE', number: 'DRAFT', status: 'DRAFT' },
      total: { amount: '42.22', currency: 'USD' },
    })
    expect(await invoices(world.db).countDocuments()).toBe(0)
  })

  test('answers the statement where there is no invoice, and null where there is nothing', async () => {
    await world.plantChange('key_a', '2026-10-15T10:00:00Z', access('starter', 'ACTIVE'))
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
    await world.plantAccount('acc_c', { currency: 'NZD' })
    await world.plantKey('key_c', 'acc_c')
    const refused = await asked(admin, preview, { month: '2026-11', accountId: 'acc_c' })
    expect(refused.errors?.[0]?.message).toContain('has no price in NZD')
  })
})

describe('the status of an invoice', () => {
  test('is OPEN until an operator says that it is paid, which is told once', async () => {
    const { _id: id } = await invoiced()
    const paid = await asked(admin, change('markInvoicePaid'), { id })
    expect(paid.data?.markInvoicePaid).toMatchObject({ id, status: 'PAID' })
    const again = await asked(admin, change('markInvoicePaid'), { id })
    expect(again.data?.markInvoicePaid).toMatchObject({ status: 'PAID' })
    expect(await billingNotices(world.db).countDocuments({ type: 'invoice-paid' })).toBe(1)
    const voided = await asked(admin, change('voidInvoice', ', reason: "wrong"'), { id })
    expect(voided.errors?.[0]?.message).toBe('What is PAID cannot be made void.')
  })

  test('is VOID for ever, and what it charged does not come again', async () => {
    await world.plantCalls('key_a', '2026-11', 11_000)
    const { _id: id } = await invoiced()
    await asked(admin, change('voidInvoice', ', reason: "Wrong address"'), { id })
    expect(await invoices(world.db).findOne({ _id: id })).toMatchObject({
      status: 'VOID',
      because: 'Wrong address',
    })
    expect(codeOf(await asked(admin, change('markInvoicePaid'), { id }))).toBe('BAD_USER_INPUT')
    expect(await world.invoicing().trigger('2026-11')).toMatchObject({ issued: 0, known: 1 })
    world.now = Date.parse('2027-01-01T02:00:00Z')
    await world.invoicing().trigger('2026-12')
    expect((await world.issued()).at(-1)?.lines.map(({ what }) => what)).toEqual(['plan', 'tax'])
  })

  test('may be paid after nobody expected it any more', async () => {
    const { _id: id } = await invoiced()
    const given = await asked(admin, change('markInvoiceUncollectible', ', reason: "Insolvent"'), {
      id,
    })
    expect(given.data?.markInvoiceUncollectible).toMatchObject({ status: 'UNCOLLECTIBLE' })
    const paid = await asked(admin, change('markInvoicePaid'), { id })
    expect(paid.data?.markInvoicePaid).toMatchObject({ status: 'PAID' })
  })

  test('of a draft, a statement and of nothing cannot be decided so', async () => {
    await world.plantChange('key_a', '2026-10-15T10:00:00Z', access('starter', 'ACTIVE'))
    await world.plantSubscription('STRIPE:sub_1', 'key_a', '2026-10-15T10:00:00Z')
    await world.providerInvoice('STRIPE:in_1', 'STRIPE:sub_1', '2026-11-15')
    await world.invoicing().trigger('2026-11')
    const [statement] = await world.issued()
    const list = '{ invoices { edges { node { providerInvoices creditOf paidAt } } } }'
    expect((await asked(owner, list)).data?.invoices).toEqual({
      edges: [{ node: { providerInvoices: ['Stripe N-1'], creditOf: null, paidAt: null } }],
    })
    const byHand = await asked(admin, change('markInvoicePaid'), { id: statement?._id })
    expect(byHand.errors?.[0]?.message).toContain('the provider')
    await world.invoicing().trigger('2026-12')
    const draft = await invoices(world.db).findOne({ status: 'DRAFT' })
    expect(
      codeOf(await asked(admin, change('voidInvoice', ', reason: "x"'), { id: draft?._id })),
    ).toBe('BAD_USER_INPUT')
    expect(
      codeOf(await asked(admin, change('voidInvoice', ', reason: "x"'), { id: 'inv_none' })),
    ).toBe('NOT_FOUND')
    expect(
      codeOf(await asked(admin, change('voidInvoice', ', reason: " "'), { id: 'inv_none' })),
    ).toBe('BAD_USER_INPUT')
  })
})
