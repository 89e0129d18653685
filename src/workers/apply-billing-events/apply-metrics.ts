import { Counter, Gauge, type Registry } from 'prom-client'
import { BILLING_PROVIDERS } from '../../rules/billing/fact.ts'

const outcomes = ['applied', 'ignored', 'failed', 'dead'] as const

export type ApplyMetrics = ReturnType<typeof createApplyMetrics>

export function createApplyMetrics(registry: Registry) {
  const registers = [registry]
  const events = new Counter({
    name: 'getcomplical_billing_events_total',
    help: 'Tries to apply events of payment providers, by how they ended. failed, sustained: each is tried again, and the log says why. dead: an operator must look (billingEvents) and replay.',
    labelNames: ['provider', 'outcome'] as const,
    registers,
  })
  for (const provider of BILLING_PROVIDERS) {
    for (const outcome of outcomes) events.inc({ provider, outcome }, 0)
  }
  return {
    events,
    takenOver: new Counter({
      name: 'getcomplical_billing_events_taken_over_total',
      help: 'Events whose lease ran out in another process: it died, or stood still. Nothing is lost.',
      registers,
    }),
    oldestPending: new Gauge({
      name: 'getcomplical_billing_event_oldest_seconds',
      help: 'Age of the oldest event that is stored and not settled. Sustained above a minute: nobody applies events, or one cannot be applied, and who has paid is not served.',
      registers,
    }),
    dead: new Gauge({
      name: 'getcomplical_billing_events_dead',
      help: 'Events that were given up. Above 0: an operator must look (billingEvents) and replay.',
      registers,
    }),
    forgotten: new Counter({
      name: 'getcomplical_billing_bodies_forgotten_total',
      help: 'Bodies of events that were deleted 90 days after they were settled.',
      registers,
    }),
  }
}
