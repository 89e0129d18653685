import type { Db } from 'mongodb'
import { invoicesOfMonth, paidAtProvider } from '../../rules/billing/invoice-status.ts'
import { startOfNextMonth } from '../../rules/calendar-time.ts'
import { parseMonth } from '../../rules/usage-period.ts'
import { moveInvoice } from '../../store/invoice-status.ts'
import { type InvoiceDoc, invoices } from '../../store/invoices.ts'
import { paymentsOf } from './monthly-contents.ts'

const BATCH = 200

type Statement = Pick<InvoiceDoc, '_id' | 'month' | 'subscriptions'>

/**
 * Looks at every statement that waits for its payment: whichever of the two came first, and whoever died in between, it
 * is paid once its provider's invoices are. Any number of processes may do it at once.
 * @returns how many are paid by now that were not
 */
export async function settleStatements(db: Db): Promise<number> {
  let settled = 0
  for (let after = ''; ; ) {
    const waiting = await invoices(db)
      .find({
        kind: 'USAGE_STATEMENT',
        status: { $in: ['OPEN', 'UNCOLLECTIBLE'] },
        _id: { $gt: after },
      })
      .sort({ _id: 1 })
      .limit(BATCH)
      .project<Statement>({ month: 1, subscriptions: 1 })
      .toArray()
    const last = waiting.at(-1)
    if (!last) return settled
    settled += await settleBatch(db, waiting)
    after = last._id
  }
}

async function settleBatch(db: Db, waiting: readonly Statement[]): Promise<number> {
  const payments = await paymentsOf(db, [...new Set(waiting.flatMap((one) => one.subscriptions))])
  let settled = 0
  for (const { _id: id, month, subscriptions } of waiting) {
    const start = parseMonth(month)
    const span = { start, end: startOfNextMonth(start) }
    const paidAt = paidAtProvider(invoicesOfMonth(subscriptions, payments, span))
    if (paidAt === null) continue
    const move = { id, event: 'pay' as const, when: new Date(paidAt) }
    const moved = await db.client.withSession((session) =>
      session.withTransaction(() => moveInvoice(db, move, session)),
    )
    if (moved) settled += 1
  }
  return settled
}
