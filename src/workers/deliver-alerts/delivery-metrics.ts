import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { CHANNEL_KINDS } from '../../rules/channel-input.ts'

export interface DeliveryMetrics {
  tries: Counter<'kind' | 'outcome'>
  seconds: Histogram<'kind'>
  oldestDue: Gauge
  deadLetters: Gauge
  inFlight: Gauge
}

export function createDeliveryMetrics(registry: Registry): DeliveryMetrics {
  const registers = [registry]
  const metrics = {
    tries: new Counter({
      name: 'getcomplical_deliveries_total',
      help: 'Tries to deliver an alert, by kind of channel and outcome. failed: tried again; much of it for EMAIL alone: look at the mail server. dead: given up, or refused for good.',
      labelNames: ['kind', 'outcome'],
      registers,
    }),
    seconds: new Histogram({
      name: 'getcomplical_delivery_seconds',
      help: 'From the raising of an alert to its delivery, retries included. Most should be below 1; p99 above 10 without failures: start more workers.',
      labelNames: ['kind'],
      buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600, 3_600, 36_000, 86_400],
      registers,
    }),
    oldestDue: new Gauge({
      name: 'getcomplical_deliveries_oldest_due_seconds',
      help: 'For how long the oldest due delivery has waited for somebody to send it; 0: none waits. Sustained growth: no worker delivers, or more fail than the slots for failing channels hold.',
      registers,
    }),
    deadLetters: new Gauge({
      name: 'getcomplical_deliveries_dead',
      help: 'Deliveries that were given up in the last 90 days and wait to be replayed.',
      registers,
    }),
    inFlight: new Gauge({
      name: 'getcomplical_deliveries_in_flight',
      help: 'Deliveries that this process is sending now. Sustained at 256: start more workers.',
      registers,
    }),
  }
  // There before the first delivery: whoever watches sees an increase, and none where a series begins.
  for (const kind of CHANNEL_KINDS) {
    for (const outcome of ['delivered', 'failed', 'dead']) metrics.tries.inc({ kind, outcome }, 0)
  }
  return metrics
}
