import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { TestApi } from '../api.ts'
import { attachmentOf, mailsIn } from '../billing/mailed-files.ts'
import {
  type Customer,
  chargeRefunded,
  linesOf,
  type PastMonths,
  startPastMonths,
} from '../billing/past-months.ts'
import { pdfPages } from '../billing/pdf-text.ts'
import { stripeInvoice, stripeSubscription } from '../billing/stripe-events.ts'

/** February and March 2024 have 29 and 31 days; the worker that invoices March has a clock of then. */
let world: PastMonths
let api: TestApi
let dollars: Customer
let yen: Customer

beforeAll(async () => {
  world = await startPastMonths({
    ...{ SELLER_NAME: 'GetComplical Pty Ltd', SELLER_ADDRESS: '1 Example Street\\nSydney' },
    ...{ SELLER_TAX_NAME: 'GST', SELLER_TAX_RATE: '10' },
  })
  api = world.api
  dollars = await world.customer('USD', '2023-12-01', 'Ledger "& Söhne" <b>')
  yen = await world.customer('JPY', '2023-12-01', '株式会社山田製作所')
})
afterAll(() => world.end())

describe('a month with a change of plan, overage, late calls and a refund', () => {
  test('is invoiced to the cent in USD, tax and all, and equals the roll-ups to the call', async () => {
    await world.changePlan(dollars, '2024-01-01T00:00:00Z', ['free', 'starter'])
    await world.changePlan(dollars, '2024-02-11T15:00:00Z', ['starter', 'pro'])
    await world.call(dollars, '2024-02-05T10:00:00Z', 60_000)
    await world.call(dollars, '2024-02-29T23:59:59.999Z', 44_321)
    await world.call(dollars, '2024-03-01T00:00:00Z', 100_000)
    expect(await world.trigger('2024-02')).toMatchObject({
      status: 200,
      body: { issued: 1, problems: [] },
    })
    const [invoice] = await world.invoicesOf(dollars, '2024-02')
    if (!invoice) throw new Error('no invoice')
    expect(linesOf(invoice)).toEqual([
      '10 x 1.00 = 10.00',
      // 19 x 99.00 / 29 = 64.862…
      '19 x 3.413793 = 64.86',
      // 4,321 x 0.002 = 8.642
      '4321 x 0.002 = 8.64',
      '1 x 8.35 = 8.35',
    ])
    expect(invoice).toMatchObject({
      ...{ kind: 'INVOICE', number: 'INV-000001', status: 'OPEN' },
      total: { amount: '91.85', currency: 'USD' },
    })
    expect(await world.auditOf(dollars, invoice.id)).toMatchObject({ holds: true, lateCalls: 0 })
    expect((await world.auditOf(dollars, invoice.id)).findings[0]).toContain(
      '104,321 calls, 91.85 USD',
    )
    // Late: a spool that was cut off hands its calls over after the month was invoiced.
    await world.call(dollars, '2024-02-28T12:00:00Z', 79)
    expect(await world.auditOf(dollars, invoice.id)).toMatchObject({ holds: false, lateCalls: 79 })
  })

  test('is stated to the yen where Stripe charges, which its payments settle and its refunds credit', async () => {
    const metadata = { api_key: yen.apiKeyId }
    const started = Date.parse('2024-02-08T12:00:00Z') / 1_000
    const subscription = (price: string) =>
      stripeSubscription({ created: started, price, metadata })
    const bill = (id: string, at: string, total: number, number: string) =>
      stripeInvoice({ id, total, number, currency: 'jpy', created: Date.parse(at) / 1_000 })
    await world.stripe(
      'customer.subscription.created',
      '2024-02-08T12:00:00Z',
      subscription('price_starter_monthly'),
    )
    await world.stripe(
      'invoice.paid',
      '2024-02-08T12:00:05Z',
      bill('in_1', '2024-02-08T12:00:01Z', 4_500, 'AB-1'),
    )
    await world.stripe(
      'customer.subscription.updated',
      '2024-02-20T09:00:00Z',
      subscription('price_pro_monthly'),
    )
    await world.call(yen, '2024-02-21T10:00:00Z', 100_004)
    await world.stripe('charge.refunded', '2024-02-25T10:00:00Z', chargeRefunded(1_000))
    expect(await world.trigger('2024-02')).toMatchObject({
      body: { issued: 1, known: 1, paid: 1, creditNotes: 1 },
    })
    const [note, statement] = await world.invoicesOf(yen, '2024-02')
    if (!statement || !note) throw new Error('no statement')
    expect(linesOf(statement)).toEqual([
      // 12 x 4500 / 29 = 1862.07
      '12 x 155.172414 = 1862',
      // 10 x 15000 / 29 = 5172.41
      '10 x 517.241379 = 5172',
      // 4 x 0.3 = 1.2
      '4 x 0.3 = 1',
    ])
    expect(statement).toMatchObject({
      ...{ kind: 'USAGE_STATEMENT', number: 'STM-000001', status: 'PAID' },
      total: { amount: '7035', currency: 'JPY' },
    })
    expect(note).toMatchObject({ kind: 'CREDIT_NOTE', total: { amount: '-1000', currency: 'JPY' } })
    await world.call(yen, '2024-02-21T11:00:00Z', 10)
    await world.stripe('charge.refunded', '2024-03-05T10:00:00Z', chargeRefunded(1_500))
  })

  test('leaves the rest to the next month, which a worker invoices at its end', async () => {
    const worker = world.issuingAt('2024-04-01T02:00:00Z')
    expect(await worker.invoiceDueMonths()).toEqual(['2024-03'])
    expect(await worker.invoiceDueMonths()).toEqual([])
    const [invoice] = await world.invoicesOf(dollars, '2024-03')
    if (!invoice) throw new Error('no invoice')
    // 79 x 0.002 = 0.158
    expect(linesOf(invoice)).toEqual(['1 x 99.00 = 99.00', '79 x 0.002 = 0.16', '1 x 9.92 = 9.92'])
    expect(invoice.total).toEqual({ amount: '109.08', currency: 'USD' })
    const [statement] = await world.invoicesOf(yen, '2024-03')
    if (!statement) throw new Error('no statement')
    expect(linesOf(statement)).toEqual(['1 x 15000 = 15000', '10 x 0.3 = 3'])
    expect(statement).toMatchObject({ status: 'OPEN', total: { amount: '15003', currency: 'JPY' } })
    expect(await world.trigger('2024-02')).toMatchObject({
      body: { issued: 0, known: 2, creditNotes: 1 },
    })
    const notes = (await world.invoicesOf(yen, '2024-02')).filter(
      ({ kind }) => kind === 'CREDIT_NOTE',
    )
    expect(notes.map(({ number, total }) => `${number} ${total.amount}`).toSorted()).toEqual([
      ...['CRN-000001 -1000', 'CRN-000002 -500'],
    ])
    // The yen's of March was issued long before its history was known: that is this test's own doing.
    const issued = [
      ...(await world.invoicesOf(dollars, '2024-02')).map(({ id }) => [dollars, id] as const),
      ...(await world.invoicesOf(dollars, '2024-03')).map(({ id }) => [dollars, id] as const),
      ...(await world.invoicesOf(yen, '2024-02')).map(({ id }) => [yen, id] as const),
    ]
    expect(issued).toHaveLength(5)
    for (const [whose, id] of issued) {
      expect(await world.auditOf(whose, id)).toMatchObject({ holds: true })
    }
  })
})

