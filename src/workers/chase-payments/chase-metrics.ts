import type { Db } from 'mongodb'
import { Counter, Gauge, type Registry } from 'prom-client'
import { billingSubscriptions } from '../../store/billing-subscriptions.ts'

export interface ChaseMetrics {
  settled: Counter<'outcome'>
  /** Reads what the gauges show. */
  look(db: Db, now: number): Promise<void>
}

export function createChaseMetrics(registry: Registry): ChaseMetrics {
  const registers = [registry]
  const settled = new Counter({
    name: 'getcomplical_chase_settled_total',
    help: 'Subscriptions looked at because a date of theirs was reached. failed, sustained: some cannot be settled, the log says which and why; each is tried again.',
    labelNames: ['outcome'] as const,
    registers,
  })
  for (const outcome of ['settled', 'failed'] as const) settled.inc({ outcome }, 0)
  const oldestDue = new Gauge({
    name: 'getcomplical_chase_oldest_due_seconds',
    help: 'How long the oldest date of a subscription has been reached and not looked at. Sustained above a minute: what ended is still served, and mails about payments come late.',
    registers,
  })
  const pastDue = new Gauge({
    name: 'getcomplical_past_due_subscriptions',
    help: 'Subscriptions whose payment keeps failing, by whether the calls of their keys are served still. A jump of refused: many customers were locked out at once; look whether the provider, or the way from it, fails.',
    labelNames: ['calls'] as const,
    registers,
  })
  for (const calls of ['served', 'refused'] as const) pastDue.set({ calls }, 0)
  return {
    settled,
    async look(db, now) {
      const failing = { 'state.status': 'PAST_DUE' as const }
      const [oldest, all, refused] = await Promise.all([
        billingSubscriptions(db).findOne(
          { nextCheckAt: { $lte: new Date(now) } },
          { sort: { nextCheckAt: 1 }, projection: { nextCheckAt: 1 } },
        ),
        billingSubscriptions(db).countDocuments(failing),
        billingSubscriptions(db).countDocuments({ ...failing, 'dunning.blocked': true }),
      ])
      oldestDue.set(oldest?.nextCheckAt ? (now - oldest.nextCheckAt.getTime()) / 1_000 : 0)
      pastDue.set({ calls: 'served' }, all - refused)
      pastDue.set({ calls: 'refused' }, refused)
    },
  }
}
