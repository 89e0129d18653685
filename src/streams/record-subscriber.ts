import type { AccountRecord, RecordScope } from '../store/account-records.ts'

/** What is known of an account's records as long as somebody listens. */
export interface RecordFeed<Doc extends AccountRecord> {
  /** Sequence up to which MongoDB was read. */
  known: number
  /** All records with floor < sequence <= known, in order. */
  floor: number
  recent: readonly Doc[]
}

export interface RecordSubscriber<Doc> extends AsyncIterableIterator<Doc, undefined> {
  /** The feed has moved on. */
  wake(): void
  return(): Promise<IteratorResult<Doc, undefined>>
}

export interface RecordSubscriberOptions<Doc extends AccountRecord> {
  feed: RecordFeed<Doc>
  scope: RecordScope
  /** Sequence of the last record that needs not be told. */
  position: number
  /**
   * The next records of the scope with after < sequence <= upTo, some of them; empty only where there are
   * none. May reject: it is asked again after `retryMs`.
   */
  read: (scope: RecordScope, after: number, upTo: number) => Promise<Doc[]>
  retryMs: number
  /** Called once, when the consumer leaves or the subscriber is ended. */
  onEnd: () => void
}

/**
 * One subscription as an async iterator: each record of its scope once, in order. It keeps a position and
 * at most a page of what it reads while it is behind the feed's memory, so that it may be as slow and come
 * from as far as it likes. Written out rather than as a generator, because a generator parked on a promise
 * is never finalised when the client leaves.
 */
export function createRecordSubscriber<Doc extends AccountRecord>(
  options: RecordSubscriberOptions<Doc>,
): RecordSubscriber<Doc> {
  const { feed, scope } = options
  let { position } = options
  let page: Doc[] = []
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
  function remembered(): Doc | undefined {
    const { apiKeyId } = scope
    const found = feed.recent.find(
      (one) => one.sequence > position && (apiKeyId === null || one.apiKeyId === apiKeyId),
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

  async function step(): Promise<IteratorResult<Doc, undefined>> {
    while (!ended) {
      const behind = position < feed.floor
      const record = page.shift() ?? (behind ? undefined : remembered())
      if (record) {
        position = record.sequence
        return { done: false, value: record }
      }
      if (behind) await readOn()
      else await sleep()
    }
    return { done: true, value: undefined }
  }

  async function end(): Promise<IteratorResult<Doc, undefined>> {
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
