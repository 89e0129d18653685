import type { Logger } from '../log.ts'

/** Thrown by `call` where Redis did not answer in time or answered with an error. */
export class RedisAway extends Error {
  constructor(cause: unknown) {
    super('Redis is away', { cause })
    this.name = 'RedisAway'
  }
}

/**
 * Keeps a dead or frozen Redis from adding its timeouts to every call: the first command that fails
 * or takes longer than the budget opens the circuit, from then on calls are refused at once, and a
 * probe in the background closes it again.
 */
export interface RedisCircuit {
  isOpen(): boolean
  /** Throws RedisAway; never later than the budget. */
  call(command: () => Promise<unknown>): Promise<unknown>
  stop(): void
}

export interface RedisCircuitOptions {
  /** A write: a Redis that is full or a read-only replica is as good as away. */
  probe(): Promise<unknown>
  /** Longest wait of one call, ms. */
  budgetMs: number
  /** Between two probes, ms. */
  probeEveryMs: number
  log: Logger
  onOpen(): void
  /**
   * Called when a probe got through, with the circuit still open. It calls `close` itself, at the
   * moment from which calls may go to Redis again; if it rejects, probing goes on.
   */
  onProbed(close: () => void): Promise<void>
}

export function createRedisCircuit(options: RedisCircuitOptions): RedisCircuit {
  const { budgetMs, probeEveryMs, log } = options
  let open = false
  let stopped = false
  /** How often it was closed: a call from before that says nothing about Redis now. */
  let closed = 0
  let timer: NodeJS.Timeout | undefined

  function trip(error: unknown, begunAt: number): void {
    if (open || stopped || begunAt !== closed) return
    open = true
    log.warn({ err: error }, 'Redis is away: quotas are decided on the last known count')
    options.onOpen()
    timer = setTimeout(probe, probeEveryMs).unref()
  }

  function close(): void {
    open = false
    closed++
  }

  async function probe(): Promise<void> {
    try {
      await withinBudget(options.probe(), budgetMs)
      await options.onProbed(close)
      if (!open) log.info('Redis is back: quotas are decided by its counters again')
    } catch {
      // Still away: the next probe will tell.
    }
    // Tripped again meanwhile: then `trip` has set a timer of its own.
    if (!open || stopped) return
    clearTimeout(timer)
    timer = setTimeout(probe, probeEveryMs).unref()
  }

  return {
    isOpen: () => open,
    async call(command) {
      const begunAt = closed
      try {
        return await withinBudget(command(), budgetMs)
      } catch (error) {
        trip(error, begunAt)
        throw new RedisAway(error)
      }
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

const slices = 4
const mostSlices = 20

/**
 * Rejects after `ms` in which this process ran on time. A slice of the budget whose timer came late
 * does not count (up to five times the budget): then the machine is busy and Redis may be as starved
 * as we are, which is no reason to give up the common count. The last look is one more round of the
 * event loop, because the reply may lie in the socket unread.
 */
export function withinBudget<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout
    let [counted, passed] = [0, 0]
    const wait = () => {
      const due = performance.now() + ms / slices
      timer = setTimeout(() => {
        if (performance.now() - due < ms / slices / 2) counted++
        if (counted < slices && ++passed < mostSlices) wait()
        else setImmediate(() => reject(new Error(`no answer within ${ms} ms`)))
      }, ms / slices)
    }
    wait()
    promise.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
