import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import type { Db } from 'mongodb'
import { Registry } from 'prom-client'
import { createLog } from '../../src/log.ts'
import { createProviders } from '../../src/outgoing/providers.ts'
import { dayName } from '../../src/rules/calendar-time.ts'
import type { Plan } from '../../src/rules/plan.ts'
import { accessHistory } from '../../src/store/access-history.ts'
import { accounts } from '../../src/store/accounts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { type ChargeMonthDoc, chargeMonths } from '../../src/store/charge-months.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { jobRuns } from '../../src/store/job-runs.ts'
import { type UsageChargeDoc, usageCharges } from '../../src/store/usage-charges.ts'
import { type ChargeUsage, createChargeUsage } from '../../src/workers/charge-usage/charge-usage.ts'
import { account, plan, plantKey } from '../asked.ts'
import { paddleSubscription } from '../billing/paddle-events.ts'
import { type PaddleStandIn, startPaddleStandIn } from '../billing/paddle-stand-in.ts'
import { type PlantedSubscription, plantSubscription } from '../billing/planted-subscription.ts'
import { type StripeStandIn, startStripeStandIn } from '../billing/stripe-stand-in.ts'
import { plantUsage } from '../planted-usage.ts'
import type { TestDatabase } from '../servers.ts'

const overage = { per: 1_000, prices: { USD: '4.00', JPY: '600' } }
const sold = { stripeMeterEvent: 'getcomplical_calls', paddleOverageProductId: 'pro_overage' }
const charged = (id: string, limit: number): Plan => ({
  ...plan(id, limit),
  ...{ overage, ...sold },
})

/** `starter` has 1,000 calls and `pro` 5,000, both with overage; `bare` has overage that no provider sells. */
export const chargePlans = new Map(
  [
    plan('free', 100),
    charged('starter', 1_000),
    charged('pro', 5_000),
    { ...plan('bare', 1_000), overage },
    plan('enterprise', null),
  ].map((one) => [one.id, one]),
)

export const chargeKey = Buffer.alloc(32, 3)

/** Two providers, a clock, and usage of one key on November days of 2026. */
export interface ChargeWorld {
  readonly db: Db
  readonly uri: string
  readonly stripe: StripeStandIn
  readonly paddle: PaddleStandIn
  readonly lines: string[]
  /** ms; every clock of this world. */
  now: number
  /** Empties everything; then `key_a` on `starter`, with a subscription at Stripe. */
  reset(): Promise<void>
  subscribe(id: string, more?: Partial<PlantedSubscription>): Promise<void>
  /** Billed units of a key on a day, `2026-11-09`. */
  calls(day: string, units: number, apiKeyId?: string): Promise<void>
  /** As aggregate-days leaves it. */
  close(...days: string[]): Promise<void>
  worker(options?: {
    registry?: Registry
    leaseMs?: number
    only?: 'STRIPE' | 'PADDLE'
    plans?: typeof chargePlans
  }): ChargeUsage
  /** One worker looks at closed days and works on all that is due now. */
  charge(): Promise<void>
  charges(): Promise<UsageChargeDoc[]>
  month(name?: string, apiKeyId?: string): Promise<ChargeMonthDoc | null>
  end(): Promise<void>
}

