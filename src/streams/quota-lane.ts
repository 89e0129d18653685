import type { Logger } from '../log.ts'
import { createPeriodClock, type QuotaPeriod } from '../rules/quota-period.ts'
import { createQuotaBatches, type Operation, type Reply } from './quota-batches.ts'
import { createRedisCircuit, RedisAway } from './quota-circuit.ts'
import {
  createQuotaMemory,
  type KnownCounter,
  type Outcome,
  reserveLocally,
} from './quota-memory.ts'
import type { QuotaMetrics } from './quota-metrics.ts'
import { missing, overQuota } from './quota-scripts.ts'
import type { QuotaTruth } from './quota-truth.ts'
import { createQuotaWrites, probeCounters } from './quota-writes.ts'
import type { RedisClient } from './redis.ts'

export type Wish = Omit<Operation, 'period'>

export interface Decision {
  outcome: Outcome
  /** Units used in the period; after the reservation where it was granted. */
  used: number
  period: QuotaPeriod
  /** Number of the outage in which Redis was not even asked; null: it was. */
  outage: number | null
}

/**
 * The counters that one script call may touch together: all keys on a single Redis, those of one
 * partition in a cluster.
 *
 * While Redis is away each operation is decided by what this process last knew. When Redis is back
 * the counters are raised to the counts known here: raising to a state may be repeated, and counts
 * no call twice whose reservation Redis carried out after we gave up on it. What other processes
 * granted meanwhile is missing until the roll-up raises the counters too, seconds later.
 */
export interface QuotaLane {
  reserve(wish: Wish): Promise<Decision>
  /** Of a granted reservation. */
  giveBack(apiKeyId: string, decision: Decision, units: number): void
  raiseLater(apiKeyId: string, month: number, units: number): void
  stop(): void
}

export interface QuotaLaneOptions {
  redis: RedisClient
  /** A key that is no API key's, in the same slot as the keys of this lane. */
  probeKey: string
  clock: () => number
  log: Logger
  /** Longest wait for Redis, ms. */
  budgetMs: number
  truth: QuotaTruth
  metrics: QuotaMetrics
}

interface SentOperation extends Operation {
  /** `KnownCounter.returned` when it was sent. */
  returned: number
}

const probeEveryMs = 100
const raiseEveryMs = 500
/** Counters a recovery tells Redis in one call. */
const tellAtOnce = 500
/** A counter that is missing again after it was created this often is not worth another round. */
const maxCreations = 3

