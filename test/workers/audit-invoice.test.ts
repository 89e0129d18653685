import { Binary } from 'mongodb'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { invoiceFiles, invoices } from '../../src/store/invoices.ts'
import { access } from '../billing/account-months.ts'
import { type InvoicingWorld, invoicingWorld, pdfAfter } from '../billing/invoicing-world.ts'

let world: InvoicingWorld

beforeAll(async () => {
  world = await invoicingWorld()
})
afterAll(() => world.drop())
beforeEach(async () => {
  await world.clear()
  await world.plantAccount('acc_a')
  await world.plantKey('key_a', 'acc_a')
  await world.plantCalls('key_a', '2026-11', 10_500)
})

async function issuedId(): Promise<string> {
  await world.invoicing().trigger('2026-11')
  const found = await invoices(world.db).findOne({ month: '2026-11', kind: { $ne: 'CREDIT_NOTE' } })
  return found?._id ?? ''
}

const audit = (id: string) => world.invoicing().audit(id, 'acc_a')

describe('an audit', () => {
  test('finds that an invoice says what the roll-ups, the history and the plans amount to', async () => {
    await world.plantChange('key_a', '2026-11-16T12:00:00Z', access('pro'))
    const id = await issuedId()
    expect(await audit(id)).toMatchObject({
      ...{ holds: true, lateCalls: 0 },
      findings: [
        'It says what its basis amounts to: 10,500 calls, 70.40 USD.',
        'No call came since.',
      ],
    })
  })

  test('does not mind what changed since: plans, prices, names, the plan of the key', async () => {
    const id = await issuedId()
    world.plans = new Map()
    await world.plantChange('key_a', '2026-12-05T12:00:00Z', access('pro'))
    await world.db
      .collection('apiKeys')
      .updateOne({}, { $set: { name: 'Other', prefix: 'gc_live_new1', tier: 'pro' } })
    expect(await audit(id)).toMatchObject({ holds: true })
  })

  test('tells of late calls, what they cost, and where they are charged', async () => {
    const id = await issuedId()
    await world.plantCalls('key_a', '2026-11', 250)
    const open = await audit(id)
    expect(open).toMatchObject({ holds: false, lateCalls: 250 })
    expect(open.findings.at(-1)).toBe(
      '250 calls of key_a (gc_live_ey_a) in November 2026 came after it was issued: 250 of them cost money, and 250 are still to come on the next document.',
    )
    world.now = Date.parse('2027-01-01T02:00:00Z')
    await world.invoicing().trigger('2026-12')
    const charged = await audit(id)
    expect(charged).toMatchObject({ holds: true, lateCalls: 250 })
    expect(charged.findings.at(-1)).toContain(
      '250 of them cost money and stand on a later document',
    )
    const next = await invoices(world.db).findOne({ month: '2026-12' })
    expect(await audit(next?._id ?? '')).toMatchObject({ holds: true, lateCalls: 0 })
  })

  test('tells of late calls that cost nothing', async () => {
    await world.plantAccount('acc_b')
    await world.plantKey('key_b', 'acc_b')
    await world.plantCalls('key_b', '2026-11', 100)
    await world.invoicing().trigger('2026-11')
    await world.plantCalls('key_b', '2026-11', 20)
    const invoice = await invoices(world.db).findOne({ accountId: 'acc_b' })
    const found = await world.invoicing().audit(invoice?._id ?? '', null)
    expect(found).toMatchObject({ holds: true, lateCalls: 20 })
    expect(found.findings.at(-1)).toContain('they cost nothing')
  })

  test('tells of a change of plan that became known afterwards', async () => {
    const id = await issuedId()
    await world.plantChange('key_a', '2026-11-20T12:00:00Z', access('pro'), '2026-12-03T10:00:00Z')
    const found = await audit(id)
    expect(found.holds).toBe(false)
    expect(found.findings).toContain(
      'A change of key_a (gc_live_ey_a) of 2026-11-20 12:00 UTC became known 2026-12-03 10:00 UTC, after it was issued: planted.',
    )
    expect(found.findings[0]).toContain('It says what its basis amounts to')
  })

  test('tells so too of a change that became known while documents of others were being made', async () => {
    await world.plantAccount('acc_b')
    await world.plantKey('key_b', 'acc_b')
    const known = '2026-12-01T02:00:01Z'
    const render = pdfAfter(async () => {
      await world.plantChange('key_b', '2026-11-20T12:00:00Z', access('pro'), known)
      world.now = Date.parse('2026-12-01T02:00:02Z')
    })
    await world.invoicing(render).trigger('2026-11')
    const invoice = await invoices(world.db).findOne({ accountId: 'acc_b' })
    const found = await world.invoicing().audit(invoice?._id ?? '', null)
    expect(found.findings[0]).toContain('It says what its basis amounts to')
    expect(found.findings[1]).toContain('became known 2026-12-01 02:00 UTC, after it was issued')
  })

  test('holds statements, calls that a provider could not be charged with, and credit notes', async () => {
    await world.plantChange('key_a', '2026-10-15T10:00:00Z', access('starter', 'ACTIVE'))
    const charge = { apiKeyId: 'key_a', month: '2026-11', toNextInvoice: 200 }
    await world.db
      .collection<{ _id: string }>('usageCharges')
      .insertOne({ _id: 'key_a:2026-11', ...charge })
    await world.invoicing().trigger('2026-11')
    const [invoice, statement] = await world.issued()
    expect([invoice?.kind, statement?.kind]).toEqual(['INVOICE', 'USAGE_STATEMENT'])
    expect(invoice?.lines[0]).toMatchObject({ what: 'overage', quantity: 200 })
    expect(statement?.lines[1]).toMatchObject({ what: 'overage', quantity: 300 })
    for (const one of [invoice, statement]) {
      expect(await audit(one?._id ?? '')).toMatchObject({ holds: true })
    }
    const note = await world.invoicing().credit({
      ...{ id: invoice?._id ?? '', amount: '0.10', reason: 'Outage', idempotencyKey: null },
    })
    expect(await audit(note._id)).toMatchObject({ holds: true })
  })

  test('holds a statement that follows one with overage, and charges nothing late of it', async () => {
    await world.plantChange('key_a', '2026-10-15T10:00:00Z', access('starter', 'ACTIVE'))
    await world.plantCalls('key_a', '2026-12', 10_100)
    await issuedId()
    world.now = Date.parse('2027-01-01T02:00:00Z')
    await world.invoicing().trigger('2026-12')
    const next = await invoices(world.db).findOne({ month: '2026-12' })
    expect(next?.kind).toBe('USAGE_STATEMENT')
    expect(await audit(next?._id ?? '')).toMatchObject({ holds: true, lateCalls: 0 })
  })

  test.each([
    ['a line', { $set: { 'lines.0.amount': 1 } }, 'no longer has its hash'],
    ['the buyer', { $set: { 'buyer.name': 'Somebody else' } }, 'no longer has its hash'],
    ['the basis', { $set: { 'basis.usage.0.total': 10_501 } }, 'Reckoned again it would say'],
  ])('finds that %s was altered', async (_, update, finding) => {
    const id = await issuedId()
    await world.db.collection<{ _id: string }>('invoices').updateOne({ _id: id }, update)
    const found = await audit(id)
    expect(found.holds).toBe(false)
    expect(found.findings.join('\n')).toContain(finding)
  })

  test('finds that the PDF was replaced', async () => {
    const id = await issuedId()
    await invoiceFiles(world.db).updateOne(
      { _id: id },
      { $set: { pdf: new Binary(Buffer.from('x')) } },
    )
    expect(await audit(id)).toMatchObject({
      holds: false,
      findings: expect.arrayContaining(['Its PDF is not the one that was issued.']),
    })
  })

  test('is refused for drafts and for other accounts', async () => {
    await world.invoicing().trigger('2026-12')
    const draft = await invoices(world.db).findOne({ status: 'DRAFT' })
    await expect(audit(draft?._id ?? '')).rejects.toThrow('A draft')
    const id = await issuedId()
    await expect(world.invoicing().audit(id, 'acc_b')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(world.invoicing().audit(id, null)).resolves.toMatchObject({ holds: true })
  })
})
