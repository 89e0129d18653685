import { DAY, dayName, HOUR } from '../../src/rules/calendar-time.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { jobRuns } from '../../src/store/job-runs.ts'
import type { WireFault } from '../billing/provider-wire.ts'
import { integer } from '../faults/random.ts'
import type { ChargeWorld } from './charge-world.ts'

const MINUTE = 60_000
const LIMIT = 1_000

/** What a history came to: calls above the limit, and who has them. */
export interface ChargedHistory {
  above: number
  /** At the provider. */
  taken: number
  toNextInvoice: number
  /** What we say that it has. */
  acknowledged: number
  /** Faults that were met. */
  faults: number
}

const faults: readonly WireFault[] = [
  'before',
  'after',
  'after',
  { late: { status: 500 } },
  { late: { status: 503, headers: { 'retry-after': '7200' } } },
  { nonsense: '<html>' },
  { reply: { status: 500 } },
  { reply: { status: 401 } },
  { reply: { status: 429, headers: { 'retry-after': '600' } } },
  { reply: { status: 409 } },
]

/**
 * Calls, closed days and late calls of November 2026 at random, the provider failing in every way while hours or
 * days pass; then it works again, until all is settled.
 * @param refusals also requests that it refuses for good
 */
export async function chargeHistory(
  world: ChargeWorld,
  provider: 'STRIPE' | 'PADDLE',
  random: () => number,
): Promise<ChargedHistory> {
  await world.reset()
  if (provider === 'PADDLE') {
    await billingSubscriptions(world.db).deleteMany({})
    await world.subscribe('PADDLE:sub_p')
  }
  const standIn = provider === 'STRIPE' ? world.stripe : world.paddle
  standIn.fail(
    ({ method }) => method === 'POST' || random() < 0.5,
    ...Array.from({ length: integer(random, 5, 40) }, () => pick(random, faults)),
  )
  if (integer(random, 0, 2) === 0) {
    standIn.fail(({ method }) => method === 'POST', { reply: { status: 400 } })
  }
  world.stripe.summaryLag = integer(random, 0, 50) * MINUTE
  const given = standIn.faultsLeft()
  let units = 0
  const call = async (day: number, most: number) => {
    const some = integer(random, 1, most)
    units += some
    await world.calls(dayName(Date.UTC(2026, 10, day)), some)
  }
  world.now = Date.UTC(2026, 10, 2, 1, 30)
  const [worker, other] = [world.worker(), world.worker()]
  for (let day = 1; day <= 30; ) {
    if (integer(random, 0, 2) > 0) await call(day, 120)
    if (integer(random, 0, 5) === 0) await call(integer(random, 1, day), 30)
    // Closed at once, or with those after it.
    if (integer(random, 0, 3) > 0 || day === 30) await closeThrough(world, day)
    world.now = Math.max(world.now, Date.UTC(2026, 10, day + 1, 1, 30))
    await worker.chargeDueDays()
    for (let looks = integer(random, 0, 4); looks > 0; looks--) {
      await (integer(random, 0, 1) === 0 ? worker : other).settleDue()
      world.now += pick(random, [MINUTE, 10 * MINUTE, 2 * HOUR, 7 * HOUR, 25 * HOUR])
    }
    day += 1
  }
  const met = given - standIn.faultsLeft()
  standIn.works()
  for (let looks = 0; looks < 300; looks++) {
    await worker.settleDue()
    const pending = (await world.charges()).filter(({ status }) => status === 'PENDING')
    if (pending.length === 0) break
    world.now += 20 * MINUTE
  }
  // The nights after it find what came in late.
  for (const night of ['2026-12-28', '2026-12-29']) {
    world.now = Math.max(world.now, Date.parse(night) + DAY + HOUR)
    await world.close(night)
    await worker.chargeDueDays()
    await worker.settleDue()
  }
  const month = await world.month()
  return {
    above: Math.max(0, units - LIMIT),
    taken: takenBy(world, provider),
    toNextInvoice: month?.toNextInvoiceUnits ?? 0,
    acknowledged: month?.acknowledgedUnits ?? 0,
    faults: met,
  }
}

async function closeThrough(world: ChargeWorld, last: number): Promise<void> {
  const days = Array.from({ length: last }, (_, n) => dayName(Date.UTC(2026, 10, n + 1)))
  const closed = await jobRuns(world.db)
    .find({ _id: { $in: days.map((day) => `aggregate-days:${day}`) } })
    .toArray()
  const done = new Set(closed.map(({ _id }) => _id))
  const left = days.filter((day) => !done.has(`aggregate-days:${day}`))
  if (left.length > 0) await world.close(...left)
}

export function takenBy({ stripe, paddle }: ChargeWorld, provider: 'STRIPE' | 'PADDLE'): number {
  if (provider === 'STRIPE') return stripe.unitsOf('cus_1')
  return paddle
    .chargesOf('sub_p')
    .flatMap(({ items }) => items)
    .reduce((sum, { price }) => sum + (price.custom_data as { units: number }).units, 0)
}

function pick<One>(random: () => number, of: readonly One[]): One {
  return of[integer(random, 0, of.length - 1)] as One
}
