import type { AlertDoc, AlertScope } from '../store/alerts.ts'

/** What is known of an account's alerts as long as somebody listens. */
export interface AlertFeed {
  /** Sequence up to which MongoDB was read. */
  known: number
  /** All alerts with floor < sequence <= known, in order. */
  floor: number
  recent: readonly AlertDoc[]
}

export interface AlertSubscriber extends AsyncIterableIterator<AlertDoc, undefined> {
  /** The feed has moved on. */
  wake(): void
  return(): Promise<IteratorResult<AlertDoc, undefined>>
}

export interface AlertSubscriberOptions {
  feed: AlertFeed
  scope: AlertScope
  /** Sequence of the last alert that needs not be told. */
  position: number
  /**
   * The next alerts of the scope with after < sequence <= upTo, some of them; empty only where there are
   * none. May reject: it is asked again after `retryMs`.
   */
  read: (scope: AlertScope, after: number, upTo: number) => Promise<AlertDoc[]>
  retryMs: number
  /** Called once, when the consumer leaves or the subscriber is ended. */
  onEnd: () => void
}

/**
 * One subscription as an async iterator: each alert of its scope once, in order. It keeps a position and
 * at most a page of what it reads while it is behind the feed's memory, so that it may be as slow and come
 * from as far as it likes. Written out rather than as a generator, because a generator parked on a promise
 * is never finalised when the client leaves.
 */
export function createAlertSubscriber(options: AlertSubscriberOptions): AlertSubscriber {
  const { feed, scope } = options
  let { position } = options
  let page: AlertDoc[] = []
  let ended = false
  let wake = () => {}
  let last: Promise<unknown> = Promise.resolve()

  function sleep(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Out of the feed's memory. */
  function remembered(): AlertDoc | undefined {
    const { apiKeyId } = scope
    const found = feed.recent.find(
      (alert) => alert.sequence > position && (apiKeyId === null || alert.apiKeyId === apiKeyId),
    )
    // Nothing of what is known concerns it: what the feed forgets needs not be read either.
    if (!found) position = Math.max(position, feed.known)
    return found
  }

  async function readOn(): Promise<void> {
    const upTo = feed.known
    try {
      page = await options.read(scope, position, upTo)
      if (page.length === 0) position = upTo
    } catch {
      if (!ended) await sleep(options.retryMs)
    }
  }

  async function step(): Promise<IteratorResult<AlertDoc, undefined>> {
    while (!ended) {
      const behind = position < feed.floor
      const alert = page.shift() ?? (behind ? undefined : remembered())
      if (alert) {
        position = alert.sequence
        return { done: false, value: alert }
      }
      if (behind) await readOn()
      else await sleep()
    }
    return { done: true, value: undefined }
  }

  async function end(): Promise<IteratorResult<AlertDoc, undefined>> {
    if (!ended) {
      ended = true
      wake()
      options.onEnd()
    }
    return { done: true, value: undefined }
  }

  return {
    wake: () => wake(),
    next() {
      // One after the other, also for a consumer that asks for several at once.
      const result = last.then(step)
      last = result
      return result
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
