import type { Db } from 'mongodb'
import type { Registry } from 'prom-client'
import { ApiError, type ErrorCode } from '../errors.ts'
import type { Logger } from '../log.ts'
import { partitionCount, partitionOf, tagOf } from '../rules/partition.ts'
import type { LiveTotals } from './live-messages.ts'
import { createQuotaLane, type Decision, type QuotaLane } from './quota-lane.ts'
import { createQuotaMetrics } from './quota-metrics.ts'
import { createQuotaTruth } from './quota-truth.ts'
import type { RedisClient } from './redis.ts'

export interface ReserveRequest {
  apiKeyId: string
  /** At least 1. */
  units: number
  /** Of the plan, as it is shown; null: unlimited */
  monthlyLimit: number | null
  /** Units from which on calls are refused: above the limit where what is above it is billed; null: never. */
  hardLimit: number | null
  requestsPerSecond: number
}

/** Units of one operation, set aside in the key's month before it is executed. */
export interface Reservation {
  /** Units used in the month, this reservation included, as the counter stood right after it. */
  used: number
  /** null: unlimited */
  limit: number | null
  /** When the month that it was taken from ends, ms. */
  resetsAt: number
  /** For what was not billed after all; at most once each unit. Never throws, never waits. */
  giveBack(units: number): void
}

/** QUOTA_EXCEEDED or RATE_LIMITED, with what the answer has to say about the quota. */
export class QuotaRefusal extends ApiError {
  readonly used: number
  readonly limit: number | null
  readonly resetsAt: number

  constructor(
    code: ErrorCode & ('QUOTA_EXCEEDED' | 'RATE_LIMITED'),
    message: string,
    about: { retryAfter: number; used: number; limit: number | null; resetsAt: number },
  ) {
    super(code, message, { retryAfter: about.retryAfter })
    this.used = about.used
    this.limit = about.limit
    this.resetsAt = about.resetsAt
  }
}

/**
 * Admission by monthly quota and rate, exact over any number of API processes while Redis is there;
 * without it each process goes on from the last count it knew.
 */
export interface QuotaCounters {
  /**
   * All or none. Never later than the budget, plus one question to MongoDB for the first call of a key.
   * @throws QuotaRefusal
   */
  reserve(request: ReserveRequest): Promise<Reservation>
  /**
   * For the roll-up, after each commit: the counters never fall below what is rolled up. Returns at
   * once; the newest total of each key is written within a second, and again until it is.
   */
  raise(totals: readonly LiveTotals[]): void
  stop(): void
}

export interface QuotaCountersOptions {
  redis: RedisClient
  db: Db
  clock: () => number
  log: Logger
  registry: Registry
  /** Longest wait for Redis before a call is decided without it, ms (100). */
  budgetMs?: number
}

export function createQuotaCounters(options: QuotaCountersOptions): QuotaCounters {
  const { redis, db, clock, log, registry, budgetMs = 100 } = options
  const metrics = createQuotaMetrics(registry)
  const truth = createQuotaTruth({ db, clock, log })
  // On one Redis all keys may share a script call; in a cluster only those of one partition.
  const clustered = redis.isCluster
  const lanes = Array.from({ length: clustered ? partitionCount : 1 }, (_, partition) => {
    const probeKey = `quota-probe:{${tagOf(partition)}}`
    return createQuotaLane({ redis, probeKey, clock, log, budgetMs, truth, metrics })
  })

  function laneOf(apiKeyId: string): QuotaLane {
    const lane = lanes[clustered ? partitionOf(apiKeyId) : 0]
    if (!lane) throw new RangeError('no such partition')
    return lane
  }

  return {
    async reserve(request) {
      const { apiKeyId, units, monthlyLimit: limit, hardLimit, requestsPerSecond } = request
      const lane = laneOf(apiKeyId)
      const decision = await lane.reserve({ apiKeyId, units, hardLimit, requestsPerSecond })
      const { used } = decision
      const { resetsAt } = decision.period
      if (decision.outcome !== 'granted') throw refusal(decision, request, clock())
      const giveBack = (returned: number) => lane.giveBack(apiKeyId, decision, returned)
      return { used, limit, resetsAt, giveBack }
    },
    raise(totals) {
      for (const { apiKeyId, month, monthTotal } of totals) {
        laneOf(apiKeyId).raiseLater(apiKeyId, month, monthTotal)
      }
    },
    stop() {
      truth.stop()
      for (const lane of lanes) lane.stop()
    },
  }
}

function refusal(decision: Decision, request: ReserveRequest, now: number): QuotaRefusal {
  const { used, period } = decision
  const { monthlyLimit: limit, requestsPerSecond } = request
  const { resetsAt } = period
  if (decision.outcome === 'overRate') {
    const retryAfter = Math.max(1, Math.ceil(1 / requestsPerSecond))
    const message = `This key may make ${requestsPerSecond} metered requests a second.`
    return new QuotaRefusal('RATE_LIMITED', message, { retryAfter, used, limit, resetsAt })
  }
  const retryAfter = Math.max(1, Math.ceil((resetsAt - now) / 1_000))
  const anew = `The quota starts anew at ${new Date(resetsAt).toISOString()}.`
  const message = `This request does not fit into ${room(request)} of this month, of which ${used} are used. ${anew}`
  return new QuotaRefusal('QUOTA_EXCEEDED', message, { retryAfter, used, limit, resetsAt })
}

/** Where the cap stands in the way it is named, because the owner can raise it. */
function room({ monthlyLimit, hardLimit }: ReserveRequest): string {
  if (hardLimit === null || monthlyLimit === null || hardLimit === monthlyLimit) {
    return `the ${monthlyLimit} units`
  }
  const cap = hardLimit - monthlyLimit
  return `the ${monthlyLimit} units of the plan and the overage cap of ${cap} units (setOverageCap)`
}
