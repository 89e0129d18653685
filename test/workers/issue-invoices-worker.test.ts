import { type Gauge, Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { claimRun, releaseRun } from '../../src/store/job-runs.ts'
import { createInvoicingMetrics } from '../../src/workers/issue-invoices/invoicing-metrics.ts'
import {
  createIssueInvoices,
  type IssueInvoices,
} from '../../src/workers/issue-invoices/issue-invoices.ts'
import { access } from '../billing/account-months.ts'
import { type InvoicingWorld, invoicingWorld, summary } from '../billing/invoicing-world.ts'

let world: InvoicingWorld

beforeAll(async () => {
  world = await invoicingWorld()
})
beforeEach(() => world.clear())
afterAll(() => world.drop())

const workers: IssueInvoices[] = []
afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.stop())))

function worker(metrics = createInvoicingMetrics(new Registry())): IssueInvoices {
  const often = { lookEveryMs: 20, settleEveryMs: 20 }
  const made = createIssueInvoices({ ...world.tools(), metrics, onTold() {}, ...often })
  workers.push(made)
  return made
}

test('makes up a month that was missed, once among several, and settles what comes after it', async () => {
  await world.plantAccount('acc_a')
  await world.plantKey('key_a', 'acc_a', { tier: 'free' })
  await world.plantChange('key_a', '2026-09-05T10:00:00Z', access('pro', 'ACTIVE'))
  await world.plantSubscription('STRIPE:sub_1', 'key_a', '2026-09-05T10:00:00Z')
  const many = [worker(), worker(), worker()]
  for (const one of many) one.start()
  await vi.waitFor(async () => expect(await world.issued()).toHaveLength(1), 10_000)
  await world.providerInvoice('STRIPE:in_1', 'STRIPE:sub_1', '2026-11-05', {
    paidAt: '2026-12-02',
  })
  await world.refund('STRIPE:ch_1', {
    accountId: 'acc_a',
    total: 100,
    at: '2026-12-03',
    invoice: 'STRIPE:in_1',
  })
  await vi.waitFor(async () => {
    expect((await world.issued()).map(summary)).toEqual([
      'CRN-000001 2026-11 PAID -1.00 USD',
      'STM-000001 2026-11 PAID 99.00 USD',
    ])
  }, 10_000)
  world.now = Date.parse('2027-03-01T01:59:59Z')
  await vi.waitFor(
    async () => expect(await world.issued('USAGE_STATEMENT')).toHaveLength(3),
    10_000,
  )
  expect((await world.issued('USAGE_STATEMENT')).map(({ month }) => month)).toEqual([
    ...['2026-11', '2026-12', '2027-01'],
  ])
  for (const one of many) expect(one.readiness()).toBeNull()
})

test('says how long a month waits, and how many documents cannot be issued', async () => {
  await world.plantAccount('acc_a', { currency: 'NZD' })
  await world.plantKey('key_a', 'acc_a')
  const metrics = createInvoicingMetrics(new Registry())
  const shownBy = async (gauge: Gauge) => (await gauge.get()).values[0]?.value
  world.now = Date.parse('2026-12-01T05:00:00Z')
  const lease = { id: 'issue-invoices:2026-11', owner: 'another', leaseMs: 60_000 }
  await claimRun(world.db, lease)
  await worker(metrics).invoiceDueMonths()
  expect(await shownBy(metrics.overdue)).toBe(3 * 3_600)
  await releaseRun(world.db, lease)
  expect(await worker(metrics).invoiceDueMonths()).toEqual(['2026-11'])
  expect(await shownBy(metrics.overdue)).toBe(0)
  expect(await shownBy(metrics.notIssued)).toBe(1)
})
