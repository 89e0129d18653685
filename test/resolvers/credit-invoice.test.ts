import { describe, expect, test } from 'vitest'
import { invoices } from '../../src/store/invoices.ts'
import { pdfAfter } from '../billing/invoicing-world.ts'
import { askedInvoices, invoiceChange, invoiceFields } from './invoices-asked.ts'
import { admin, codeOf } from './two-accounts.ts'

const billing = askedInvoices()
const { asked, invoiced } = billing

describe('creditInvoice', () => {
  const credit = `mutation($id: ID!, $amount: String!, $key: String) {
    creditInvoice(id: $id, amount: $amount, reason: "Outage", idempotencyKey: $key) {
      ${invoiceFields} kind creditOf lines { description amount { amount } }
    }
  }`

  test('gives back a part of an invoice with its share of the tax, and at most all of it', async () => {
    const { _id: id } = await invoiced()
    const first = await asked(admin, credit, { id, amount: '10.00' })
    expect(first.data?.creditInvoice).toMatchObject({
      ...{ kind: 'CREDIT_NOTE', number: 'CRN-000001', status: 'PAID', creditOf: id },
      total: { amount: '-10.00', currency: 'USD' },
      lines: [
        { description: 'Outage', amount: { amount: '-9.09' } },
        { description: 'GST 10 %', amount: { amount: '-0.91' } },
      ],
    })
    const tooMuch = await asked(admin, credit, { id, amount: '21.91' })
    expect(tooMuch.errors?.[0]?.message).toBe('At most 21.90 can be given back.')
    await asked(admin, credit, { id, amount: '21.90' })
    expect(await invoices(billing.world.db).findOne({ _id: id })).toMatchObject({
      status: 'PAID',
      credited: 3_190,
    })
    expect(codeOf(await asked(admin, credit, { id, amount: '0.01' }))).toBe('BAD_USER_INPUT')
  })

  test('of a paid invoice is owed until the money went back', async () => {
    const { _id: id } = await invoiced()
    await asked(admin, invoiceChange('markInvoicePaid'), { id })
    const made = await asked(admin, credit, { id, amount: '5.00' })
    const note = made.data?.creditInvoice as { id: string; status: string }
    expect(note.status).toBe('OPEN')
    const paid = await asked(admin, invoiceChange('markInvoicePaid'), { id: note.id })
    expect(paid.data?.markInvoicePaid).toMatchObject({ status: 'PAID' })
  })

  test('with a key writes one note, and without never more than there is, however many ask at once', async () => {
    const { _id: id } = await invoiced()
    const same = await Promise.all(
      [1, 2, 3].map(() => asked(admin, credit, { id, amount: '1.00', key: 'k' })),
    )
    const ids = same.map(({ data }) => Object(data?.creditInvoice).id)
    expect(new Set(ids).size).toBe(1)
    const many = await Promise.all(
      [1, 2, 3, 4].map(() => asked(admin, credit, { id, amount: '10.00' })),
    )
    expect(many.filter(({ errors }) => errors)).toHaveLength(1)
    expect(await invoices(billing.world.db).findOne({ _id: id })).toMatchObject({ credited: 3_100 })
    expect((await billing.world.issued('CREDIT_NOTE')).map(({ number }) => number)).toEqual([
      ...['CRN-000001', 'CRN-000002', 'CRN-000003', 'CRN-000004'],
    ])
  })

  test('gives nothing back of what was made void meanwhile', async () => {
    const { _id: id } = await invoiced()
    const voided = pdfAfter(() =>
      asked(admin, invoiceChange('voidInvoice', ', reason: "Wrong"'), { id }),
    )
    const credited = billing.world.invoicing(voided).credit({
      ...{ id, amount: '1.00', reason: 'Outage', idempotencyKey: null },
    })
    await expect(credited).rejects.toThrow('Nobody owes what is void.')
    expect(await billing.world.issued('CREDIT_NOTE')).toEqual([])
  })
})
