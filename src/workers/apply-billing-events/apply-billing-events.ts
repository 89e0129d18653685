import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import { billingInbox, forgetRawBodies, RAW_KEPT_MS } from '../../store/billing-inbox.ts'
import { reopenIfClosed } from '../../store/database.ts'
import { createOutage } from '../../streams/outage.ts'
import { createApplyMetrics } from './apply-metrics.ts'
import { createApplySlot } from './apply-slot.ts'
import type { ApplyTools } from './applying.ts'

export interface ApplyBillingEventsOptions extends ApplyTools {
  registry: Registry
  /** Something was applied: what it tells others is ready to be published. */
  onApplied: () => void
  /** The rest is shorter in tests. */
  leaseMs?: number
  pollMs?: number
  /** How often the backlog is measured and old bodies are deleted. */
  lookEveryMs?: number
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
const LOOK_EVERY_MS = 5_000
const AT_ONCE = 4
/** Bodies that are deleted at each look: 17 million a day. */
const BODIES_AT_ONCE = 1_000

/**
 * Applies what providers sent, oldest first, each event once whatever dies: a lease says who, the transaction
 * whether. Any number of processes may run it.
 */
export function createApplyBillingEvents(options: ApplyBillingEventsOptions): ApplyBillingEvents {
  const { db, clock, log, leaseMs = LEASE_MS, pollMs = POLL_MS } = options
  const { lookEveryMs = LOOK_EVERY_MS, registry, onApplied, ...tools } = options
  const metrics = createApplyMetrics(registry)
  const outage = createOutage(log, 'events of payment providers cannot be applied; tried again')
  const shared = { ...tools, metrics, owner: randomUUID(), leaseMs, random: Math.random }
  const stopping = new AbortController()
  let running: Promise<unknown> | null = null
  let failing = false

  async function runSlot(): Promise<void> {
    const slot = createApplySlot({ ...shared, onSettled: onApplied })
    while (!stopping.signal.aborted) {
      let more = false
      try {
        more = await slot.applyNext()
        failing = false
        outage.over()
      } catch (error) {
        failing = true
        outage.begun(error)
        await reopenIfClosed(db, error)
      }
      if (!more) await pause(pollMs)
    }
    await slot.end()
  }

  async function runLooks(): Promise<void> {
    while (!stopping.signal.aborted) {
      // MongoDB away is told by the slots.
      await look().catch(() => {})
      await pause(lookEveryMs)
    }
  }

  async function look(): Promise<void> {
    const [oldest] = await billingInbox(db)
      .find({ status: 'PENDING' }, { projection: { receivedAt: 1 } })
      .sort({ receivedAt: 1 })
      .limit(1)
      .toArray()
    metrics.oldestPending.set(oldest ? (clock() - oldest.receivedAt.getTime()) / 1_000 : 0)
    metrics.dead.set(await billingInbox(db).countDocuments({ status: 'DEAD' }))
    const before = new Date(clock() - RAW_KEPT_MS)
    metrics.forgotten.inc(await forgetRawBodies(db, before, BODIES_AT_ONCE))
  }

  /** Ends at once when all of it stops. */
  const pause = (ms: number) =>
    setTimeout(ms, undefined, { signal: stopping.signal }).catch(() => {})

  return {
    start() {
      running ??= Promise.all([...Array.from({ length: AT_ONCE }, runSlot), runLooks()])
    },
    async stop() {
      stopping.abort()
      await running
    },
    readiness: () => (failing ? 'the last look for events failed' : null),
  }
}
