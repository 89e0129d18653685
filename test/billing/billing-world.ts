import { randomBytes } from 'node:crypto'
import type { BillingFact } from '../../src/rules/billing/fact.ts'
import { readPlanFile } from '../../src/rules/plan-file.ts'
import { accounts } from '../../src/store/accounts.ts'
import { type ApiKeyDoc, apiKeys } from '../../src/store/api-keys.ts'
import { keepFact } from '../../src/store/billing-facts.ts'
import { billingNotices } from '../../src/store/billing-notices.ts'
import { deliveries } from '../../src/store/deliveries.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { createSettleTools, settleSubscription } from '../../src/store/settle-subscription.ts'
import { settleDue } from '../../src/workers/chase-payments/settle-due.ts'
import { account, plantKey, silent } from '../asked.ts'
import { testDatabase } from '../servers.ts'

/** Plans `free`, `starter` (14 days of grace), `patient` (30) and `strict` (0), each with a price at Stripe. */
export const plans = (() => {
  const plan = (id: string, graceDays?: number) => ({
    ...{ id, name: id, monthlyLimit: 1_000, requestsPerSecond: 10, prices: { USD: '29.00' } },
    ...{ overage: null, stripePriceIds: [`price_${id}`], paddlePriceIds: [], graceDays },
  })
  const file = { plans: [plan('free'), plan('starter'), plan('patient', 30), plan('strict', 0)] }
  const read = readPlanFile(file)
  if ('problems' in read) throw new Error(read.problems.join())
  return read.plans
})()

export type BillingWorld = Awaited<ReturnType<typeof createBillingWorld>>

let made = 0

/** Subscriptions that are settled and chased as the workers do it, on a clock of the test's. */
export async function createBillingWorld() {
  const database = await testDatabase()
  const { db } = database
  await createIndexes(db)
  const encryption = createEncryption([{ id: 'k1', key: randomBytes(32) }], randomBytes)
  const clock = { now: Date.parse('2026-11-22T10:00:00Z') }
  const options = { db, plans, encryption, clock: () => clock.now, log: silent }

  return {
    ...{ database, db, encryption, clock, options },
    /** An account with a key of its own. */
    async customer(more: { graceDays?: number; name?: string } = {}): Promise<ApiKeyDoc> {
      const n = ++made
      const { name = `key ${n}`, ...ofAccount } = more
      await accounts(db).insertOne({ ...account(`acc_${n}`), ...ofAccount })
      return await plantKey(db, `key_${n}`, `acc_${n}`, { name })
    },
    /** What the provider said, in one go; a subscription's `STRIPE:sub_1`. */
    async hear(subscription: string, ...facts: BillingFact[]): Promise<void> {
      for (const fact of facts) {
        const cause = { cause: `STRIPE:${fact.eventId}`, because: fact.type, happenedAt: fact.at }
        await db.client.withSession((session) =>
          session.withTransaction(async () => {
            await keepFact(db, { _id: cause.cause, subscription, ...fact }, session)
            const tools = createSettleTools({ db, plans, encryption, now: clock.now })
            const about = { provider: 'STRIPE' as const, _id: subscription, customer: null }
            await settleSubscription(tools, about, cause, session)
          }),
        )
      }
    },
    /** As a process of chase-payments does that runs now. */
    chase: () => settleDue(options),
    async key(id: string): Promise<ApiKeyDoc> {
      const found = await apiKeys(db).findOne({ _id: id })
      if (!found) throw new Error(`no ${id}`)
      return found
    },
    /** Mails about a key's payments, oldest first, each with its delivery. */
    async mails(apiKeyId: string) {
      const notices = billingNotices(db).find({ apiKeyId, type: 'payment-reminder' })
      const sent = await deliveries(db).find({ 'event.kind': 'billing' }).toArray()
      return (await notices.sort({ sequence: 1 }).toArray()).map((notice) => {
        const own = sent.filter(
          ({ event }) => event.kind === 'billing' && event.noticeId === notice._id,
        )
        return { at: notice.at.getTime(), kind: String(notice.data.kind), deliveries: own.length }
      })
    },
    end: () => database.drop(),
  }
}
