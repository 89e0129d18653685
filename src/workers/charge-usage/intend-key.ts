import type { ClientSession, Db } from 'mongodb'
import { chargedSubscription } from '../../rules/billing/charged-subscription.ts'
import { largestPlan, NotInvoiceable } from '../../rules/billing/invoice-lines.ts'
import { dueOverage } from '../../rules/billing/overage.ts'
import { type KeyLife, wasAtProvider } from '../../rules/billing/plan-days.ts'
import { DAY, dayName, monthName, startOfNextMonth } from '../../rules/calendar-time.ts'
import type { Plan } from '../../rules/plan.ts'
import { accessHistory } from '../../store/access-history.ts'
import { type ApiKeyDoc, apiKeys } from '../../store/api-keys.ts'
import { chargeMonths } from '../../store/charge-months.ts'
import { isDuplicateKey } from '../../store/database.ts'
import { reckonAnew } from '../../store/invoice-accounts.ts'
import { invoices } from '../../store/invoices.ts'
import { lifeOf } from '../../store/key-life.ts'
import { usageCells } from '../../store/usage-cells.ts'
import { type ChargeTarget, chargeTarget } from './charge-target.ts'
import type { ChargeTools } from './charge-tools.ts'
import { subscriptionsOfKey } from './stated-subscription.ts'
import { type ClosedDay, type Intended, writeCharges } from './write-charges.ts'

const nothing: Intended = { charged: 0, toNextInvoice: 0 }
const later: ChargeTarget = { to: 'later' }

/**
 * Writes down what of a key's calls above the limit is to be charged now that a day is closed, in one
 * transaction with the sums of its month: whoever does it, and however often, a call is decided about once.
 */
export async function intendKey(
  tools: ChargeTools,
  apiKeyId: string,
  closed: ClosedDay,
): Promise<Intended> {
  for (;;) {
    try {
      let intended = nothing
      await tools.db.client.withSession((session) =>
        session.withTransaction(async () => {
          intended = await intend(tools, apiKeyId, closed, session)
        }),
      )
      return intended
    } catch (error) {
      // Another key of the same customer took the minute meanwhile: the next look finds another one.
      if (!isDuplicateKey(error)) throw error
    }
  }
}

async function intend(
  tools: ChargeTools,
  apiKeyId: string,
  { day, month }: ClosedDay,
  session: ClientSession,
): Promise<Intended> {
  const { db, plans, clock } = tools
  const now = clock()
  const key = await apiKeys(db).findOne({ _id: apiKeyId }, { session })
  if (!key) return nothing
  const name = monthName(month)
  const before = await chargeMonths(db).findOne({ _id: `${apiKeyId}:${name}` }, { session })
  const life = await keyLife(db, key, session)
  if (!before && !wasAtProvider(life, month, day + DAY)) return nothing
  const plan = largestHeld(tools, { apiKeyId, life, day, month })
  if (!plan) return nothing
  const days = await daysOf(db, apiKeyId, month, session)
  const decided = (before?.reportedUnits ?? 0) + (before?.toNextInvoiceUnits ?? 0)
  const through = before?.through?.getTime() ?? null
  const { late, due } = dueOverage({ days, day, plan, through, decided })
  const held = await subscriptionsOfKey(db, apiKeyId, session)
  const subscription = chargedSubscription(held, day)
  const calls = { accountId: key.accountId, units: due, plan, day, month, subscription, now }
  const target = due > 0 ? await chargeTarget(db, plans, calls, session) : later
  const units = target.to === 'later' ? 0 : due
  if (late === 0 && units === 0) return nothing
  if (!before && startOfNextMonth(month) <= now && (await isOurs(db, key, name, session))) {
    return nothing
  }
  const usage = [...days.values()].reduce((sum, one) => sum + one, 0)
  return await writeCharges(db, { key, plan, day, month, now, late, units, target, usage }, session)
}

async function keyLife(db: Db, key: ApiKeyDoc, session: ClientSession): Promise<KeyLife> {
  const history = accessHistory(db).find({ apiKeyId: key._id }, { session })
  return lifeOf(key, await history.sort({ n: 1 }).toArray())
}

/** Null also where PLANS_FILE lacks one that was held: once it is there again, the next day makes up for it. */
function largestHeld(
  { plans, log }: ChargeTools,
  { apiKeyId, life, day, month }: ClosedDay & { apiKeyId: string; life: KeyLife },
): Plan | null {
  try {
    return largestPlan(life, month, plans, day + DAY)
  } catch (error) {
    if (!(error instanceof NotInvoiceable)) throw error
    const { message: because } = error
    log.error({ apiKeyId, day: dayName(day), because }, 'calls above the limit cannot be charged')
    return null
  }
}

/**
 * Whether an invoice of ours charged the month before it was known that the key was at a provider then. One that
 * is being reckoned is reckoned anew.
 */
async function isOurs(
  db: Db,
  { _id: apiKeyId, accountId }: ApiKeyDoc,
  month: string,
  session: ClientSession,
): Promise<boolean> {
  await reckonAnew(db, accountId, session)
  const usage = { $elemMatch: { apiKeyId, month, home: 'INVOICE' as const } }
  const issued = { accountId, kind: 'INVOICE' as const, status: { $ne: 'DRAFT' as const } }
  const found = await invoices(db).findOne({ ...issued, 'basis.usage': usage }, { session })
  return found !== null
}

async function daysOf(
  db: Db,
  apiKeyId: string,
  month: number,
  session: ClientSession,
): Promise<Map<number, number>> {
  const names: string[] = []
  for (let day = month; day < startOfNextMonth(month); day += DAY) names.push(dayName(day))
  const cells = await usageCells(db)
    .days.find({ _id: { $in: names.map((name) => `${apiKeyId}:${name}`) } }, { session })
    .project<{ at: Date; total: number }>({ at: 1, total: 1 })
    .toArray()
  return new Map(cells.map(({ at, total }) => [at.getTime(), total]))
}
