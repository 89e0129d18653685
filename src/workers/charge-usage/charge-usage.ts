import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import { BILLING_PROVIDERS } from '../../rules/billing/fact.ts'
import { DAY, dayName, startOfMonth, startOfNextMonth } from '../../rules/calendar-time.ts'
import { parseDay } from '../../rules/usage-period.ts'
import { databaseAway, reopenIfClosed } from '../../store/database.ts'
import { finishedDays } from '../../store/job-runs.ts'
import { DAYS_LIVE_MS } from '../../store/usage-cells.ts'
import { usageCharges } from '../../store/usage-charges.ts'
import { createOutage } from '../../streams/outage.ts'
import { closedMonths } from '../aggregate-days/late-calls.ts'
import { doRun, RunEnded } from '../job-run.ts'
import { createPauses } from '../pauses.ts'
import { shareRun } from '../shared-run.ts'
import { claimCharge, putBackCharge } from './charge-claims.ts'
import { createChargeMetrics } from './charge-metrics.ts'
import type { ChargeTools } from './charge-tools.ts'
import { type IntendedCharges, intendCharges } from './intend-charges.ts'
import { settleCharge } from './settle-charge.ts'

export interface ChargeUsageOptions extends Omit<ChargeTools, 'metrics'> {
  registry: Registry
  /** The five below, shorter in tests. */
  leaseMs?: number
  sendWithinMs?: number
  lookEveryMs?: number
  pollMs?: number
  runLeaseMs?: number
}

export interface ChargeUsage {
  /** Makes up days that were missed, then looks for closed days and due charges. */
  start(): void
  /** Takes nothing more and waits for what is under way. */
  stop(): Promise<void>
  /** Null: works. Else why not, in plain words. */
  readiness(): string | null
  /** Writes down what closed days are to be charged with. Returns the days that were looked at here. */
  chargeDueDays(): Promise<string[]>
  /** Works on charges until none is due. Returns how many steps that took. */
  settleDue(): Promise<number>
}

const JOB = 'charge-usage'
/** Above a question and a charge at their longest (10 s, and 30 s at Paddle). */
const LEASE_MS = 90_000
const RUN_LEASE_MS = 30_000
const LOOK_EVERY_MS = 60_000
const POLL_MS = 1_000
/** A process that was stopped between taking a charge and sending it does not send: another may have it by then. */
const SEND_WITHIN_MS = 10_000
const AT_ONCE = 4
/** What takes longer is asked about by whoever has it next. */
const STOP_WITHIN_MS = 12_000
/** Before a charge is looked at again over which something unexpected happened. */
const AGAIN_MS = 300_000

/**
 * Charges calls above the limit: after a day was closed what is due of it is written down, and then handed to
 * its provider, each call once. Any number of processes may run it.
 */
