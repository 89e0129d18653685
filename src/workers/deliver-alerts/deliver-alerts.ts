import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import { retryDelay } from '../../rules/retry-schedule.ts'
import { type ChannelDoc, channels } from '../../store/channels.ts'
import { reopenIfClosed } from '../../store/database.ts'
import { type DeliveryAttempt, type DeliveryDoc, deliveries } from '../../store/deliveries.ts'
import { createOutage } from '../../streams/outage.ts'
import { createPauses } from '../pauses.ts'
import { createDeliveryMetrics } from './delivery-metrics.ts'
import {
  claimDelivery,
  type DueDelivery,
  dueByChannel,
  type Settled,
  settleDelivery,
} from './due-deliveries.ts'
import { type Outcome, type SendingTools, sendDelivery } from './send-delivery.ts'
import { createSlots, type MOST, type Sending } from './slots.ts'

export interface DeliverAlertsOptions extends SendingTools {
  registry: Registry
  /** `Math.random` */
  random: () => number
  /** How much is sent at a time. */
  most?: typeof MOST
  /** The three below, shorter in tests. */
  leaseMs?: number
  pollMs?: number
  stopWithinMs?: number
}

export interface DeliverAlerts {
  start(): void
  /** Takes nothing more and waits for what is being sent; what takes too long is sent again by another. */
  stop(): Promise<void>
  /** Null: works. Else why not, in plain words. */
  readiness(): string | null
}

/** Twice the longest try, a mail. */
const LEASE_MS = 60_000
const POLL_MS = 250
/** Above the longest try over HTTP: cut off, it would come twice. */
const STOP_WITHIN_MS = 12_000
const COUNT_DEAD_EVERY_MS = 15_000
const SETTLE_AGAIN_MS = 500

/**
 * Sends what is due in the outbox, each delivery at least once. Any number of processes may run it: a lease
 * says who sends; a process that died leaves its leases to run out.
 */
