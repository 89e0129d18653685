import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BadInput } from '../../src/rules/bad-input.ts'
import { billingNotices } from '../../src/store/billing-notices.ts'
import { deliveries } from '../../src/store/deliveries.ts'
import { invoiceNumbers } from '../../src/store/invoice-numbers.ts'
import { invoiceFiles, invoiceProblems, invoices } from '../../src/store/invoices.ts'
import { access } from '../billing/account-months.ts'
import {
  type InvoicingWorld,
  invoicingWorld,
  pdfAfter,
  summary,
} from '../billing/invoicing-world.ts'

let world: InvoicingWorld

beforeAll(async () => {
  world = await invoicingWorld()
})
beforeEach(() => world.clear())
afterAll(() => world.drop())

const summaries = async () => (await world.issued()).map(summary)

describe('a month', () => {
  test('is invoiced with one document an account, numbered without a gap, with its PDF, notice and mail', async () => {
    for (const name of ['a', 'b', 'c']) {
      await world.plantAccount(`acc_${name}`)
      await world.plantKey(`key_${name}`, `acc_${name}`)
    }
    await world.plantAccount('acc_free')
    await world.plantKey('key_free', 'acc_free', { tier: 'free' })
    const done = await world.invoicing().trigger(null)
    expect(done).toMatchObject({ month: '2026-11', draft: false, accounts: 4, issued: 3, known: 0 })
    expect(await summaries()).toEqual([
      'INV-000001 2026-11 OPEN 31.90 USD',
      'INV-000002 2026-11 OPEN 31.90 USD',
      'INV-000003 2026-11 OPEN 31.90 USD',
    ])
    for (const { _id, accountId } of await world.issued()) {
      expect(await invoiceFiles(world.db).findOne({ _id })).toMatchObject({
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      })
      const notice = await billingNotices(world.db).findOne({ accountId, type: 'invoice-issued' })
      expect(notice).toMatchObject({
        _id: `${_id}:issued`,
        data: {
          invoiceId: _id,
          kind: 'INVOICE',
          total: { amount: '31.90', currency: 'USD' },
          pdfUrl: `/invoices/${_id}.pdf`,
        },
      })
      const sent = await deliveries(world.db).find({ accountId }).toArray()
      expect(sent.map(({ event }) => event)).toEqual([
        { kind: 'billing', noticeId: `${_id}:issued` },
      ])
    }
  })

  test('is invoiced once, however often and by however many it is asked for', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await world.plantAccount(`acc_${name}`)
      await world.plantKey(`key_${name}1`, `acc_${name}`)
      await world.plantKey(`key_${name}2`, `acc_${name}`)
      await world.plantChange(`key_${name}2`, '2026-10-05T10:00:00Z', access('pro', 'ACTIVE'))
    }
    const many = await Promise.all([1, 2, 3, 4].map(() => world.invoicing().trigger('2026-11')))
    expect(many.reduce((sum, { issued }) => sum + issued, 0)).toBe(10)
    const again = await world.invoicing().trigger('2026-11')
    expect(again).toMatchObject({ issued: 0, known: 10 })
    const numbers = (await world.issued()).map(({ number }) => number)
    const upToFive = [1, 2, 3, 4, 5]
    expect(numbers).toEqual([
      ...upToFive.map((n) => `INV-00000${n}`),
      ...upToFive.map((n) => `STM-00000${n}`),
    ])
    expect(
      await invoiceNumbers(world.db)
        .find({ last: { $gt: 0 } })
        .toArray(),
    ).toEqual([
      { _id: 'INVOICE', last: 5 },
      { _id: 'USAGE_STATEMENT', last: 5 },
    ])
    expect(await billingNotices(world.db).countDocuments()).toBe(10)
  })

  test('to come is refused, and what is no month', async () => {
    await expect(world.invoicing().trigger('2027-01')).rejects.toThrow(BadInput)
    await expect(world.invoicing().trigger('2026-13')).rejects.toThrow(BadInput)
    await expect(world.invoicing().trigger('november')).rejects.toThrow(BadInput)
  })
})

describe('the running month', () => {
  test('is drafted, anew each time, and the draft becomes the invoice under the same id', async () => {
    await world.plantAccount('acc_a')
    await world.plantKey('key_a', 'acc_a')
    world.now = Date.parse('2026-12-20T09:00:00Z')
    const first = await world.invoicing().trigger('2026-12')
    expect(first).toMatchObject({ draft: true, issued: 1 })
    await world.plantCalls('key_a', '2026-12', 10_250)
    await world.invoicing().trigger('2026-12')
    const [draft, ...others] = await invoices(world.db).find().toArray()
    expect(others).toEqual([])
    expect(draft).toMatchObject({
      number: null,
      status: 'DRAFT',
      total: 3_300,
      file: null,
      sequence: 0,
    })
    expect(await invoiceFiles(world.db).countDocuments()).toBe(0)
    expect(await billingNotices(world.db).countDocuments()).toBe(0)
    world.now = Date.parse('2027-01-01T02:00:00Z')
    await world.invoicing().trigger(null)
    const [issued, ...more] = await invoices(world.db).find().toArray()
    expect(more).toEqual([])
    expect(issued).toMatchObject({
      _id: draft?._id,
      number: 'INV-000001',
      status: 'OPEN',
      total: 3_300,
    })
  })

  test('has no draft any more where nothing is left to charge', async () => {
    await world.plantAccount('acc_a')
    await world.plantKey('key_a', 'acc_a')
    world.now = Date.parse('2026-12-20T09:00:00Z')
    await world.invoicing().trigger('2026-12')
    await world.plantChange('key_a', '2026-12-01T00:00:00Z', access('free'))
    await world.invoicing().trigger('2026-12')
    expect(await invoices(world.db).find().toArray()).toEqual([])
  })
})

