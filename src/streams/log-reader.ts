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
  /**
   * Waited for between batches of entries that are there already. A client that reads fast never makes us
   * wait for its socket, and a long history would hold the event loop until its end.
   */
  turn: () => Promise<void>
  /** Called once, when the consumer leaves or the reader is ended. */
  onEnd: () => void
}

/** A millisecond or two of answers, however much is selected of each entry. */
const ENTRIES_A_TURN = 16

/**
 * A consumer of a log in memory: each entry once, in order, and then those that come. It keeps a
 * position and no queue, so that it may be as slow as it likes. Written out rather than as a generator,
 * because a generator parked on a promise is never finalised when the client leaves.
 */
export function createLogReader<Entry>(options: LogReaderOptions<Entry>): LogReader<Entry> {
  const { entries, matches } = options
  let position = options.from
  let ended = false
  /** Taken since the last turn without waiting for anything. */
  let inARow = 0
  let awaitsTurn = false
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

  function wake(): void {
    if (awaitsTurn) return
    while (waiting.length > 0) {
      const result = take()
      if (result === undefined) return
      waiting.shift()?.(result)
    }
  }

  function awaitTurn(): void {
    awaitsTurn = true
    void options.turn().then(() => {
      awaitsTurn = false
      inARow = 0
      wake()
    })
  }

  return {
    wake,
    next() {
      if (ended) return end()
      const result = waiting.length === 0 && inARow < ENTRIES_A_TURN ? take() : undefined
      if (result) {
        inARow += 1
        return Promise.resolve(result)
      }
      if (inARow >= ENTRIES_A_TURN && !awaitsTurn) awaitTurn()
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
