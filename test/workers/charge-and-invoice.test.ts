import { randomBytes } from 'node:crypto'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { INVOICE_KINDS } from '../../src/rules/billing/invoice.ts'
import { DAY, dayName, HOUR } from '../../src/rules/calendar-time.ts'
import { accessHistory } from '../../src/store/access-history.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { ensureInvoiceNumbers } from '../../src/store/invoice-numbers.ts'
import { type InvoiceDoc, invoices } from '../../src/store/invoices.ts'
import { createInvoicing } from '../../src/workers/issue-invoices/invoicing.ts'
import { silent } from '../asked.ts'
import { seller } from '../billing/invoicing-seller.ts'
import { pdfAfter, quickPdf } from '../billing/invoicing-world.ts'
import type { WireFault } from '../billing/provider-wire.ts'
import { integer, seededRandom } from '../faults/random.ts'
import { testDatabase } from '../servers.ts'
import { takenBy } from './charge-histories.ts'
import { type ChargeWorld, chargeKey, chargePlans, chargeWorld, november } from './charge-world.ts'

const HISTORIES = 2
let world: ChargeWorld
beforeAll(async () => {
  world = await chargeWorld(await testDatabase())
})
afterAll(() => world.end())
beforeEach(() => reset())

async function reset(): Promise<void> {
  const collections = await world.db.collections()
  await Promise.all(collections.map((collection) => collection.deleteMany({})))
  await world.reset()
  await ensureInvoiceNumbers(world.db, INVOICE_KINDS)
}

function invoicing(render = quickPdf) {
  const encryption = createEncryption([{ id: 'k1', key: chargeKey }], randomBytes)
  return createInvoicing({
    ...{ db: world.db, seller, encryption, render, log: silent, registry: new Registry() },
    ...{ plans: chargePlans, clock: () => world.now },
  })
}

/** Calls of November above the limit that issued documents of a kind charge, all together. */
async function chargedOn(kind: InvoiceDoc['kind']): Promise<number> {
  const issued = await invoices(world.db).find({ kind }).toArray()
  return issued
    .flatMap(({ basis }) => basis.usage)
    .filter(({ month }) => month === '2026-11')
    .reduce((sum, { charged }) => sum + charged, 0)
}

describe('a call above the limit is on one bill', () => {
  const faults: readonly WireFault[] = [
    'before',
    'after',
    { late: { status: 500 } },
    { reply: { status: 400 } },
    { reply: { status: 400 } },
    { reply: { status: 503 } },
  ]

  async function history(provider: 'STRIPE' | 'PADDLE', random: () => number) {
    await reset()
    if (provider === 'PADDLE') {
      await billingSubscriptions(world.db).deleteMany({})
      await world.subscribe('PADDLE:sub_p')
    }
    const standIn = provider === 'STRIPE' ? world.stripe : world.paddle
    const some = Array.from({ length: integer(random, 0, 6) }, () => {
      return faults[integer(random, 0, faults.length - 1)] as WireFault
    })
    standIn.fail(({ method }) => method === 'POST', ...some)
    let units = 0
    const call = async (day: number, most: number) => {
      const few = integer(random, 1, most)
      units += few
      await world.calls(dayName(Date.UTC(2026, 10, day)), few)
    }
    for (const day of [2, 9, 16, 23, 30]) {
      await call(day, 700)
      await call(integer(random, 1, day), 50)
      await world.close(...november(Math.max(1, day - 6), day))
      world.now = Date.UTC(2026, 10, day + 1, 1)
      await world.charge()
    }
    world.now = Date.UTC(2026, 11, 1, 2)
    await invoicing().trigger('2026-11')
    // Works again in time, or when it is too late for what is left.
    world.now += integer(random, 0, 1) === 0 ? 2 * DAY : 36 * DAY
    standIn.works()
    const worker = world.worker()
    while ((await world.charges()).some(({ status }) => status === 'PENDING')) {
      await worker.settleDue()
      world.now += HOUR
    }
    for (let late = integer(random, 0, 2); late > 0; late--) {
      await call(integer(random, 1, 30), 60)
      world.now += DAY
      await world.close(dayName(world.now - DAY))
      await world.charge()
    }
    world.now = Math.max(world.now, Date.UTC(2027, 0, 1, 2))
    await invoicing().trigger('2026-12')
    return { above: Math.max(0, units - 1_000), taken: takenBy(world, provider) }
  }

  test.each(['STRIPE', 'PADDLE'] as const)(
    'of %s or of ours, whatever failed and came late',
    async (provider) => {
      const first = Math.floor(Math.random() * 2 ** 31)
      console.log(`first seed ${first}`)
      for (let seed = first; seed < first + HISTORIES; seed++) {
        const { above, taken } = await history(provider, seededRandom(seed))
        const [ours, told] = [await chargedOn('INVOICE'), await chargedOn('USAGE_STATEMENT')]
        expect({ seed, ours, told }).toEqual({ seed, ours: above - taken, told: taken })
      }
    },
  )
})

describe('that a provider had the key is heard after the month', () => {
  const NIGHT = Date.UTC(2026, 11, 1, 0, 20)

  /** Its history says so from now on, of a day before. */
  async function beforeItIsHeard(): Promise<() => Promise<void>> {
    await world.calls('2026-11-20', 1_250)
    await world.close('2026-11-30')
    world.now = NIGHT
    const entries = await accessHistory(world.db).find().toArray()
    await accessHistory(world.db).deleteMany({})
    return async () => void (await accessHistory(world.db).insertMany(entries))
  }

  test('and was invoiced by then: no provider is asked for the same calls', async () => {
    const hear = await beforeItIsHeard()
    await invoicing().trigger('2026-11')
    expect(await chargedOn('INVOICE')).toBe(250)
    await hear()
    await world.charge()
    expect(await world.charges()).toEqual([])
    expect(world.stripe.events).toEqual([])
  })

  test('while its invoice is being made: that is reckoned anew, without them', async () => {
    const hear = await beforeItIsHeard()
    const render = pdfAfter(async () => {
      await hear()
      await world.charge()
    })
    await invoicing(render).trigger('2026-11')
    expect(world.stripe.unitsOf('cus_1')).toBe(250)
    expect([await chargedOn('INVOICE'), await chargedOn('USAGE_STATEMENT')]).toEqual([0, 250])
  })
})
