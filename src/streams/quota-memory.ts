/**
 * What this process last knew of each counter: what to decide on while Redis is away, and what to
 * rebuild a lost counter from (it knows of calls that the roll-up has not seen yet).
 */
export interface KnownCounter {
  apiKeyId: string
  /** Start of the month, ms. */
  month: number
  /** Units; what was given back is taken off at once, not when Redis has heard of it. */
  used: number
  /** Units given back so far: tells which of them a reply of Redis cannot include yet. */
  returned: number
  /** Rate bucket of this process alone, ms: used only while Redis is away. See `quota-scripts.ts`. */
  fullAt: number
  /** The hard limit that calls were decided by while Redis was away; null: none. */
  hardLimit: number | null
  /** Units above the hard limit that were reported already. */
  overrun: number
}

export interface QuotaMemory {
  get(apiKeyId: string, month: number): KnownCounter | undefined
  /** The entry of that month, created with `used` where there is none. */
  open(apiKeyId: string, month: number, used: number): KnownCounter
}

/** Entries; some 200 bytes each. */
const capacity = 100_000

/**
 * Holds one month a key, the latest. When full it forgets what was opened first and is not pinned; a
 * forgotten counter is asked of MongoDB again.
 */
export function createQuotaMemory(isPinned: (entry: KnownCounter) => boolean): QuotaMemory {
  const entries = new Map<string, KnownCounter>()

  function get(apiKeyId: string, month: number): KnownCounter | undefined {
    const entry = entries.get(apiKeyId)
    return entry?.month === month ? entry : undefined
  }

  function forgetOldest(): void {
    for (const [apiKeyId, entry] of entries) {
      if (isPinned(entry)) continue
      entries.delete(apiKeyId)
      return
    }
  }

  return {
    get,
    open(apiKeyId, month, used) {
      const latest = entries.get(apiKeyId)
      if (latest?.month === month) return latest
      const entry: KnownCounter = {
        ...{ apiKeyId, month, used },
        ...{ returned: 0, fullAt: 0, hardLimit: null, overrun: 0 },
      }
      // A straggler of last month is served, not remembered.
      if (latest && latest.month > month) return entry
      entries.delete(apiKeyId)
      entries.set(apiKeyId, entry)
      if (entries.size > capacity) forgetOldest()
      return entry
    },
  }
}

export type Outcome = 'granted' | 'overQuota' | 'overRate'

/**
 * Decides as the script `reserveUnits` does, on this process' own count; changes the entry when it
 * grants.
 * @param now ms
 */
export function reserveLocally(
  known: KnownCounter,
  wish: { units: number; hardLimit: number | null; requestsPerSecond: number },
  now: number,
): Outcome {
  known.hardLimit = wish.hardLimit
  if (wish.hardLimit !== null && known.used + wish.units > wish.hardLimit) return 'overQuota'
  const token = 1_000 / wish.requestsPerSecond
  const fullAt = Math.max(known.fullAt, now) + token
  if (fullAt - now > Math.max(1_000, token) + 0.001) return 'overRate'
  known.fullAt = fullAt
  known.used += wish.units
  return 'granted'
}
