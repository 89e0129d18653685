import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type QuotaMetrics = ReturnType<typeof createQuotaMetrics>

export function createQuotaMetrics(registry: Registry) {
  const registers = [registry]
  return {
    reserveSeconds: new Histogram({
      name: 'getcomplical_quota_reserve_seconds',
      help: 'Time of one script call to Redis that reserves the quota of a tick. A sustained rise shows in every metered call; at 0.1 calls are decided without Redis.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25],
      registers,
    }),
    away: new Gauge({
      name: 'getcomplical_quota_redis_away',
      help: 'Groups of keys whose quota this process decides without Redis (at most 16 in a cluster, else 1). Above 0 for longer than a fail-over: hard limits hold per process only.',
      registers,
    }),
    withoutRedis: new Counter({
      name: 'getcomplical_quota_units_without_redis_total',
      help: 'Units granted on this process’ last known count, because Redis was away. Growth: hard limits hold per process only.',
      registers,
    }),
    overrunUnits: new Counter({
      name: 'getcomplical_quota_overrun_units_total',
      help: 'Units found above a hard limit after Redis was away. Growth: outages let customers use more than their plan includes. Each process that served the key reports it.',
      registers,
    }),
    created: new Counter({
      name: 'getcomplical_quota_counters_created_total',
      help: 'Counters created from MongoDB. Normal for the first call of a key in a month; a burst within the month: Redis lost data.',
      registers,
    }),
  }
}