export function createChargeUsage(options: ChargeUsageOptions): ChargeUsage {
  const { db, clock, log, providers } = options
  const { leaseMs = LEASE_MS, sendWithinMs = SEND_WITHIN_MS } = options
  const { runLeaseMs = RUN_LEASE_MS, pollMs = POLL_MS } = options
  const tools: ChargeTools = { ...options, metrics: createChargeMetrics(options.registry) }
  const outage = createOutage(log, 'charging usage fails; it is tried again')
  const owner = randomUUID()
  const asked = BILLING_PROVIDERS.filter((provider) => providers[provider] !== null)
  let stopping = false
  let running: Promise<unknown> | null = null
  let lastError: string | null = null
  let lookTimer: NodeJS.Timeout | undefined
  const pauses = createPauses()

  async function chargeDay(date: string, closed: ReadonlySet<string>): Promise<boolean> {
    const run = { id: `${JOB}:${date}`, owner, leaseMs: runLeaseMs }
    return await doRun(
      db,
      run,
      () => stopping,
      async (check) => {
        const day = parseDay(date)
        const done = await intendCharges(
          tools,
          { day, month: startOfMonth(day) },
          { onlyMoved: false },
          check,
        )
        const late = await lookAtPastMonths(closed, check)
        tools.metrics.lastDay.set(day / 1_000)
        const result = { ...done, late: late.toNextInvoice + late.charged }
        log.info({ date, ...result }, 'a day was looked at for calls above the limit')
        return result
      },
    )
  }

  /** Calls that came into months that are over, as long as their days are kept. */
  async function lookAtPastMonths(
    closed: ReadonlySet<string>,
    check: () => void,
  ): Promise<IntendedCharges> {
    const sum: IntendedCharges = { keys: 0, charged: 0, toNextInvoice: 0 }
    for (const month of closedMonths(clock())) {
      const day = startOfNextMonth(month) - DAY
      if (!closed.has(dayName(day))) continue
      const done = await intendCharges(tools, { day, month }, { onlyMoved: true }, check)
      sum.keys += done.keys
      sum.charged += done.charged
      sum.toNextInvoice += done.toNextInvoice
    }
    return sum
  }

  async function chargeDue(): Promise<string[]> {
    const since = dayName(clock() - DAYS_LIVE_MS)
    const closed = await finishedDays(db, 'aggregate-days', since)
    const done = await finishedDays(db, JOB, since)
    const due = [...closed].filter((date) => !done.has(date)).toSorted()
    const charged: string[] = []
    for (const date of due) {
      if (stopping) break
      if (await chargeDay(date, closed)) charged.push(date)
    }
    return charged
  }

  const looking = shareRun(chargeDue)

  async function look(): Promise<void> {
    try {
      await looking.run()
      const [oldest] = await usageCharges(db)
        .find({ status: 'PENDING' })
        .sort({ createdAt: 1 })
        .limit(1)
        .toArray()
      const age = oldest ? (clock() - oldest.createdAt.getTime()) / 1_000 : 0
      tools.metrics.oldestPending.set(age)
      lastError = null
      outage.over()
      pauses.endAll()
    } catch (error) {
      if (error instanceof RunEnded) return
      outage.begun(error)
      lastError = 'the last look for days to charge failed'
      await reopenIfClosed(db, error)
    }
  }

  async function settleNext(): Promise<boolean> {
    const heldSince = performance.now()
    const claim = { owner, leaseMs, now: new Date(clock()), providers: asked }
    const charge = await claimCharge(db, claim)
    if (!charge) return false
    try {
      await settleCharge(tools, { charge, owner, sendBefore: heldSince + sendWithinMs })
    } catch (error) {
      if (databaseAway(error)) throw error
      log.error({ err: error, charge: charge._id }, 'a charge cannot be worked on')
      const dueAt = new Date(clock() + AGAIN_MS)
      await putBackCharge(db, { _id: charge._id, owner }, { dueAt }, null)
    }
    return true
  }

  async function settleDue(): Promise<number> {
    let steps = 0
    while (!stopping && (await settleNext())) steps += 1
    return steps
  }

  async function run(): Promise<void> {
    while (!stopping) {
      try {
        await settleDue()
      } catch (error) {
        outage.begun(error)
        await reopenIfClosed(db, error)
      }
      if (!stopping) await pauses.wait(pollMs)
    }
  }

  return {
    chargeDueDays: looking.run,
    settleDue,
    start() {
      if (providers.STRIPE) warnOfUnsold(tools)
      lookTimer ??= setInterval(look, options.lookEveryMs ?? LOOK_EVERY_MS)
      running ??= Promise.all([look(), ...Array.from({ length: AT_ONCE }, run)])
    },
    async stop() {
      stopping = true
      clearInterval(lookTimer)
      pauses.endAll()
      const ended = Promise.all([running, looking.ended()])
      await Promise.race([ended, setTimeout(STOP_WITHIN_MS, undefined, { ref: false })])
    },
    readiness: () => lastError,
  }
}

/** Once a start: what such a plan's calls cost is up to how its subscriptions are set up at Stripe. */
function warnOfUnsold({ plans, log }: ChargeTools): void {
  for (const { id, stripeMeterEvent, stripeOveragePriceId } of plans.values()) {
    if (stripeMeterEvent === undefined || stripeOveragePriceId !== undefined) continue
    log.warn(
      { plan: id },
      'calls above the limit are counted at Stripe, and PLANS_FILE sells no price for them (stripeOveragePriceId)',
    )
  }
}
