export interface LogReader<Entry> extends AsyncIterableIterator<Entry, undefined> {
  /** Something was appended. */
  wake(): void
  return(): Promise<IteratorResult<Entry, undefined>>
}

export interface LogReaderOptions<Entry> {
  /** The log: it grows at its end, and nothing in it is ever altered. */
  entries: readonly Entry[]
  /** Index of the first entry to read. */
  from: number
  matches: (entry: Entry) => boolean
  /** Called once, when the consumer leaves or the reader is ended. */
  onEnd: () => void
}

/**
 * A consumer of a log in memory: each entry once, in order, and then those that come. It keeps a
 * position and no queue, so that it may be as slow as it likes. Written out rather than as a generator,
 * because a generator parked on a promise is never finalised when the client leaves.
 */
export function createLogReader<Entry>(options: LogReaderOptions<Entry>): LogReader<Entry> {
  const { entries, matches } = options
  let position = options.from
  let ended = false
  const waiting: ((result: IteratorResult<Entry, undefined>) => void)[] = []

  /** The next entry that matches, as an answer; undefined: there is none yet. */
  function take(): IteratorResult<Entry, undefined> | undefined {
    while (position < entries.length) {
      const entry = entries[position++]
      if (entry !== undefined && matches(entry)) return { done: false, value: entry }
    }
    return undefined
  }

  async function end(): Promise<IteratorResult<Entry, undefined>> {
    if (!ended) {
      ended = true
      for (const resolve of waiting.splice(0)) resolve({ done: true, value: undefined })
      options.onEnd()
    }
    return { done: true, value: undefined }
  }

  return {
    wake() {
      while (waiting.length > 0) {
        const result = take()
        if (result === undefined) return
        waiting.shift()?.(result)
      }
    },
    next() {
      if (ended) return end()
      const result = waiting.length === 0 ? take() : undefined
      if (result) return Promise.resolve(result)
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
