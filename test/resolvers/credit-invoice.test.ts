import type { ExecutionResult } from 'graphql'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { type InvoiceDoc, invoices } from '../../src/store/invoices.ts'
import { ask, contextOf } from '../asked.ts'
import { type InvoicingWorld, invoicingWorld, pdfAfter } from '../billing/invoicing-world.ts'
import { admin, codeOf } from './two-accounts.ts'

let world: InvoicingWorld

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

describe('creditInvoice', () => {
  const credit = `mutation($id: ID!, $amount: String!, $key: String) {
    creditInvoice(id: $id, amount: $amount, reason: "Outage", idempotencyKey: $key) {
      ${fields} kind creditOf lines { description amount { amount } }
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
    expect(await invoices(world.db).findOne({ _id: id })).toMatchObject({
      status: 'PAID',
      credited: 3_190,
    })
    expect(codeOf(await asked(admin, credit, { id, amount: '0.01' }))).toBe('BAD_USER_INPUT')
  })

  test('of a paid invoice is owed until the money went back', async () => {
    const { _id: id } = await invoiced()
    await asked(admin, change('markInvoicePaid'), { id })
    const made = await asked(admin, credit, { id, amount: '5.00' })
    const note = made.data?.creditInvoice as { id: string; status: string }
    expect(note.status).toBe('OPEN')
    const paid = await asked(admin, change('markInvoicePaid'), { id: note.id })
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
    expect(await invoices(world.db).findOne({ _id: id })).toMatchObject({ credited: 3_100 })
    expect((await world.issued('CREDIT_NOTE')).map(({ number }) => number)).toEqual([
      ...['CRN-000001', 'CRN-000002', 'CRN-000003', 'CRN-000004'],
    ])
  })

  test('gives nothing back of what was made void meanwhile', async () => {
    const { _id: id } = await invoiced()
    const voided = pdfAfter(() => asked(admin, change('voidInvoice', ', reason: "Wrong"'), { id }))
    const credited = world.invoicing(voided).credit({
      ...{ id, amount: '1.00', reason: 'Outage', idempotencyKey: null },
    })
    await expect(credited).rejects.toThrow('Nobody owes what is void.')
    expect(await world.issued('CREDIT_NOTE')).toEqual([])
  })
})
