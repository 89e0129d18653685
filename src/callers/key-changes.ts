import type { ChangeStream, Db, Document } from 'mongodb'
import type { Logger } from '../log.ts'
import type { CallerChange } from './credentials.ts'

export interface KeyChangesOptions {
  db: Db
  clock: () => number
  log: Logger
  /** A change that was seen. Empty: any may have been missed. */
  onChange: (change: CallerChange) => void
  /** Called twice a second while changes are not seen, so that who holds a socket open asks again. */
  onBlind: () => void
}

export interface KeyChanges {
  /** Watches from then on; settles at once, because the process can do without. */
  start(): void
  stop(): Promise<void>
  /** Whether a change committed now would be seen within `HEARD_WITHIN_MS`. */
  live(): boolean
}

/** How long the server holds a question open when there is nothing to tell. */
const AWAIT_MS = 200
/**
 * The server is heard at least every `AWAIT_MS`; after this silence the connection counts as cut, also
 * when TCP has not noticed. With the 500 ms that a cached key then lives, a revoked key is refused within
 * a second whatever happens to the connection.
 */
const HEARD_WITHIN_MS = 500
const BLIND_EVERY_MS = 500
const STOP_WITHIN_MS = 1_000
const RETRY_MS = { first: 100, most: 2_000 } as const

/**
 * Tells every process when a key or an account changed, through MongoDB itself: it works whatever Redis
 * does, and an event only ever tells of what a majority holds. Events carry ids, never documents. After a
 * break nothing is resumed: everybody is told that anything may have changed, which is true and needs no
 * token to be kept. Left out are inserts (nobody has cached what was not there), `lastUsedAt`, what was
 * told of a key's usage (always written whole, so that the field's name is seen here), and the counters that
 * guard key creation and changes of access, which are raised by writes of their own: they decide nothing.
 */
const pipeline: Document[] = [
  {
    $match: {
      'ns.coll': { $in: ['apiKeys', 'accounts'] },
      operationType: { $in: ['update', 'replace', 'delete', 'drop', 'rename'] },
      'updateDescription.updatedFields.lastUsedAt': { $exists: false },
      'updateDescription.updatedFields.quotaAlert': { $exists: false },
      'updateDescription.updatedFields.thresholdsTold': { $exists: false },
      'updateDescription.updatedFields.keyCreations': { $exists: false },
      'updateDescription.updatedFields.accessVersion': { $exists: false },
    },
  },
  { $project: { ns: 1, documentKey: 1 } },
]

export function createKeyChanges(options: KeyChangesOptions): KeyChanges {
  const { db, clock, log } = options
  let heardAt = -Infinity
  let stopped = false
  let stream: ChangeStream | undefined
  let watching: Promise<void> | undefined
  let blindTimer: NodeJS.Timeout | undefined
  let wake = () => {}

  const live = () => clock() - heardAt < HEARD_WITHIN_MS

  async function watch(): Promise<void> {
    let retryMs: number = RETRY_MS.first
    while (!stopped) {
      try {
        stream = db.watch(pipeline, { maxAwaitTimeMS: AWAIT_MS })
        // The first question opens the cursor; what changed before that is unknown.
        const first = await stream.tryNext()
        heardAt = clock()
        options.onChange({})
        if (first) tell(first)
        retryMs = RETRY_MS.first
        await listen(stream)
      } catch (error) {
        if (!stopped)
          log.warn({ err: error, retryMs }, 'changes of keys are not seen; asking again')
      }
      heardAt = -Infinity
      await stream?.close().catch(() => {})
      if (!stopped) await pause(retryMs)
      retryMs = Math.min(retryMs * 2, RETRY_MS.most)
    }
  }

  async function listen(open: ChangeStream): Promise<void> {
    while (!stopped) {
      const change = await open.tryNext()
      heardAt = clock()
      if (change) tell(change)
    }
  }

  function tell(change: Document): void {
    const id: unknown = change.documentKey?._id
    if (typeof id !== 'string') options.onChange({})
    else options.onChange(change.ns.coll === 'apiKeys' ? { apiKeyId: id } : { accountId: id })
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  return {
    start() {
      watching ??= watch()
      blindTimer ??= setInterval(() => {
        if (!live()) options.onBlind()
      }, BLIND_EVERY_MS).unref()
    },
    async stop() {
      stopped = true
      clearInterval(blindTimer)
      wake()
      // A connection that was cut without a word holds its question until the socket's time-out.
      const ended = Promise.all([stream?.close().catch(() => {}), watching])
      await Promise.race([ended, pause(STOP_WITHIN_MS)])
      wake()
    },
    live,
  }
}