export function createQuotaLane(options: QuotaLaneOptions): QuotaLane {
  const { redis, clock, log, truth, metrics } = options
  /** Counters that changed while Redis was away and that it was not told yet. */
  const untold = new Set<KnownCounter>()
  const memory = createQuotaMemory((entry) => untold.has(entry))
  const creations = new Map<string, Promise<void>>()
  const periodNow = createPeriodClock(clock)
  let outages = 0
  let raiseTimer: NodeJS.Timeout | undefined

  const circuit = createRedisCircuit({
    probe: () => probeCounters(redis, options.probeKey, clock()),
    budgetMs: options.budgetMs,
    probeEveryMs,
    log,
    onOpen() {
      outages++
      metrics.away.inc()
    },
    onProbed: tellRedis,
  })
  const writes = createQuotaWrites({
    redis,
    call: circuit.call,
    clock,
    onUncertain({ apiKeyId, month }) {
      const known = memory.get(apiKeyId, month)
      if (known) untold.add(known)
    },
  })
  const batches = createQuotaBatches<SentOperation>({
    redis,
    call: circuit.call,
    onAnswered: (seconds) => metrics.reserveSeconds.observe(seconds),
    beforeSend(operations) {
      writes.sendGiveBacks().catch(noted)
      for (const operation of operations) {
        operation.returned = memory.get(operation.apiKeyId, operation.period.month)?.returned ?? 0
      }
    },
  })

  async function reserve(operation: SentOperation, created = 0): Promise<Decision> {
    const outage = outages
    if (circuit.isOpen()) return { ...(await decideWithoutRedis(operation)), outage }
    let reply: Reply
    try {
      reply = await batches.reserve(operation)
      if (typeof reply !== 'number' && reply[0] === missing) {
        if (created === maxCreations) return decideWithoutRedis(operation)
        await createOnce(operation)
        return reserve(operation, created + 1)
      }
    } catch (error) {
      if (!(error instanceof RedisAway)) throw error
      // Redis may still carry it out, and what it grants must not be refused here: so no rate limit.
      return decideWithoutRedis({ ...operation, requestsPerSecond: Number.POSITIVE_INFINITY })
    }
    return learn(operation, reply)
  }

  function learn({ apiKeyId, period, returned }: SentOperation, reply: Reply): Decision {
    const [code, used] = typeof reply === 'number' ? [0, reply] : reply
    const known = memory.open(apiKeyId, period.month, used)
    known.used = used - (known.returned - returned)
    reportOverrun(known, used)
    const outcome = code === 0 ? 'granted' : code === overQuota ? 'overQuota' : 'overRate'
    return { outcome, used, period, outage: null }
  }

  async function decideWithoutRedis(operation: Operation): Promise<Decision> {
    const { apiKeyId, period } = operation
    const known =
      memory.get(apiKeyId, period.month) ??
      memory.open(apiKeyId, period.month, (await truth.monthTotal(apiKeyId, period.month)) ?? 0)
    const outcome = reserveLocally(known, operation, clock())
    if (outcome === 'granted') {
      metrics.withoutRedis.inc(operation.units)
      if (circuit.isOpen()) untold.add(known)
      else raiseLater(apiKeyId, period.month, known.used)
    }
    return { outcome, used: known.used, period, outage: null }
  }

  function createOnce(operation: Operation): Promise<void> {
    const id = `${operation.apiKeyId}:${operation.period.name}`
    const running = creations.get(id)
    if (running) return running
    const creation = create(operation).finally(() => creations.delete(id))
    creations.set(id, creation)
    return creation
  }

  /** From what is rolled up or what this process knows, whichever is more. */
  async function create({ apiKeyId, period }: Operation): Promise<void> {
    const { month } = period
    const total = await truth.monthTotal(apiKeyId, month)
    // What is given back already must not be taken off again after this.
    const givenBack = writes.sendGiveBacks()
    const units = Math.max(total ?? 0, memory.get(apiKeyId, month)?.used ?? 0)
    await Promise.all([givenBack, writes.raise([{ apiKeyId, month, units }])])
    metrics.created.inc()
    if (total === null) {
      truth.tellLater(apiKeyId, month, (rolledUp) => raiseLater(apiKeyId, month, rolledUp))
    }
  }

  /** Hands over what was decided without Redis; closes the circuit before the last of it is sent. */
  async function tellRedis(close: () => void): Promise<void> {
    let closed = false
    while (!closed) {
      const told = [...untold].slice(0, tellAtOnce)
      for (const known of told) untold.delete(known)
      closed = untold.size === 0
      // Commands are carried out in the order sent: calls that follow find the raised counters.
      if (closed) {
        close()
        metrics.away.dec()
      }
      try {
        const counts = told.map(({ apiKeyId, month, used: units }) => ({ apiKeyId, month, units }))
        await Promise.all([writes.sendGiveBacks(), writes.raise(counts)])
      } catch (error) {
        for (const known of told) untold.add(known)
        throw error
      }
    }
    scheduleRaises()
  }

  /** Of keys that were served here while Redis was away: seen once the roll-up has counted it all. */
  function reportOverrun(known: KnownCounter, used: number): void {
    const { apiKeyId, hardLimit } = known
    if (hardLimit === null || used - hardLimit <= known.overrun) return
    metrics.overrunUnits.inc(used - hardLimit - known.overrun)
    known.overrun = used - hardLimit
    log.warn({ apiKeyId, used, hardLimit }, 'served above its hard limit while Redis was away')
  }

  function raiseLater(apiKeyId: string, month: number, units: number): void {
    writes.raiseLater({ apiKeyId, month, units })
    scheduleRaises()
  }

  /** Not after every commit: a counter that Redis did not lose needs no raise at all. */
  function scheduleRaises(): void {
    raiseTimer ??= setTimeout(() => {
      raiseTimer = undefined
      // While Redis is away they wait; `tellRedis` schedules them again.
      if (!circuit.isOpen()) writes.sendRaises().catch(noted)
    }, raiseEveryMs).unref()
  }

  return {
    reserve: (wish) => reserve({ ...wish, period: periodNow(), returned: 0 }),
    giveBack(apiKeyId, { period, outage }, units) {
      const known = memory.get(apiKeyId, period.month)
      if (known) {
        known.used = Math.max(0, known.used - units)
        known.returned += units
      }
      // Redis has not heard of that reservation, and will be told a count without it.
      if (circuit.isOpen() && outage === outages) return
      writes.giveBack({ apiKeyId, month: period.month, units })
      if (!circuit.isOpen()) setImmediate(() => writes.sendGiveBacks().catch(noted))
    },
    raiseLater,
    stop() {
      clearTimeout(raiseTimer)
      circuit.stop()
    },
  }
}

/** The circuit has opened and the writes are kept: nothing else is left to do. */
function noted(): void {}
