import { Counter, Gauge, type Registry } from 'prom-client'

export interface AggregationMetrics {
  runs: Counter<'outcome'>
  differences: Counter<'grain'>
  dayRequests: Gauge<'kind'>
  lastSuccess: Gauge
  seconds: Gauge
}

export function createAggregationMetrics(registry: Registry): AggregationMetrics {
  const registers = [registry]
  const metrics = {
    runs: new Counter({
      name: 'getcomplical_aggregation_runs_total',
      help: 'Days closed, by outcome. failure: it broke off and is tried again; sustained, MongoDB is away or refuses. difference: closed, but sums do not agree.',
      labelNames: ['outcome'],
      registers,
    }),
    differences: new Counter({
      name: 'getcomplical_aggregation_differences_total',
      help: 'Figures of a day (month) that differ from the sum of its hours (days). All three move in one transaction: anything above 0 is a fault to look into; the log has both numbers. Never repaired by itself.',
      labelNames: ['grain'],
      registers,
    }),
    dayRequests: new Gauge({
      name: 'getcomplical_aggregation_day_requests',
      help: 'Requests of the day that was closed last, over all keys. A sudden fall to 0 means that calls are not rolled up.',
      labelNames: ['kind'],
      registers,
    }),
    lastSuccess: new Gauge({
      name: 'getcomplical_aggregation_last_success_timestamp_seconds',
      help: 'When this process last closed a day. Over all processes more than 26 hours old: days are not being closed.',
      registers,
    }),
    seconds: new Gauge({
      name: 'getcomplical_aggregation_duration_seconds',
      help: 'How long the last close of a day took. Growth follows the number of keys; above an hour, look at the indexes.',
      registers,
    }),
  }
  // There before they first count: whoever watches sees an increase, and none where a series begins.
  for (const outcome of ['success', 'failure', 'difference']) metrics.runs.inc({ outcome }, 0)
  for (const grain of ['day', 'month']) metrics.differences.inc({ grain }, 0)
  return metrics
}
