import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { billingNotices } from '../../src/store/billing-notices.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { providerRefunds } from '../../src/store/provider-refunds.ts'
import { access } from '../billing/account-months.ts'
import { type InvoicingWorld, invoicingWorld, summary } from '../billing/invoicing-world.ts'

let world: InvoicingWorld

beforeAll(async () => {
  world = await invoicingWorld()
})
afterAll(() => world.drop())
beforeEach(async () => {
  await world.clear()
  await world.plantAccount('acc_a')
  await world.plantKey('key_a', 'acc_a', { tier: 'free' })
  await world.plantChange('key_a', '2026-10-15T10:00:00Z', access('starter', 'ACTIVE'))
  await world.plantSubscription('STRIPE:sub_1', 'key_a', '2026-10-15T10:00:00Z')
})

const sub = 'STRIPE:sub_1'
const summaries = async () => (await world.issued()).map(summary)
const trigger = (month: string | null = null) => world.invoicing().trigger(month)

async function noticesOf(type: 'invoice-paid' | 'invoice-issued') {
  return await billingNotices(world.db).find({ type }).sort({ sequence: 1 }).toArray()
}

describe('a statement', () => {
  test('is paid by a payment that came before it, and names the invoice of the provider', async () => {
    await world.providerInvoice('STRIPE:in_1', sub, '2026-11-15', { paidAt: '2026-11-16' })
    expect(await trigger()).toMatchObject({ issued: 1, paid: 1 })
    const [statement] = await world.issued()
    expect(statement).toMatchObject({
      ...{
        number: 'STM-000001',
        status: 'PAID',
        paidAt: new Date('2026-11-16'),
        total: 2_900,
        tax: null,
      },
      providerInvoices: [{ provider: 'STRIPE', id: 'in_1', number: 'N-1' }],
    })
    expect(await noticesOf('invoice-paid')).toMatchObject([{ data: { number: 'STM-000001' } }])
  })

  test('is paid by one that comes after it, and told once', async () => {
    await world.providerInvoice('STRIPE:in_1', sub, '2026-11-15')
    await trigger()
    expect(await summaries()).toEqual(['STM-000001 2026-11 OPEN 29.00 USD'])
    await world.providerInvoice('STRIPE:in_1', sub, '2026-11-15', { paidAt: '2026-12-03' })
    const paid = await Promise.all([trigger(), trigger(), trigger()])
    expect(paid.reduce((sum, one) => sum + one.paid, 0)).toBe(1)
    expect(await summaries()).toEqual(['STM-000001 2026-11 PAID 29.00 USD'])
    expect(await noticesOf('invoice-paid')).toHaveLength(1)
  })

  test('waits for all invoices of its month, and for the first to be known', async () => {
    await trigger()
    expect(await summaries()).toEqual(['STM-000001 2026-11 OPEN 29.00 USD'])
    await world.providerInvoice('STRIPE:in_1', sub, '2026-11-15', { paidAt: '2026-11-15' })
    await world.providerInvoice('STRIPE:in_2', sub, '2026-11-20')
    expect(await trigger()).toMatchObject({ paid: 0 })
    await world.providerInvoice('STRIPE:in_2', sub, '2026-11-20', { paidAt: '2026-12-02' })
    expect(await trigger()).toMatchObject({ paid: 1 })
  })

  test('does not wait for a subscription that never began: nobody pays the invoice of a first try', async () => {
    const tried = 'STRIPE:sub_0'
    await world.plantSubscription(tried, 'key_a', '2026-11-14T10:00:00Z')
    await billingSubscriptions(world.db).updateOne(
      { _id: tried },
      { $set: { 'state.status': 'CANCELED', 'state.endsAt': Date.parse('2026-11-15T09:00:00Z') } },
    )
    await world.providerInvoice('STRIPE:in_0', tried, '2026-11-14')
    await world.providerInvoice('STRIPE:in_1', sub, '2026-11-15', { paidAt: '2026-11-15' })
    expect(await trigger()).toMatchObject({ issued: 1, paid: 1 })
    expect(await world.issued()).toMatchObject([{ subscriptions: [sub], status: 'PAID' }])
  })

  test('is not paid by an invoice of another month', async () => {
    await world.providerInvoice('STRIPE:in_1', sub, '2026-11-15')
    await world.providerInvoice('STRIPE:in_2', sub, '2026-12-01', { paidAt: '2026-12-01' })
    expect(await trigger()).toMatchObject({ issued: 1, paid: 0 })
  })
})