/** @param database its own, which is dropped at the end */
export async function chargeWorld(
  database: Pick<TestDatabase, 'db' | 'uri' | 'drop'>,
): Promise<ChargeWorld> {
  const clock = () => world.now
  const [stripe, paddle] = await Promise.all([startStripeStandIn(clock), startPaddleStandIn(clock)])
  const { db } = database
  await createIndexes(db)
  const encryption = createEncryption([{ id: 'k1', key: chargeKey }], randomBytes)
  const lines: string[] = []
  const sink = new Writable({
    write(line, _encoding, done) {
      lines.push(String(line))
      done()
    },
  })

  const world: ChargeWorld = {
    ...{ db, uri: database.uri, stripe, paddle, lines, now: 0 },
    async reset() {
      const names = ['accounts', 'apiKeys', 'billingFacts', 'billingSubscriptions', 'jobRuns']
      const more = ['usageHours', 'usageDays', 'usageMonths', 'accessHistory']
      for (const name of [...names, ...more, 'usageCharges', 'usageChargeMonths']) {
        await db.collection(name).deleteMany({})
      }
      world.now = Date.UTC(2026, 10, 10, 1, 30)
      stripe.events.length = 0
      stripe.summaryLag = 0
      stripe.forgetIdentifiers()
      paddle.transactions.length = 0
      paddle.subscriptions.clear()
      for (const standIn of [stripe, paddle]) {
        standIn.works()
        standIn.calls.length = 0
      }
      lines.length = 0
      await accounts(db).insertOne(account('acc_a'))
      await plantKey(db, 'key_a', 'acc_a', { tier: 'starter' })
      await world.subscribe('STRIPE:sub_1')
    },
    async subscribe(id, more = {}) {
      const customer = id.startsWith('STRIPE') ? 'cus_1' : 'ctm_1'
      const about = { apiKeyId: 'key_a', accountId: 'acc_a', customer, ...more }
      const { provider, _id, state } = await plantSubscription(db, encryption, id, about)
      await entered(db, about.apiKeyId, state?.startedAt ?? 0)
      const short = _id.slice(provider.length + 1)
      if (provider === 'PADDLE') paddle.subscriptions.set(short, paddleSubscription({ id: short }))
    },
    calls: (day, units, apiKeyId = 'key_a') =>
      plantUsage(db, [{ apiKeyId, accountId: 'acc_a', at: `${day}T12:00:00Z`, units }]),
    async close(...days) {
      const at = new Date(world.now)
      const run = { owner: 'test', attempts: 1, startedAt: at, leaseUntil: at, finishedAt: at }
      await jobRuns(db).insertMany(days.map((day) => ({ _id: `aggregate-days:${day}`, ...run })))
    },
    worker({ registry = new Registry(), only, ...options } = {}) {
      const access = { STRIPE: stripe, PADDLE: paddle }
      const keyOf = (name: 'STRIPE' | 'PADDLE') =>
        only && only !== name ? null : { key: access[name].key, apiBase: access[name].url }
      return createChargeUsage({
        ...{ db, plans: chargePlans, encryption, clock, registry, ...options },
        log: createLog('trace', 'test', sink),
        providers: createProviders({
          ...{ fetch, clock, registry: new Registry(), timeoutMs: 300 },
          ...{ stripe: keyOf('STRIPE'), paddle: keyOf('PADDLE') },
        }),
      })
    },
    async charge() {
      const worker = world.worker()
      await worker.chargeDueDays()
      await worker.settleDue()
    },
    charges: () => usageCharges(db).find().sort({ _id: 1 }).toArray(),
    month: (name = '2026-11', apiKeyId = 'key_a') =>
      chargeMonths(db).findOne({ _id: `${apiKeyId}:${name}` }),
    async end() {
      await Promise.all([database.drop(), stripe.stop(), paddle.stop()])
    },
  }
  return world
}

/** That the key is at a provider since then, in its history. */
async function entered(db: Db, apiKeyId: string, at: number): Promise<void> {
  const key = await apiKeys(db).findOne({ _id: apiKeyId })
  const { tier = 'starter', accountId = 'acc_a' } = key ?? {}
  const n = 1 + (await accessHistory(db).countDocuments({ apiKeyId }))
  const then = { tier, blockedBecause: null, revoked: false }
  await accessHistory(db).insertOne({
    ...{ _id: `${apiKeyId}:${n}`, apiKeyId, accountId, n },
    ...{ at: new Date(at), recordedAt: new Date(at), because: 'test', cause: 'test' },
    ...{ from: { ...then, billingStatus: 'NONE' }, to: { ...then, billingStatus: 'ACTIVE' } },
  })
}

/** The days of November 2026 from one to another. */
export function november(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, n) => dayName(Date.UTC(2026, 10, from + n)))
}
