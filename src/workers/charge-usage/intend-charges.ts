import type { Db } from 'mongodb'
import { monthName } from '../../rules/calendar-time.ts'
import type { Plans } from '../../rules/plan.ts'
import { billingSubscriptions } from '../../store/billing-subscriptions.ts'
import { chargeMonths } from '../../store/charge-months.ts'
import { usageCells } from '../../store/usage-cells.ts'
import type { ChargeTools } from './charge-tools.ts'
import { type ClosedDay, intendKey } from './intend-key.ts'

/** What a run over all keys wrote down. */
export type IntendedCharges = {
  /** Keys that were looked at: those that a provider bills, with usage above some plan's limit. */
  keys: number
  charged: number
  toNextInvoice: number
}

const BATCH = 300

/**
 * Over all keys that have or had a subscription at a provider, by batches.
 * @param onlyMoved leaves out months that say the same as when they were last looked at: of those that are over,
 *   all but a few
 * @param check called between keys; throws where the run must break off
 */
export async function intendCharges(
  tools: ChargeTools,
  closed: ClosedDay,
  { onlyMoved }: { onlyMoved: boolean },
  check: () => void,
): Promise<IntendedCharges> {
  const done: IntendedCharges = { keys: 0, charged: 0, toNextInvoice: 0 }
  const least = leastLimit(tools.plans)
  // No plan has overage.
  if (least === null) return done
  for (let after = ''; ; ) {
    const subscribed = await subscribedKeys(tools.db, after)
    const last = subscribed.at(-1)
    if (last === undefined) return done
    after = last
    const keys = [...new Set(subscribed)]
    for (const apiKeyId of await usedKeys(tools.db, keys, closed.month, { least, onlyMoved })) {
      check()
      const { charged, toNextInvoice } = await intendKey(tools, apiKeyId, closed)
      done.keys += 1
      done.charged += charged
      done.toNextInvoice += toNextInvoice
    }
  }
}

function leastLimit(plans: Plans): number | null {
  const limits = [...plans.values()].flatMap(({ overage, monthlyLimit }) =>
    overage && monthlyLimit !== null ? [monthlyLimit] : [],
  )
  return limits.length > 0 ? Math.min(...limits) : null
}

async function subscribedKeys(db: Db, after: string): Promise<string[]> {
  const found = await billingSubscriptions(db)
    .find({ apiKeyId: { $gt: after } })
    .sort({ apiKeyId: 1 })
    .limit(BATCH)
    .project<{ apiKeyId: string }>({ apiKeyId: 1 })
    .toArray()
  return found.map(({ apiKeyId }) => apiKeyId)
}

async function usedKeys(
  db: Db,
  keys: readonly string[],
  month: number,
  { least, onlyMoved }: { least: number; onlyMoved: boolean },
): Promise<string[]> {
  const ids = keys.map((apiKeyId) => `${apiKeyId}:${monthName(month)}`)
  const used = await usageCells(db)
    .months.find({ _id: { $in: ids }, total: { $gt: least } })
    .project<{ apiKeyId: string; total: number }>({ apiKeyId: 1, total: 1 })
    .toArray()
  if (!onlyMoved) return used.map(({ apiKeyId }) => apiKeyId)
  const looked = await chargeMonths(db)
    .find({ _id: { $in: ids } })
    .project<{ apiKeyId: string; usage: number }>({ apiKeyId: 1, usage: 1 })
    .toArray()
  const before = new Map(looked.map(({ apiKeyId, usage }) => [apiKeyId, usage]))
  return used
    .filter(({ apiKeyId, total }) => before.get(apiKeyId) !== total)
    .map(({ apiKeyId }) => apiKeyId)
}