describe('a refund of a provider', () => {
  beforeEach(() =>
    world.providerInvoice('STRIPE:in_1', sub, '2026-11-15', { paidAt: '2026-11-15' }),
  )

  test('becomes a credit note of its statement, each cent once, in the portions in which it comes', async () => {
    await trigger()
    await world.refund('STRIPE:ch_1', {
      accountId: 'acc_a',
      total: 1_000,
      at: '2026-12-02',
      invoice: 'STRIPE:in_1',
    })
    const many = await Promise.all([trigger(), trigger(), trigger()])
    expect(many.reduce((sum, { creditNotes }) => sum + creditNotes, 0)).toBe(1)
    await world.refund('STRIPE:ch_1', {
      accountId: 'acc_a',
      total: 1_450,
      at: '2026-12-03',
      invoice: 'STRIPE:in_1',
    })
    // A replay, and one that comes late, say nothing new.
    await world.refund('STRIPE:ch_1', {
      accountId: 'acc_a',
      total: 1_000,
      at: '2026-12-02',
      invoice: 'STRIPE:in_1',
    })
    await trigger()
    await trigger()
    expect(await summaries()).toEqual([
      'CRN-000001 2026-11 PAID -10.00 USD',
      'CRN-000002 2026-11 PAID -4.50 USD',
      'STM-000001 2026-11 PAID 29.00 USD',
    ])
    const [note, , statement] = await world.issued()
    expect(note).toMatchObject({
      credits: { id: statement?._id, number: 'STM-000001' },
      lines: [
        {
          description: 'Refund by Stripe of its invoice N-1',
          quantity: 1,
          unitPrice: '-10.00',
          amount: -1_000,
        },
      ],
    })
    expect(statement?.credited).toBe(1_450)
    expect(await providerRefunds(world.db).findOne()).toMatchObject({
      credited: 1_450,
      creditDue: false,
    })
    expect(await noticesOf('invoice-issued')).toHaveLength(3)
  })

  test('that comes before its statement waits for it', async () => {
    world.now = Date.parse('2026-11-20T00:00:00Z')
    await world.refund('STRIPE:ch_1', {
      accountId: 'acc_a',
      total: 500,
      at: '2026-11-18',
      subscription: sub,
    })
    expect(await trigger('2026-11')).toMatchObject({ draft: true, creditNotes: 0 })
    world.now = Date.parse('2026-12-01T02:00:00Z')
    expect(await trigger()).toMatchObject({ issued: 1, creditNotes: 1 })
    const [note] = await world.issued('CREDIT_NOTE')
    expect(note).toMatchObject({ month: '2026-11', total: -500, credits: { number: 'STM-000001' } })
  })

  test('that names neither invoice nor subscription takes back the last one paid', async () => {
    await world.providerInvoice('STRIPE:in_2', sub, '2026-12-15', { paidAt: '2026-12-15' })
    await trigger()
    await world.refund('STRIPE:ch_1', { accountId: 'acc_a', total: 500, at: '2026-12-02' })
    expect(await trigger()).toMatchObject({ creditNotes: 1 })
    expect(await world.issued('CREDIT_NOTE')).toMatchObject([
      { month: '2026-11', credits: { number: 'STM-000001' } },
    ])
  })

  test('of a month without a statement stands alone, once the month is invoiced', async () => {
    await world.plantAccount('acc_b')
    await world.refund('PADDLE:adj_1', {
      accountId: 'acc_b',
      total: 450,
      at: '2026-11-18',
      currency: 'JPY',
    })
    expect(await trigger()).toMatchObject({ creditNotes: 1 })
    const [note] = await world.issued('CREDIT_NOTE')
    expect(note).toMatchObject({ accountId: 'acc_b', currency: 'JPY', total: -450, credits: null })
  })

  test('of nobody here is settled without a note', async () => {
    await world.refund('STRIPE:ch_1', { accountId: 'acc_gone', total: 500, at: '2026-11-18' })
    expect(await trigger()).toMatchObject({ creditNotes: 0 })
  })
})