describe('what cannot be invoiced', () => {
  test('is told and kept, keeps nobody else back, and is made up once it is mended', async () => {
    await world.plantAccount('acc_a', { currency: 'NZD' })
    await world.plantKey('key_a', 'acc_a')
    await world.plantAccount('acc_b')
    await world.plantKey('key_b', 'acc_b', { tier: 'bronze' })
    await world.plantAccount('acc_c')
    await world.plantKey('key_c', 'acc_c')
    const done = await world.invoicing().trigger('2026-11')
    expect(done).toMatchObject({ issued: 1, problemCount: 2 })
    expect(done.problems).toEqual([
      { accountId: 'acc_a', kind: 'INVOICE', because: 'the plan "starter" has no price in NZD' },
      { accountId: 'acc_b', kind: 'INVOICE', because: 'the plan "bronze" is not in PLANS_FILE' },
    ])
    expect(await invoiceProblems(world.db).countDocuments()).toBe(2)
    const starter = world.plans.get('starter')
    if (!starter?.overage) throw new Error('no starter')
    const prices = { ...starter.prices, NZD: '50.00' }
    const overage = { ...starter.overage, prices: { ...starter.overage.prices, NZD: '7.00' } }
    world.plans = new Map(world.plans).set('starter', { ...starter, prices, overage })
    expect(await world.invoicing().trigger('2026-11')).toMatchObject({
      issued: 1,
      known: 1,
      problemCount: 1,
    })
    expect(await summaries()).toContain('INV-000002 2026-11 OPEN 55.00 NZD')
    expect(await invoiceProblems(world.db).find().toArray()).toMatchObject([{ accountId: 'acc_b' }])
  })
})

describe('late calls', () => {
  test('stand on the next invoice, once, whichever month is made up first', async () => {
    await world.plantAccount('acc_a')
    await world.plantKey('key_a', 'acc_a')
    await world.plantCalls('key_a', '2026-10', 10_500)
    await world.invoicing().trigger('2026-10')
    await world.plantCalls('key_a', '2026-10', 1_000)
    world.now = Date.parse('2027-01-02T00:00:00Z')
    await Promise.all(['2026-12', '2026-11'].map((month) => world.invoicing().trigger(month)))
    const late = (await world.issued()).flatMap(({ lines }) =>
      lines.filter(({ what }) => what === 'late'),
    )
    expect(late).toMatchObject([{ quantity: 1_000, unitPrice: '0.004', amount: 400 }])
    expect(await world.issued()).toHaveLength(3)
  })

  test('are not charged by a document that was reckoned before another charged them', async () => {
    await world.plantAccount('acc_a')
    await world.plantKey('key_a', 'acc_a')
    await world.plantCalls('key_a', '2026-10', 10_500)
    await world.invoicing().trigger('2026-10')
    await world.plantCalls('key_a', '2026-10', 1_000)
    world.now = Date.parse('2027-01-02T00:00:00Z')
    // November is reckoned with the late calls; December takes them before November is issued.
    const other = pdfAfter(() => world.invoicing().trigger('2026-12'))
    await world.invoicing(other).trigger('2026-11')
    const issued = await world.issued()
    const late = issued.map(({ month, lines }) => [
      month,
      lines.some(({ what }) => what === 'late'),
    ])
    expect(late).toEqual([
      ['2026-10', false],
      ['2026-12', true],
      ['2026-11', false],
    ])
  })

  test('of a month without a document come on one later', async () => {
    await world.plantAccount('acc_a')
    await world.plantKey('key_a', 'acc_a', { tier: 'metered' })
    await world.plantCalls('key_a', '2026-10', 90)
    expect(await world.invoicing().trigger('2026-10')).toMatchObject({ issued: 0 })
    await world.plantCalls('key_a', '2026-10', 60)
    await world.invoicing().trigger('2026-11')
    expect((await world.issued())[0]?.lines[0]).toMatchObject({
      what: 'late',
      quantity: 50,
      amount: 50,
    })
    await world.invoicing().trigger('2026-10')
    expect(await world.issued()).toHaveLength(1)
  })
})
