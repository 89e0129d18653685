export interface FreshCache<V> {
  /** The cached value at once, or a promise of a look-up shared by all who ask at the same time. */
  get(key: string): V | null | Promise<V | null>
  /** Forgets every value with this tag: it has changed, so that not even an outage may bring it back. */
  drop(tag: string): void
  /** Has every value looked up again before its next use; kept only for outages. */
  expireAll(): void
}

export interface FreshCacheOptions<V> {
  /** Rejects when the store does not answer. */
  load: (key: string) => Promise<V | null>
  /** The ids under which `drop` finds a value. */
  tagsOf: (value: V) => readonly string[]
  /** How long a value needs no look-up, ms; asked on each use, because it depends on who is listening. */
  freshFor: () => number
  /** How long "there is no such thing" is believed, ms. */
  absentFor: number
  /** How long a value goes on being used while the store is away, ms after it was last confirmed. */
  survivesOutage: number
  capacity: number
  clock: () => number
}

interface Entry<V> {
  value: V | null
  /** -Infinity: to be looked up again. */
  checkedAt: number
  confirmedAt: number
}

/** A store that takes longer than this counts as away: the call goes on with what is known. */
const PATIENCE_MS = 300
/** While the store is away one look-up at a time, and one a second, asks whether it is back. */
const PROBE_EVERY_MS = 1_000

/**
 * Values that must not be old, from a store that may be away. While it answers, a value is never older
 * than `freshFor`; while it does not, known values go on for `survivesOutage` and unknown ones fail.
 */
export function createFreshCache<V>(options: FreshCacheOptions<V>): FreshCache<V> {
  const { clock } = options
  // Insertion order is order of use: the first is the one that was not asked for the longest.
  const entries = new Map<string, Entry<V>>()
  const keysByTag = new Map<string, Set<string>>()
  const pending = new Map<string, Promise<V | null>>()
  // A look-up that began before a change may have read the older state: it is answered, never kept.
  let changes = 0
  let awaySince: number | null = null
  let probedAt = -Infinity

  function get(key: string): V | null | Promise<V | null> {
    const entry = entries.get(key)
    if (!entry) return pending.get(key) ?? look(key)
    const age = clock() - entry.checkedAt
    if (age < (entry.value === null ? options.absentFor : options.freshFor())) {
      entries.delete(key)
      entries.set(key, entry)
      return entry.value
    }
    if (entry.value === null || clock() - entry.confirmedAt >= options.survivesOutage) {
      return pending.get(key) ?? look(key)
    }
    return refreshed(key, entry.value)
  }

  /** The new value if the store gives it in time, else the known one. */
  function refreshed(key: string, known: V): V | Promise<V | null> {
    if (awaySince !== null && clock() - probedAt < PROBE_EVERY_MS) return known
    probedAt = clock()
    const looking = pending.get(key) ?? look(key)
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<V>((resolve) => {
      timer = setTimeout(() => {
        awaySince ??= clock()
        resolve(known)
      }, PATIENCE_MS)
    })
    return Promise.race([looking.catch(() => known), patience]).finally(() => clearTimeout(timer))
  }

  function look(key: string): Promise<V | null> {
    const startedAt = clock()
    const changesBefore = changes
    const looking = options.load(key).then(
      (value) => {
        awaySince = null
        if (changes === changesBefore)
          put(key, { value, checkedAt: startedAt, confirmedAt: startedAt })
        return value
      },
      (error: unknown) => {
        awaySince ??= clock()
        throw error
      },
    )
    const settled = looking.finally(() => {
      if (pending.get(key) === settled) pending.delete(key)
    })
    pending.set(key, settled)
    return settled
  }

  function put(key: string, entry: Entry<V>): void {
    remove(key)
    if (entry.value === null && options.absentFor === 0) return
    entries.set(key, entry)
    for (const tag of entry.value === null ? [] : options.tagsOf(entry.value)) {
      const keys = keysByTag.get(tag)
      if (keys) keys.add(key)
      else keysByTag.set(tag, new Set([key]))
    }
    if (entries.size > options.capacity) {
      const [oldest] = entries.keys()
      if (oldest !== undefined) remove(oldest)
    }
  }

  function remove(key: string): void {
    const entry = entries.get(key)
    if (!entry) return
    entries.delete(key)
    for (const tag of entry.value === null ? [] : options.tagsOf(entry.value)) {
      const keys = keysByTag.get(tag)
      keys?.delete(key)
      if (keys?.size === 0) keysByTag.delete(tag)
    }
  }

  function outdatePending(): void {
    changes += 1
    pending.clear()
  }

  return {
    get,
    drop(tag) {
      outdatePending()
      for (const key of [...(keysByTag.get(tag) ?? [])]) remove(key)
    },
    expireAll() {
      outdatePending()
      for (const entry of entries.values()) entry.checkedAt = -Infinity
    },
  }
}