export function createDeliverAlerts(options: DeliverAlertsOptions): DeliverAlerts {
  const { db, clock, log, registry } = options
  const { leaseMs = LEASE_MS, pollMs = POLL_MS, stopWithinMs = STOP_WITHIN_MS } = options
  const metrics = createDeliveryMetrics(registry)
  const slots = createSlots(options.most)
  const owner = randomUUID()
  const looks = createOutage(log, 'looking for due deliveries fails; tried again')
  const underWay = new Set<Promise<void>>()
  let stopping = false
  let lastError: string | null = null
  let running: Promise<void> | null = null
  let countedDeadAt = Number.NEGATIVE_INFINITY
  let woken = false
  const pauses = createPauses()

  /** Claims and begins what there is room for. */
  async function round(): Promise<void> {
    const now = new Date(clock())
    const due = await dueByChannel(db, now)
    const [oldest] = due
    metrics.oldestDue.set(oldest ? (now.getTime() - oldest.dueAt.getTime()) / 1_000 : 0)
    await countDead()
    if (due.length === 0) return
    const found = await channels(db)
      .find({ _id: { $in: due.map(({ channelId }) => channelId) } })
      .toArray()
    const channelById = new Map(found.map((channel) => [channel._id, channel]))
    for (const one of due) {
      if (stopping) return
      await beginIfRoom(one, channelById.get(one.channelId) ?? null)
    }
  }

  async function beginIfRoom(due: DueDelivery, channel: ChannelDoc | null): Promise<void> {
    const { channelId, accountId, deliveryId } = due
    const sending = { channelId, accountId, kind: channel?.kind ?? 'WEBHOOK' }
    if (!slots.fits(sending)) return
    const claim = { owner, leaseMs, now: new Date(clock()) }
    const delivery = await claimDelivery(db, deliveryId, claim)
    if (!delivery) return
    slots.begin(sending)
    metrics.inFlight.set(slots.size())
    const work = deliver(delivery, channel, sending).finally(() => {
      underWay.delete(work)
      metrics.inFlight.set(slots.size())
      wake()
    })
    underWay.add(work)
  }

  /** Never rejects. */
  async function deliver(
    delivery: DeliveryDoc,
    channel: ChannelDoc | null,
    sending: Sending,
  ): Promise<void> {
    const at = new Date(clock())
    const began = performance.now()
    const took = () => Math.round(performance.now() - began)
    let worked = false
    try {
      const outcome = await sendDelivery(options, delivery, channel)
      worked = outcome.kind === 'delivered'
      const error = outcome.kind === 'delivered' ? null : outcome.error
      const attempt = { at, tookMs: took(), code: outcome.code, error }
      await settle(delivery, channel, outcome, attempt)
    } catch (error) {
      // The lease runs out, and it is sent by whoever comes first then.
      log.error({ err: error, deliveryId: delivery._id }, 'a delivery could not be settled')
    } finally {
      slots.end(sending, { worked, tookMs: took() })
    }
  }

  async function settle(
    delivery: DeliveryDoc,
    channel: ChannelDoc | null,
    outcome: Outcome,
    attempt: DeliveryAttempt,
  ): Promise<void> {
    const settled = settledBy(delivery, outcome)
    // First, so that a process that dies in between leaves a channel that is told again, and not one forgotten.
    if (outcome.kind === 'dead' && outcome.gone && channel) await disable(channel)
    const ours = await persist(() =>
      settleDelivery(db, { deliveryId: delivery._id, owner }, attempt, settled),
    )
    const { _id: deliveryId, channelId, createdAt } = delivery
    const kind = channel?.kind ?? 'removed'
    const dead = settled.status === 'DEAD'
    metrics.tries.inc({ kind, outcome: dead ? 'dead' : outcome.kind })
    if (!ours) log.warn({ deliveryId }, 'a delivery took longer than its lease; it may come twice')
    if (settled.status === 'DELIVERED') {
      metrics.seconds.observe({ kind }, (clock() - createdAt.getTime()) / 1_000)
    }
    if (dead) log.warn({ deliveryId, channelId, code: outcome.code }, 'a delivery was given up')
  }

  function settledBy({ attempts, attemptsBefore = 0 }: DeliveryDoc, outcome: Outcome): Settled {
    const now = clock()
    if (outcome.kind === 'delivered') return { status: 'DELIVERED', deliveredAt: new Date(now) }
    if (outcome.kind === 'dead') return { status: 'DEAD' }
    const tries = attempts.length - attemptsBefore + 1
    const delay = retryDelay(tries, outcome.retryAfterMs, options.random())
    return delay === null ? { status: 'DEAD' } : { status: 'PENDING', dueAt: new Date(now + delay) }
  }

  /** Only where it still leads to the same address. */
  async function disable({ _id, target }: ChannelDoc): Promise<void> {
    const day = new Date(clock()).toISOString().slice(0, 10)
    const disabledBecause = `The receiver answered 410 Gone on ${day}: it wants nothing more.`
    await persist(() =>
      channels(db).updateOne(
        { _id, 'target.iv': target.iv, 'target.data': target.data, enabled: true },
        { $set: { enabled: false, disabledBecause } },
      ),
    )
  }

  /** What was sent is worth some patience: forgotten, it would be sent twice. */
  async function persist<T>(write: () => Promise<T>): Promise<T> {
    const until = performance.now() + leaseMs / 3
    for (;;) {
      try {
        return await write()
      } catch (error) {
        if (performance.now() > until) throw error
        await reopenIfClosed(db, error)
      }
      await setTimeout(SETTLE_AGAIN_MS)
    }
  }

  async function countDead(): Promise<void> {
    if (performance.now() < countedDeadAt + COUNT_DEAD_EVERY_MS) return
    metrics.deadLetters.set(await deliveries(db).countDocuments({ status: 'DEAD' }))
    countedDeadAt = performance.now()
  }

  async function run(): Promise<void> {
    while (!stopping) {
      // What ends during the round is looked at after it.
      woken = false
      try {
        await round()
        lastError = null
        looks.over()
      } catch (error) {
        looks.begun(error)
        lastError = 'the last look for deliveries failed'
        await reopenIfClosed(db, error)
        woken = false
      }
      if (!woken) await pauses.wait(pollMs)
    }
  }

  function wake(): void {
    woken = true
    pauses.endAll()
  }

  return {
    start() {
      running ??= run()
    },
    async stop() {
      stopping = true
      wake()
      await running
      await Promise.race([Promise.all(underWay), setTimeout(stopWithinMs, null, { ref: false })])
    },
    readiness: () => lastError,
  }
}
