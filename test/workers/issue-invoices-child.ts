import { randomBytes } from 'node:crypto'
import { Registry } from 'prom-client'
import { createFonts } from '../../src/documents/fonts.ts'
import { createInvoicePdf } from '../../src/documents/invoice-pdf.ts'
import { createLog } from '../../src/log.ts'
import { connectDatabase } from '../../src/store/database.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { createInvoicingMetrics } from '../../src/workers/issue-invoices/invoicing-metrics.ts'
import { createIssueInvoices } from '../../src/workers/issue-invoices/issue-invoices.ts'
import { seller } from '../billing/invoicing-seller.ts'
import { pricedPlans } from '../billing/priced-plans.ts'

/**
 * A worker process reduced to issue-invoices, with a short lease and a clock that stands, to be killed.
 *
 * node issue-invoices-child.ts '{"mongodbUri", "now", "leaseMs"}'
 */
const options = JSON.parse(process.argv[2] ?? '{}') as {
  mongodbUri: string
  /** ms */
  now: number
  leaseMs: number
}

const { db } = await connectDatabase({ uri: options.mongodbUri })
createIssueInvoices({
  ...{
    db,
    seller,
    plans: pricedPlans,
    leaseMs: options.leaseMs,
    lookEveryMs: 20,
    settleEveryMs: 20,
  },
  clock: () => options.now,
  log: createLog('silent', 'worker'),
  encryption: createEncryption([{ id: 'k1', key: Buffer.alloc(32, 5) }], randomBytes),
  render: createInvoicePdf(createFonts()),
  metrics: createInvoicingMetrics(new Registry()),
  onTold() {},
}).start()
process.send?.('started')
