import type { Db } from 'mongodb'
import { monthName } from '../../rules/calendar-time.ts'
import type { Plans } from '../../rules/plan.ts'
import { accessHistory } from '../../store/access-history.ts'
import { chargeMonths } from '../../store/charge-months.ts'
import { type MonthCell, usageCells } from '../../store/usage-cells.ts'
import type { ChargeTools } from './charge-tools.ts'
import { intendKey } from './intend-key.ts'
import type { ClosedDay } from './write-charges.ts'

/** What a run over all keys wrote down. */
export type IntendedCharges = {
  /** Keys that were looked at: those that a provider bills, with usage above some plan's limit. */
  keys: number
  charged: number
  toNextInvoice: number
}

const BATCH = 300

/**
 * Over all keys with that much usage that have or had to do with a provider, by batches.
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
    const used = await usedKeys(tools.db, closed.month, least, after)
    const last = used.at(-1)
    if (!last) return done
    after = last.apiKeyId
    for (const apiKeyId of await billedKeys(tools.db, used, closed.month, onlyMoved)) {
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

type UsedKey = Pick<MonthCell, 'apiKeyId' | 'total'>

function usedKeys(db: Db, month: number, least: number, after: string): Promise<UsedKey[]> {
  return usageCells(db)
    .months.find({ at: new Date(month), apiKeyId: { $gt: after }, total: { $gt: least } })
    .sort({ apiKeyId: 1 })
    .limit(BATCH)
    .project<UsedKey>({ apiKeyId: 1, total: 1 })
    .toArray()
}

/** Those that ever had something to do with a provider; the history itself says when. */
async function billedKeys(
  db: Db,
  used: readonly UsedKey[],
  month: number,
  onlyMoved: boolean,
): Promise<string[]> {
  const ids = used.map(({ apiKeyId }) => apiKeyId)
  const some = { $nin: ['NONE' as const, null] }
  const billed: string[] = await accessHistory(db).distinct('apiKeyId', {
    apiKeyId: { $in: ids },
    $or: [{ 'to.billingStatus': some }, { 'from.billingStatus': some }],
  })
  if (!onlyMoved) return billed
  const looked = await chargeMonths(db)
    .find({ _id: { $in: ids.map((apiKeyId) => `${apiKeyId}:${monthName(month)}`) } })
    .project<{ apiKeyId: string; usage: number }>({ apiKeyId: 1, usage: 1 })
    .toArray()
  const before = new Map(looked.map(({ apiKeyId, usage }) => [apiKeyId, usage]))
  const totals = new Map(used.map(({ apiKeyId, total }) => [apiKeyId, total]))
  return billed.filter((apiKeyId) => before.get(apiKeyId) !== totals.get(apiKeyId))
}
