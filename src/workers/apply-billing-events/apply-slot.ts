import type { Binary, ClientSession } from 'mongodb'
import { UnreadableEvent } from '../../rules/billing/provider-event.ts'
import type { InboxDoc } from '../../store/billing-inbox.ts'
import { databaseAway } from '../../store/database.ts'
import { applyEvent } from './apply-event.ts'
import type { ApplyMetrics } from './apply-metrics.ts'
import type { ApplyTools } from './applying.ts'
import { StillBusy } from './bounded-transaction.ts'
import { claimEvent, putBackEvent, settleEvent } from './inbox-claims.ts'

export interface ApplySlotOptions extends ApplyTools {
  metrics: ApplyMetrics
  /** Of the leases; the slots of a process may share it. */
  owner: string
  leaseMs: number
  /** 0–1 */
  random: () => number
  /** Something was settled. */
  onSettled: () => void
}

/** Applies one event after the other. */
export interface ApplySlot {
  /**
   * @returns false: none is due
   * @throws what MongoDB throws where it is away; the event is taken up again by the next call
   */
  applyNext(): Promise<boolean>
  end(): Promise<void>
}

/** Before the next try of what failed; after the last it is DEAD. */
export const RETRY_MS = [1_000, 5_000, 30_000, 300_000, 1_800_000, 7_200_000] as const
/** Before the next try of what others were in the way of: up to twice as long, so that they do not meet again. */
const BUSY_MS = 500

export function createApplySlot(options: ApplySlotOptions): ApplySlot {
  const { db, clock, log, metrics, owner, leaseMs, random } = options
  let session: ClientSession | null = null
  /** Left by a try that MongoDB's absence broke off: its lease would keep it from everybody. */
  let left: string | null = null

  async function applyNext(): Promise<boolean> {
    if (left !== null) {
      await putBackEvent(db, { _id: left, owner, dueAt: new Date(clock()) }, false)
      left = null
    }
    session ??= db.client.startSession()
    const lsid = session.id?.id as Binary
    const event = await claimEvent(db, { owner, lsid, leaseMs, now: new Date(clock()) })
    if (!event) return false
    try {
      await endTransactionOf(event, lsid)
      await apply(event, session)
    } catch (error) {
      if (!databaseAway(error)) {
        await putOff(event, error)
        return true
      }
      // It says nothing about the event.
      left = event._id
      await end()
      throw error
    }
    return true
  }

  async function apply(event: InboxDoc, inSession: ClientSession): Promise<void> {
    const { _id, provider, type } = event
    const settled = await applyEvent(options, event, inSession)
    if (!settled) return
    const { status, because } = settled
    metrics.events.inc({ provider, outcome: status.toLowerCase() })
    log.info({ event: _id, type, status, because }, 'an event of a payment provider was settled')
    options.onSettled()
  }

  /** Who died while he applied it holds its subscription and key for a minute: ending his session frees them. */
  async function endTransactionOf({ _id, lease }: InboxDoc, lsid: Binary): Promise<void> {
    if (!lease || lease.lsid.toString('hex') === lsid.toString('hex')) return
    metrics.takenOver.inc()
    await db
      .admin()
      .command({ killSessions: [{ id: lease.lsid }] })
      .catch((error: unknown) => {
        log.warn({ err: error, event: _id }, 'the session of a dead worker could not be ended')
      })
  }

  async function putOff(event: InboxDoc, error: unknown): Promise<void> {
    const { _id, provider, type, attempts } = event
    const later = (ms: number) => ({ _id, owner, dueAt: new Date(clock() + ms) })
    if (error instanceof StillBusy) {
      await putBackEvent(db, later(BUSY_MS * (1 + random())), false)
      return
    }
    log.error({ err: error, event: _id, type }, 'an event of a payment provider cannot be applied')
    const unreadable = error instanceof UnreadableEvent
    const delay = unreadable ? undefined : RETRY_MS[attempts]
    if (delay !== undefined) {
      metrics.events.inc({ provider, outcome: 'failed' })
      await putBackEvent(db, later(delay), true)
      return
    }
    const because = unreadable
      ? `it is not what its type promises: ${error.message}`
      : `it could not be applied ${attempts + 1} times; the log says why`
    const isOurs = await settleEvent(db, _id, { status: 'DEAD', because }, new Date(clock()))
    if (isOurs) metrics.events.inc({ provider, outcome: 'dead' })
  }

  async function end(): Promise<void> {
    const ended = session
    session = null
    await ended?.endSession().catch(() => {})
  }

  return { applyNext, end }
}
