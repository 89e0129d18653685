import { randomUUID } from 'node:crypto'
import type { Registry } from 'prom-client'
import { UnreadableEvent } from '../../rules/billing/provider-event.ts'
import { billingInbox, type InboxDoc } from '../../store/billing-inbox.ts'
import { databaseAway, reopenIfClosed } from '../../store/database.ts'
import { createOutage } from '../../streams/outage.ts'
import { type ApplyTools, applyEvent } from './apply-event.ts'
import { createApplyMetrics } from './apply-metrics.ts'
import { claimEvent, putBackEvent, settleEvent } from './inbox-claims.ts'

export interface ApplyBillingEventsOptions extends ApplyTools {
  registry: Registry
  /** Something was applied: what it tells others is ready to be published. */
  onApplied: () => void
  /** The two below, shorter in tests. */
  leaseMs?: number
  pollMs?: number
}

export interface ApplyBillingEvents {
  start(): void
  /** Takes nothing more and waits for what is being applied. */
  stop(): Promise<void>
  /** Null: works. Else why not, in plain words. */
  readiness(): string | null
}

const LEASE_MS = 30_000
const POLL_MS = 250
const AT_ONCE = 4
/** Before the next try of what failed; after the last it is DEAD. */
const RETRY_MS = [1_000, 5_000, 30_000, 300_000, 1_800_000, 7_200_000] as const

/**
 * Applies what providers sent, oldest first, each event once whatever dies: a lease says who, the transaction
 * whether. Any number of processes may run it.
 */
export function createApplyBillingEvents(options: ApplyBillingEventsOptions): ApplyBillingEvents {
  const { db, clock, log, leaseMs = LEASE_MS, pollMs = POLL_MS } = options
  const metrics = createApplyMetrics(options.registry)
  const outage = createOutage(log, 'events of payment providers cannot be applied; tried again')
  const owner = randomUUID()
  let stopping = false
  let running: Promise<unknown> | null = null
  let failing = false
  let wake = () => {}

  async function applyNext(): Promise<boolean> {
    const inbox = await claimEvent(db, { owner, leaseMs, now: new Date(clock()) })
    if (!inbox) return false
    const { _id, provider, type } = inbox
    try {
      const { status, because } = await applyEvent(options, inbox)
      metrics.events.inc({ provider, outcome: status.toLowerCase() })
      log.info({ event: _id, type, status, because }, 'an event of a payment provider was settled')
      options.onApplied()
    } catch (error) {
      await putOff(inbox, error)
    }
    return true
  }

  /** MongoDB away says nothing about the event; anything else counts as a try. */
  async function putOff(inbox: InboxDoc, error: unknown): Promise<void> {
    const { _id, provider, type, attempts } = inbox
    const now = clock()
    if (databaseAway(error)) throw error
    const unreadable = error instanceof UnreadableEvent
    const delay = unreadable ? undefined : RETRY_MS[attempts]
    log.error({ err: error, event: _id, type }, 'an event of a payment provider cannot be applied')
    if (delay !== undefined) {
      metrics.events.inc({ provider, outcome: 'failed' })
      await putBackEvent(db, { _id, owner, dueAt: new Date(now + delay) }, true)
      return
    }
    metrics.events.inc({ provider, outcome: 'dead' })
    const because = unreadable
      ? `it is not what its type promises: ${error.message}`
      : `it could not be applied ${attempts + 1} times; the log says why`
    await settleEvent(db, _id, { status: 'DEAD', because }, new Date(now))
  }

  async function lookAtBacklog(): Promise<void> {
    const [oldest] = await billingInbox(db)
      .find({ status: 'PENDING' })
      .sort({ receivedAt: 1 })
      .limit(1)
      .toArray()
    metrics.oldestPending.set(oldest ? (clock() - oldest.receivedAt.getTime()) / 1_000 : 0)
    metrics.dead.set(await billingInbox(db).countDocuments({ status: 'DEAD' }))
  }

  async function run(): Promise<void> {
    while (!stopping) {
      let more = false
      try {
        more = await applyNext()
        failing = false
        outage.over()
      } catch (error) {
        failing = true
        outage.begun(error)
        await reopenIfClosed(db, error)
      }
      if (!more && !stopping) await pause()
    }
  }

  function pause(): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, pollMs)
      const before = wake
      wake = () => {
        clearTimeout(timer)
        done()
        before()
      }
    })
  }

  const BACKLOG_EVERY_MS = 5_000
  let backlogTimer: NodeJS.Timeout | undefined
  return {
    start() {
      running ??= Promise.all(Array.from({ length: AT_ONCE }, run))
      backlogTimer ??= setInterval(() => lookAtBacklog().catch(() => {}), BACKLOG_EVERY_MS)
    },
    async stop() {
      stopping = true
      clearInterval(backlogTimer)
      wake()
      await running
    },
    readiness: () => (failing ? 'the last look for events failed' : null),
  }
}
