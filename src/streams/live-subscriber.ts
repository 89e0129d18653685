import type { LiveTotals } from './live-messages.ts'
import { isNewer, type LiveState, looksDifferent } from './live-state.ts'

/** At most ten states a second to one subscriber about one key; the latest wins. */
export const GAP_MS = 100
/**
 * How far a late state may move the next one forward. Without it each delay of a tick would add up, and
 * ten states a second would not pass. What it does not cover stays: at ten a second every later state
 * waits as long. Below the gap, n seconds still hold at most 10 n + 1.
 */
const SLACK_MS = 90

export interface LiveSubscriber extends AsyncIterableIterator<LiveState> {
  /** Sends this state whatever it says: the one that a subscription begins with. */
  begin(state: LiveState): void
  /** Takes a state if it tells more than what was sent or waits. */
  offer(state: LiveState): void
  /** Hands over what had to wait for its gap; the reader calls it on every tick. */
  flush(): void
  return(): Promise<IteratorResult<LiveState, undefined>>
}

export interface LiveSubscriberOptions {
  /** ms, monotone */
  clock: () => number
  /** Called once, when the consumer leaves or the reader stops. */
  onEnd: () => void
  onDelivered: () => void
  /** A state that nobody saw because a newer one came first. */
  onSuperseded: () => void
}

interface Sent {
  totals: LiveTotals
  /** From when on the next may follow, on the subscriber's clock. */
  nextAt: number
}

/**
 * One subscription as an async iterator. However slow its consumer, it holds one state per key. Written
 * out rather than as a generator, because a generator parked on a promise is never finalised when the
 * client leaves, and would stay subscribed for ever.
 */
export function createLiveSubscriber(options: LiveSubscriberOptions): LiveSubscriber {
  const { clock } = options
  /** Insertion order is the order of delivery: a busy key cannot starve the others. */
  const pending = new Map<string, LiveState>()
  const sent = new Map<string, Sent>()
  const waiting: ((result: IteratorResult<LiveState, undefined>) => void)[] = []
  let ended = false

  function takeReady(): LiveState | undefined {
    const now = clock()
    for (const [apiKeyId, state] of pending) {
      const due = sent.get(apiKeyId)?.nextAt ?? now
      if (due > now) continue
      pending.delete(apiKeyId)
      const nextAt = Math.max(due, now - SLACK_MS) + GAP_MS
      sent.set(apiKeyId, { totals: state.totals, nextAt })
      options.onDelivered()
      return state
    }
    return undefined
  }

  function flush(): void {
    while (waiting.length > 0) {
      const state = takeReady()
      if (!state) return
      waiting.shift()?.({ done: false, value: state })
    }
  }

  function put(state: LiveState): void {
    if (ended) return
    const { apiKeyId } = state.totals
    if (pending.has(apiKeyId)) options.onSuperseded()
    pending.set(apiKeyId, state)
    flush()
  }

  async function end(): Promise<IteratorResult<LiveState, undefined>> {
    if (!ended) {
      ended = true
      pending.clear()
      for (const resolve of waiting.splice(0)) resolve({ done: true, value: undefined })
      options.onEnd()
    }
    return { done: true, value: undefined }
  }

  return {
    begin(state) {
      const waits = pending.get(state.totals.apiKeyId)
      put(waits && isNewer(waits.totals, state.totals) ? waits : state)
    },
    offer(state) {
      const { apiKeyId } = state.totals
      const last = sent.get(apiKeyId)
      const known = pending.get(apiKeyId)?.totals ?? last?.totals
      if (!isNewer(state.totals, known)) return
      if (last && !pending.has(apiKeyId) && !looksDifferent(state.totals, last.totals)) {
        last.totals = state.totals
      } else {
        put(state)
      }
    },
    flush,
    next() {
      if (ended) return end()
      const state = takeReady()
      if (state) return Promise.resolve({ done: false, value: state })
      return new Promise((resolve) => waiting.push(resolve))
    },
    return: end,
    async throw(error) {
      await end()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