describe('the PDF', () => {
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${api.url}${path}`, { headers })
  async function pathOf(of: Customer): Promise<string> {
    return (await world.invoicesOf(of, '2024-02')).at(-1)?.pdfUrl ?? ''
  }

  test('is read by its owner, and says what the invoice says', async () => {
    const response = await get(await pathOf(dollars), dollars.bearer)
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/pdf',
      'content-disposition': 'attachment; filename="INV-000001.pdf"',
      'cache-control': 'private, no-cache',
      'x-content-type-options': 'nosniff',
    })
    const [page = ''] = await pdfPages(new Uint8Array(await response.arrayBuffer()))
    for (const text of [
      ...['INV-000001', 'GetComplical Pty Ltd', 'Ledger "& Söhne" <b>', '42 Audit Lane', 'GB1'],
      ...['10 1.00 10.00', '19 3.413793 64.86', '4321 0.002 8.64', 'GST 10 % USD 8.35'],
      'Total USD 91.85',
    ]) {
      expect(page).toContain(text)
    }
    const tag = response.headers.get('etag') ?? ''
    const again = await get(await pathOf(dollars), { ...dollars.bearer, 'if-none-match': tag })
    expect(again.status).toBe(304)
    const [statement = ''] = await pdfPages(
      new Uint8Array(await (await get(await pathOf(yen), yen.bearer)).arrayBuffer()),
    )
    expect(statement.replace(/ /g, '')).toContain('株式会社山田製作所')
    expect(statement).toContain('Stripe AB-1')
  })

  test('is there for nobody else', async () => {
    const path = await pathOf(dollars)
    expect((await get(path)).status).toBe(401)
    expect((await get(path, { 'x-api-key': dollars.secret })).status).toBe(403)
    expect((await get(path, { 'x-api-key': api.adminApiKey })).status).toBe(403)
    expect((await get(path, yen.bearer)).status).toBe(404)
    for (const none of [
      '/invoices/inv_0.pdf',
      '/invoices/..%2f..%2fetc.pdf',
      path.replace('.pdf', ''),
    ]) {
      expect((await get(none, dollars.bearer)).status).toBe(404)
    }
  })

  test('of a draft is made when it is read', async () => {
    const month = new Date().toISOString().slice(0, 7)
    expect(await world.trigger(month)).toMatchObject({
      status: 200,
      body: { draft: true, issued: 2 },
    })
    const [draft] = await world.invoicesOf(dollars, month)
    expect(draft).toMatchObject({ number: 'DRAFT', status: 'DRAFT' })
    const response = await get(draft?.pdfUrl ?? '', dollars.bearer)
    expect(response.headers.get('content-disposition')).toContain(`draft-${month}.pdf`)
    const [page = ''] = await pdfPages(new Uint8Array(await response.arrayBuffer()))
    expect(page.replace(/ /g, '')).toContain('DRAFT')
  })

  test('goes to the account’s address with each document that is issued', async () => {
    const mails = await vi.waitFor(async () => {
      const all = mailsIn(api.environment.DATA_DIR ?? '')
      expect(all).toHaveLength(6)
      return all
    }, 15_000)
    const mail = mails.find((text) => text.includes('Invoice INV-000001')) ?? ''
    expect(mail).toContain('Subject: Invoice INV-000001 for February 2024: USD 91.85')
    const [page = ''] = await pdfPages(attachmentOf(mail, 'INV-000001.pdf'))
    expect(page).toContain('Total USD 91.85')
  })
})

describe('the trigger', () => {
  test.each([
    ['2999-01', 400],
    ['2024-13', 400],
    ['november', 400],
    ['2024-02&month=2024-03', 400],
    ['2024-02&dry=1', 400],
  ])('for %s answers %i', async (month, status) => {
    expect(await world.trigger(month)).toMatchObject({ status, body: { code: 'BAD_USER_INPUT' } })
  })

  test('is the admin key’s alone, and invoices are no API key’s', async () => {
    const ask = (headers: Record<string, string>) =>
      fetch(`${api.url}/admin/trigger-invoicing`, { method: 'POST', headers })
    expect((await ask({})).status).toBe(401)
    expect((await ask({ 'x-api-key': dollars.secret })).status).toBe(403)
    expect((await ask(dollars.bearer)).status).toBe(403)
    const { errors } = await api.ask('{ invoices { totalCount } }', { key: dollars.secret })
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })
})
